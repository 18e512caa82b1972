"""Scripts and pages in a browser say what the catalogue knows, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from netlab.i18n import catalogue, speaking, translations
from netlab.notebook.live.texts import TEXTS
from netlab.workshop.board.texts import PAGES as HUBS
from netlab.workshop.board.texts import TEXTS as BOARDS

PACKAGE = Path(catalogue.__file__).parents[1]


def test_the_boards_script_says_what_the_catalogue_knows() -> None:
    """board.js asks for each text by its English, and for no other than those of
    netlab/workshop/board/texts.py."""
    script = (PACKAGE / "workshop/board/board.js").read_text(encoding="utf-8")
    states = {"passed", "failing", "stuck", "at work", "idle", "away", "not yet"}  # by way of a variable
    assert all(f'"{state}"' in script for state in states)
    assert set(re.findall(r'say\("([^"]+)"', script)) | states == set(BOARDS)


def test_the_hubs_pages_say_what_the_catalogue_knows() -> None:
    """The pages in place of the Hub's own ask for each text by its English, and hold no other words."""
    asked: set[str] = set()
    for file in sorted((PACKAGE / "workshop/hub/pages").glob("*.html")):
        page = file.read_text(encoding="utf-8")
        asked.update(found[1] for found in re.findall(r"""say\((["'])(.+?)\1\)""", page))
        bare = re.sub(r"<script>.*?</script>|{[{%].*?[%}]}|<[^>]*>", "", page, flags=re.DOTALL)
        assert not re.search(r"\w", bare), f"{file.name}: {bare}"
    assert asked == set(HUBS)


def test_the_live_views_script_says_what_the_catalogue_knows() -> None:
    """view.js asks for each text by its English, and for no other than those of
    netlab/notebook/live/texts.py."""
    script = (PACKAGE / "notebook/live/view.js").read_text(encoding="utf-8")
    code = re.sub(r"^\s*//.*$|(?<=;) //.*$", "", script, flags=re.MULTILINE)
    asked = set(re.findall(r'say\("([^"]+)"\)', code))
    assert asked | set(re.findall(r'^  \w+: "([^"]+)",$', code, re.MULTILINE)) == set(TEXTS)
    rest = re.sub(r'say\("[^"]+"\)|^  \w+: "[^"]+",$', "", code, flags=re.MULTILINE)
    assert [
        text for text in re.findall(r'["`]([^"`\n]*)["`]', rest) if re.search(r"[A-Z][a-z]+ [a-z]+", text)
    ] == []
    with speaking("zh"):
        assert translations(TEXTS).keys() == set(TEXTS)
    assert translations(TEXTS) == {}
