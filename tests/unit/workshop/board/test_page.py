"""The board's page finds what it is made of."""

from __future__ import annotations

import re

from tests.support import need

app = need.module("netlab.workshop.board.app")

NAMED = re.compile(r"""(?:href=|src=|from )"(?:\./)?((?:live/)?[a-z]+\.(?:js|css))\"""")


def test_each_file_the_page_names_is_there() -> None:
    """A page that cannot load its own script shows an empty table, and says nothing."""
    texts = [(app.FOLDER / name).read_text(encoding="utf-8") for name in ("board.html", "board.js")]
    named = {name for text in texts for name in NAMED.findall(text)}
    assert named == {"board.css", "board.js", "live/view.css", "live/view.js"}
    for name in named:
        folder = app.LIVE if name.startswith("live/") else app.FOLDER
        assert (folder / name.removeprefix("live/")).is_file(), name
