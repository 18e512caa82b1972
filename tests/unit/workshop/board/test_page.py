"""The board's page finds what it is made of."""

from __future__ import annotations

import re

import pytest

from netlab.i18n import LANGUAGES, speaking
from netlab.i18n import gettext as _
from netlab.workshop.board import texts
from tests.support import need

app = need.module("netlab.workshop.board.app")

SAID = re.compile(r"""say\("([^"]+)\"""")
NAMED = re.compile(r"""(?:href=|src=|from )"(?:\./)?((?:live/)?[a-z]+\.(?:js|css))\"""")


def test_each_file_the_page_names_is_there() -> None:
    """A page that cannot load its own script shows an empty table, and says nothing."""
    texts = [(app.FOLDER / name).read_text(encoding="utf-8") for name in ("board.html", "board.js")]
    named = {name for text in texts for name in NAMED.findall(text)}
    assert named == {"board.css", "board.js", "live/view.css", "live/view.js"}
    for name in named:
        folder = app.LIVE if name.startswith("live/") else app.FOLDER
        assert (folder / name.removeprefix("live/")).is_file(), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_is_self_reported(language: str) -> None:
    """Beside each step, and over the table: what a learner's own kernel reports is no grade. All that the
    script says is in the list that is sent along with it, and so in each language."""
    said = SAID.findall((app.FOLDER / "board.js").read_text(encoding="utf-8"))
    assert set(said) <= {*texts.TEXTS}
    beside, over = (
        next(text for text in said if text.startswith(word)) for word in ("self-", "Steps, hints")
    )
    assert "self-reported" in over
    with speaking(language):
        assert (_(beside) != beside) == (_(over) != over) == (language != "en")
