"""Whether a workshop's parts answer."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from netlab.workshop.state import Settings


def doors(ours: Settings, board: str) -> tuple[str, str, urllib.request.Request]:
    """The Hub's, the board's, and what the proxy says of the way to the board, which it learns last. Visitors
    are told 503 before all of them answer."""
    known = urllib.request.Request(
        f"http://127.0.0.1:{ours.proxy_port}/api/routes/services/{board}",
        headers={"Authorization": f"token {ours.proxy_token}"},
    )
    return f"http://127.0.0.1:{ours.hub_port}/hub/api/", f"http://127.0.0.1:{ours.board_port}/", known


def is_open(door: str | urllib.request.Request) -> bool:
    """Whether something answers there; for the proxy's own interface, whether it knows the route."""
    try:
        with urllib.request.urlopen(door, timeout=1):
            return True
    except urllib.error.HTTPError as error:
        return isinstance(door, str) and error.code < 500
    except (OSError, http.client.HTTPException):
        return False
