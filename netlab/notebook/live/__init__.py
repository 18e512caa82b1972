"""The live view: the topology in the browser, moving while somebody types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from netlab.i18n import gettext as _

if TYPE_CHECKING:
    from netlab.lab import Lab
    from netlab.notebook.live.view import LiveView
    from netlab.notebook.veil import Veil


class Beside(Protocol):
    """What is shown beside a notebook: netlab.notebook.desk."""

    def look(self) -> None: ...

    def show_live(self, model: str) -> None: ...


class Live:
    """What `lab.live()` is in a notebook."""

    def __init__(self, lab: Lab, packets: bool, veil: Veil, beside: Beside | None = None) -> None:
        self._lab, self._packets, self._veil, self._beside = lab, packets, veil, beside
        self._view: LiveView | None = None

    def _repr_mimebundle_(self, **words: Any) -> Any:
        if self._view is None:
            from netlab.notebook.live.view import LiveView

            beside = self._beside
            heard = beside.look if beside else None
            self._view = LiveView(self._lab, packets=self._packets, veil=self._veil, heard=heard)
            if beside:
                beside.show_live(self._view.model_id)
        return self._view._repr_mimebundle_(**words)

    def __repr__(self) -> str:
        return _("The lab, live on the page.")

    def close(self) -> None:
        """Take the view off the page, and stop watching."""
        if self._view is not None:
            self._view.close()
