"""The daemon's HTTP interface, on its Unix socket: the few requests that the lab itself makes."""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import quote, urlencode

from netlab.engines.docker.tools import SOCKET
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import files

SECONDS = 1.0  # to take a call
LARGEST = 1 << 24  # bytes of an answer


def connect(root: str, timeout: float, path: str = SOCKET) -> socket.socket:
    """A connection to the daemon of the lab host with that root directory. OSError."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(timeout)
        with files.descriptor(root, path, os.O_PATH) as place:  # and not to where a link there leads
            sock.connect(f"/proc/self/fd/{place}")
    except BaseException:
        sock.close()
        raise
    return sock


class _Connection(http.client.HTTPConnection):
    """One that goes to a Unix socket."""

    def __init__(self, root: str, timeout: float, path: str = SOCKET) -> None:
        super().__init__("docker", timeout=timeout)
        self._root, self._place = root, path

    def connect(self) -> None:
        self.sock = connect(self._root, self.timeout or SECONDS, self._place)


class Daemon:
    """The daemon of the lab host whose root directory is `root`."""

    def __init__(self, root: str = "") -> None:
        self.root = root or "/"

    def is_listening(self) -> bool:
        """Whether somebody is at its socket; nothing is asked."""
        try:
            connect(self.root, SECONDS).close()
        except OSError:
            return False
        return True

    def is_ready(self) -> bool:
        """Whether it answers a ping."""
        try:
            return self._ask("GET", "/_ping", timeout=2)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> Any:
        """What it answers, from JSON; EngineError when it does not, or refuses."""
        return self._request("GET", path)

    def has_image(self, name: str) -> bool:
        """Whether it has an image of that name."""
        return self._ask("GET", f"/images/{quote(name, safe='/:@')}/json")[0] == http.client.OK

    def tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image one more name."""
        self._request("POST", f"/images/{image}/tag?{urlencode({'repo': repository, 'tag': tag})}")

    def load(self, archive: Any, repository: str, changes: list[str]) -> None:
        """Make a tar archive (any buffer) an image, with these lines of a Dockerfile."""
        words = [("fromSrc", "-"), ("repo", repository), *(("changes", line) for line in changes)]
        self._request("POST", f"/images/create?{urlencode(words)}", archive)

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        try:
            status, answer = self._ask(method, path, body, 30)
            lines = [json.loads(line) for line in answer.splitlines() if line]
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineError(
                _("The Docker daemon does not answer: {error}.").format(error=error), "./run reset"
            ) from error
        # A request that goes on for long reports an error in its answer, after it has said 200.
        failed = next((line for line in lines if isinstance(line, dict) and "error" in line), None)
        if status >= http.client.BAD_REQUEST or failed:
            said = failed["error"] if failed else lines[0].get("message", "") if lines else f"status {status}"
            raise EngineError(
                _("The Docker daemon refused {method} {path}: {said}.").format(
                    method=method, path=path.split("?")[0], said=said
                ),
                "./run reset",
            )
        return lines[0] if lines else None

    def _ask(self, method: str, path: str, body: Any = None, timeout: float = 10) -> tuple[int, bytes]:
        connection = _Connection(self.root, timeout)
        try:
            length = {"Content-Length": str(len(body) if body is not None else 0)}
            connection.request(method, path, body=body, headers=length)
            answer = connection.getresponse()
            return answer.status, answer.read(LARGEST)
        finally:
            connection.close()
