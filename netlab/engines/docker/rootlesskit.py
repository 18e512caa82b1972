"""What a rootless Docker asks RootlessKit, answered: that published ports need nobody's help here.

From 28 on a rootless daemon starts only where somebody answers this. RootlessKit makes the namespaces of
others, and forwards ports into them; ours are the lab's own, and ports are published in the lab host.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

from netlab.engines.docker.tools import Version
from netlab.linux import files

FOLDER = "/run/rootlesskit"  # of the lab host
SINCE = (28, 0, 0)
NONE = {"driver": "none"}
INFO = {
    "apiVersion": "1.1.1",
    "version": "2.0.0",
    "stateDir": FOLDER,
    "networkDriver": NONE,
    "portDriver": NONE,
}


class _Answer(BaseHTTPRequestHandler):
    """GET /v1/info; there is nothing else to ask."""

    def do_GET(self) -> None:
        body = json.dumps(INFO).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing: the daemon's log is its own."""

    def address_string(self) -> str:
        return "dockerd"  # a Unix socket has no address


@contextmanager
def stand_in(root: str, version: Version) -> Iterator[Mapping[str, str]]:
    """While a daemon of that version starts in the lab host with that root directory: what its environment
    needs. It asks once."""
    if version.numbers < SINCE:
        yield {}
        return
    with suppress(FileExistsError), files.descriptor(root, "run", os.O_PATH | os.O_DIRECTORY) as run:
        os.mkdir(os.path.basename(FOLDER), dir_fd=run)
    with files.descriptor(root, FOLDER, os.O_PATH | os.O_DIRECTORY) as folder:
        yield from _serve(f"/proc/self/fd/{folder}/api.sock")


def _serve(path: str) -> Iterator[Mapping[str, str]]:
    with suppress(FileNotFoundError):
        os.unlink(path)
    with socketserver.ThreadingUnixStreamServer(path, _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            # The daemon's other folders are given by name; this one it wants to know all the same.
            yield {"ROOTLESSKIT_STATE_DIR": FOLDER, "XDG_RUNTIME_DIR": "/run"}
        finally:
            server.shutdown()
            thread.join()
            os.unlink(path)
