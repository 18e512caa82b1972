"""What JupyterLab would show otherwise than it was meant is not written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from netlab.lessons.content import LABS

SOURCES = sorted((LABS / "src").rglob("*.md"))
each_source = pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(LABS / "src")))


@each_source
def test_several_lines_of_code_are_fenced(file: Path) -> None:
    """JupyterLab moves the second line of an indented block to the right."""
    prose = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"(?:^    \S.*\n){2,}", prose, re.MULTILINE) == []


@each_source
def test_what_is_made_bold_ends(file: Path) -> None:
    """Two asterisks close only where Markdown sees an end: not between 「？」 and a Chinese letter."""
    inline = [token for token in MarkdownIt().parse(file.read_text()) if token.type == "inline"]
    texts = [child.content for token in inline for child in token.children or () if child.type == "text"]
    assert [text for text in texts if "**" in text] == []
