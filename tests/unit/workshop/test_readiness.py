"""When a workshop says that it is open."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from netlab.workshop.readiness import is_open


@pytest.fixture
def url() -> Iterator[str]:
    """A server on the loopback that answers /404 with 404, /503 with 503, and so on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path.strip("/")))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on the screen."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, True), (404, True), (503, False)])
def test_a_door_is_open_when_somebody_answers(url: str, status: int, expected: bool) -> None:
    """A board that asks for a password is there; one whose proxy says 503 is not."""
    assert is_open(f"{url}/{status}") is expected


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False)])
def test_a_route_has_to_be_known(url: str, status: int, expected: bool) -> None:
    """The proxy answers 404 as long as the Hub has not told it where the board is."""
    assert is_open(urllib.request.Request(f"{url}/{status}")) is expected


def test_a_closed_port_is_no_open_door(url: str) -> None:
    """Nobody listens yet: that is waited for, and no error."""
    port = int(url.rpartition(":")[2])
    assert not is_open(f"http://127.0.0.2:{port}/200")
