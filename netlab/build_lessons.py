"""Notebooks from the lessons' sources: one for learners, without solutions, and one with them.

A source is Markdown (labs/src). A code cell may hold a line `# --- solution ---`: what stands above it is
the learner's, what stands below it the solution's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from netlab.errors import BadInput
from netlab.lessons import LABS, Lesson, lessons
from netlab.variant import PLAIN, Variant

MARKER = "# --- solution ---"
KERNELSPEC = {"name": "netlab", "display_name": "netlab (lab host)", "language": "python"}

Cell = dict[str, Any]


def build(solutions: Path | str | None = None) -> list[Path]:
    """Write every lesson's notebook: the learner's into labs/, or those with solutions into that folder."""
    folder = LABS if solutions is None else Path(solutions)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lesson in lessons():
        target = folder / f"{lesson.stem}.ipynb"
        target.write_text(notebook(lesson, solution=solutions is not None), encoding="utf-8")
        written.append(target)
    return written


def build_for(learners: Sequence[str], seed: str, folder: Path) -> list[Path]:
    """Write every lesson for each learner, in words of his own, into a folder of his name in that folder."""
    written = []
    for learner in learners:
        if not re.fullmatch(r"[\w.@-]+", learner) or learner.startswith("."):
            raise BadInput(
                f"{learner!r} cannot be a learner's name: it names a folder.", "Use letters, digits, . @ _ -"
            )
        (folder / learner).mkdir(parents=True, exist_ok=True)
        for lesson in lessons():
            target = folder / learner / f"{lesson.stem}.ipynb"
            variant = Variant.of(learners_seed(seed, learner))
            target.write_text(notebook(lesson, variant=variant), encoding="utf-8")
            written.append(target)
    return written


def learners_seed(seed: str, learner: str) -> str:
    """The seed of one learner's variant. It does not tell the teacher's, nor another learner's."""
    return f"{learner}-{hmac.new(seed.encode(), learner.encode(), hashlib.sha256).hexdigest()[:16]}"


def notebook(lesson: Lesson, *, solution: bool = False, labs: Path = LABS, variant: Variant = PLAIN) -> str:
    """The lesson's notebook as text, the same for the same source. BadInput if the source is missing."""
    source = labs / "src" / f"{lesson.stem}.md"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(f"Lesson {lesson.id} has no source {source}.", "Write it, or fix its slug.") from error
    if variant.seed:
        text = variant.exchange(text).replace(
            f'notebook.start("{lesson.id}")', f"notebook.start({lesson.id!r}, seed={variant.seed!r})"
        )
    content = {
        "cells": list(_cells(text, lesson.id, solution=solution)),
        "metadata": {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cells(text: str, lesson: str, *, solution: bool) -> Iterator[Cell]:
    """The cells of a source. An id follows from the cell's source, so it stays when others come or go."""
    used: dict[str, int] = {}
    for kind, tags, source in pieces(text):
        digest = hashlib.sha256("\n".join([*tags, source]).encode()).hexdigest()[:8]
        number = used[digest] = used.get(digest, 0) + 1
        id = "-".join(["lesson", lesson, *(re.sub(r"\W", "-", tag) for tag in tags), digest])
        cell: Cell = {
            "cell_type": kind,
            "id": id if number == 1 else f"{id}-{number}",
            "metadata": {"tags": tags} if tags else {},
        }
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
            source = choose(source, solution=solution)
        yield cell | {"source": source.splitlines(keepends=True)}


def pieces(text: str) -> Iterator[tuple[str, list[str], str]]:
    """(kind, tags, source) of each cell. A heading begins a cell, so that sections can be folded."""
    import jupytext

    for cell in jupytext.reads(text, fmt="md").cells:
        tags = list(cell.metadata.get("tags", []))
        parts = re.split(r"\n+(?=## )", cell.source) if cell.cell_type == "markdown" else [cell.source]
        yield from ((cell.cell_type, tags, part) for part in parts)


def choose(source: str, *, solution: bool) -> str:
    """The learner's half of a cell, or the solution's; a cell without the marker is for both."""
    above, marker, below = source.partition(f"{MARKER}\n")
    if not marker:
        return source
    if not solution:
        return above.rstrip("\n")
    magic = above.splitlines()[0] if above.startswith("%%") else ""
    return f"{magic}\n{below}" if magic else below
