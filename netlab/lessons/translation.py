"""A lesson's source in another language: its own prose, and in the code its own comments.

The code stands in the English source alone (labs/src). In that of another language (labs/src/zh) a code cell
has the same first line, and between the fences nothing but the cell's comments, one for one. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netlab.errors import BadInput
from netlab.i18n import gettext as _

MARKER = "# --- solution ---"
HEADING = re.compile(r"^## (\d\d\.\d+)?", re.MULTILINE)


class Piece(NamedTuple):
    """One cell of a source."""

    kind: str  # "code" or "markdown"
    tags: list[str]
    source: str


def pieces(text: str) -> Iterator[Piece]:
    """The cells of a source. A heading begins a cell, so that sections can be folded."""
    import jupytext

    for cell in jupytext.reads(text, fmt="md").cells:
        tags = list(cell.metadata.get("tags", []))
        parts = re.split(r"\n+(?=## )", cell.source) if cell.cell_type == "markdown" else [cell.source]
        yield from (Piece(cell.cell_type, tags, part) for part in parts)


def translate(english: Sequence[Piece], other: Sequence[Piece], name: str) -> Iterator[Piece]:
    """The cells in the other language: its prose, and the English code with its comments.

    BadInput if they are not the same cells; `name` says of which source.
    """
    for number, (ours, theirs) in enumerate(zip(english, other, strict=False), 1):
        place = f"{name}, cell {number}"
        if _form(ours) != _form(theirs):
            wanted, found = ("; ".join(map(str, _form(piece))) for piece in (ours, theirs))
            raise BadInput(
                _("{place} is another one than in the English source: {wanted} there, {found} here.").format(
                    place=place, wanted=wanted, found=found
                ),
                _("It begins with {source!r}. Bring the cells into the same order.").format(
                    source=theirs.source[:60]
                ),
            )
        if ours.kind == "code":
            yield ours._replace(source=_exchange(ours.source, theirs.source, place))
        else:
            yield theirs
    if len(english) != len(other):
        raise BadInput(
            _("{name} has {other} cells, and the English source {english}.").format(
                name=name, other=len(other), english=len(english)
            ),
            _("Bring the cells into the same order."),
        )


def _form(piece: Piece) -> tuple[str, ...]:
    """What must be the same in all languages."""
    heading = HEADING.match(piece.source) if piece.kind == "markdown" else None
    begins = heading[0] if heading else _magic(piece.source) if piece.kind == "code" else ""
    return (piece.kind, *piece.tags, begins)


def _magic(source: str) -> str:
    first = source.partition("\n")[0]
    return first if first.startswith("%%") else ""


def comments(source: str) -> list[str]:
    """The lines of a code cell that are there to be translated."""
    return [line for line in source.splitlines() if line.startswith("#") and line != MARKER]


def _exchange(code: str, theirs: str, place: str) -> str:
    """The code with their comments instead of its own."""
    ours, new = comments(code), comments(theirs)
    others = [line for line in theirs.splitlines() if line.strip() and line not in (*new, _magic(theirs))]
    if others:
        raise BadInput(
            _("{place} holds more than comments: {others!r}.").format(place=place, others=others[0]),
            _("Code stands in labs/src alone."),
        )
    if len(ours) != len(new):
        raise BadInput(
            _("{place} has {new} comments, and the English cell {ours}.").format(
                place=place, new=len(new), ours=len(ours)
            ),
            _("Translate them one by one."),
        )
    waiting = iter(new)
    is_ours = set(ours)
    return "\n".join(next(waiting) if line in is_ours else line for line in code.split("\n"))
