"""The Hub, which reads no more of a request than it has a use for: its own classes, with bounds in front."""

from __future__ import annotations

from typing import Any

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.app import JupyterHub
from tornado.web import Application, HTTPError

from netlab.model import bounded_json

LARGEST = 64 << 10  # bytes of a form or of an order
# What a handler of the Hub's comes to that meets a value of another kind than it has a use for.
SLIPS = (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError)


class BoundedApplication(Application):
    """Says how long a body may be before any of it is read."""

    def start_request(self, server_conn: object, request_conn: Any) -> Any:
        request_conn.set_max_body_size(LARGEST)
        return super().start_request(server_conn, request_conn)


class BoundedHandler(APIHandler):  # type: ignore[misc]
    """Below each of the Hub's own interfaces, above what they all descend from."""

    def get_json_body(self) -> dict[str, Any] | None:
        """An object or nothing; 400 for all else."""
        if not self.request.body:
            return None
        try:
            return bounded_json.table(self.request.body, bounded_json.Bounds(size=LARGEST))
        except bounded_json.NotJson as error:
            raise HTTPError(400, "no JSON") from error

    def _handle_request_exception(self, error: BaseException) -> None:
        """Whoever sends a body whose values are of the wrong kind is told so: it is their mistake."""
        if isinstance(error, SLIPS) and self.request.body:
            self.log.warning("%s %s: %s", self.request.method, self.request.path, type(error).__name__)
            self.send_error(400)
            return
        super()._handle_request_exception(error)


def bound(handler: type[Any]) -> type[Any]:
    """That handler with the bounds; one that reads no JSON as it is."""
    if not issubclass(handler, APIHandler) or handler is APIHandler:
        return handler
    return type(handler.__name__, (handler, BoundedHandler), {"__module__": handler.__module__})


class BoundedHub(JupyterHub):  # type: ignore[misc]
    """The application."""

    name = "jupyterhub"
    handlers: list[tuple[Any, ...]]

    def init_handlers(self) -> None:
        super().init_handlers()
        self.handlers = [(place, bound(handler), *rest) for place, handler, *rest in self.handlers]

    def init_tornado_application(self) -> None:
        self.tornado_application = BoundedApplication(self.handlers, **self.tornado_settings)
