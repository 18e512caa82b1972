"""Notebooks from the lessons' sources: one for learners, without solutions, and one with them.

A source is Markdown (labs/src). A code cell may hold a line `# --- solution ---`: what stands above it is
the learner's, what stands below it the solution's. For the other languages see netlab.lessons.translation.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from netlab.diagnosis.causes import page
from netlab.errors import BadInput
from netlab.i18n import LANGUAGES, language, speaking
from netlab.i18n import gettext as _
from netlab.lessons import teaching
from netlab.lessons.content import LABS, Lesson, pages
from netlab.lessons.translation import MARKER, Piece, pieces, translate
from netlab.lessons.variant import PLAIN, Variant

# The kernel of each language, as Jupyter finds it and as it is shown.
NAMES = {"en": "netlab", "zh": "netlab-zh"}
DISPLAY_NAMES = {"en": "netlab (lab host)", "zh": "netlab（实验主机）"}
ENGLISH = LANGUAGES[0]

Cell = dict[str, Any]


def build(solutions: Path | str | None = None) -> list[Path]:
    """Write every lesson's notebooks: the learner's into labs/, or those with solutions into that folder.

    Those of another language are in a folder of its name there. With the learner's go the page of causes, and
    those for teachers.
    """
    folder = LABS if solutions is None else Path(solutions)
    written = []
    for tongue, lesson in product(LANGUAGES, pages()):
        if tongue != ENGLISH and not source(lesson, tongue).is_file():
            continue
        target = folder_of(tongue, folder) / f"{lesson.stem}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = notebook(lesson, solution=solutions is not None, language=tongue)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    if solutions is None:
        for tongue in LANGUAGES:
            with speaking(tongue):
                causes_page(tongue).write_text(page(), encoding="utf-8")
        teaching.write_pages()
    return written


def causes_page(language: str) -> Path:
    """Where every cause is listed in that language."""
    return folder_of(language) / "causes.md"


def build_for(learners: Sequence[str], seed: str, folder: Path) -> list[Path]:
    """Write every lesson for each learner, in words of his own, into a folder of his name in that folder.

    They are in the language that is spoken, as far as they are written in it. What they link to is there.
    """
    written = []
    beside = {"glossary.md": LABS / "glossary.md", "causes.md": causes_page(language())}
    for learner in learners:
        if not re.fullmatch(r"[\w.@-]+", learner) or learner.startswith("."):
            raise BadInput(
                _("{learner!r} cannot be a learner's name: it names a folder.").format(learner=learner),
                _("Use letters, digits, . @ _ -"),
            )
        (folder / learner).mkdir(parents=True, exist_ok=True)
        for lesson in pages():
            target = folder / learner / f"{lesson.stem}.ipynb"
            variant = Variant.of(learners_seed(seed, learner))
            tongue = language() if source(lesson, language()).is_file() else ENGLISH
            target.write_text(notebook(lesson, variant=variant, language=tongue), encoding="utf-8")
            written.append(target)
        for name, file in beside.items():
            shutil.copyfile(file, folder / learner / name)
    return written


def learners_seed(seed: str, learner: str) -> str:
    """The seed of one learner's variant. It does not tell the teacher's, nor another learner's."""
    return f"{learner}-{hmac.new(seed.encode(), learner.encode(), hashlib.sha256).hexdigest()[:16]}"


def folder_of(language: str, labs: Path = LABS) -> Path:
    """Where the notebooks of that language are, or their sources in labs/src."""
    return labs if language == ENGLISH else labs / language


def source(lesson: Lesson, language: str = ENGLISH, labs: Path = LABS) -> Path:
    """The file that the lesson is written in."""
    return folder_of(language, labs / "src") / f"{lesson.stem}.md"


def cells_of(
    lesson: Lesson, language: str = ENGLISH, *, labs: Path = LABS, variant: Variant = PLAIN
) -> Iterator[tuple[Piece, Piece]]:
    """Each cell of the lesson in English and in that language. BadInput if a source is missing or differs."""
    english = list(pieces(_text(lesson, ENGLISH, labs, variant)))
    if language == ENGLISH:
        return zip(english, english, strict=True)
    file = source(lesson, language, labs)
    other = list(pieces(_text(lesson, language, labs, variant)))
    return zip(english, translate(english, other, f"{file.parent.name}/{file.name}"), strict=True)


def _text(lesson: Lesson, language: str, labs: Path, variant: Variant) -> str:
    file = source(lesson, language, labs)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(
            _("Lesson {id} has no source {file}.").format(id=lesson.id, file=file),
            _("Write it, or fix its slug."),
        ) from error
    if not variant.seed:
        return text
    started = f'notebook.start("{lesson.id}")', f"notebook.start({lesson.id!r}, seed={variant.seed!r})"
    return alone(variant.exchange(text).replace(*started))


def alone(text: str) -> str:
    """A page for a folder that holds one language, with the glossary beside it: no link leads out of it."""
    elsewhere = r"\n[^\n]*\]\((?:\.\.|\w+)/00-start-here\.ipynb\)[^\n]*\n"
    return re.sub(elsewhere, "\n", text).replace("](../", "](")


def notebook(
    lesson: Lesson,
    *,
    solution: bool = False,
    labs: Path = LABS,
    variant: Variant = PLAIN,
    language: str = ENGLISH,
) -> str:
    """The lesson's notebook as text, the same for the same source. BadInput if the source is missing."""
    made = cells_of(lesson, language, labs=labs, variant=variant)
    content = {
        "cells": list(_cells(made, lesson.id, solution=solution)),
        "metadata": metadata(language),
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def metadata(language: str) -> dict[str, Any]:
    """A notebook's own: which kernel it runs on, and so which language it speaks."""
    own = {} if language == ENGLISH else {"netlab": {"language": language}}
    kernel = {"name": NAMES[language], "display_name": DISPLAY_NAMES[language], "language": "python"}
    return {"kernelspec": kernel, "language_info": {"name": "python"}, **own}


def _cells(made: Iterable[tuple[Piece, Piece]], lesson: str, *, solution: bool) -> Iterator[Cell]:
    """The cells of a notebook. An id follows from the English source, so it stays when others come or go."""
    used: dict[str, int] = {}
    for (kind, tags, english), other in made:
        source, digest = other.source, hashlib.sha256("\n".join([*tags, english]).encode()).hexdigest()[:8]
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


def choose(source: str, *, solution: bool) -> str:
    """The learner's half of a cell, or the solution's; a cell without the marker is for both."""
    above, marker, below = source.partition(f"{MARKER}\n")
    if not marker:
        return source
    if not solution:
        return above.rstrip("\n")
    magic = above.splitlines()[0] if above.startswith("%%") else ""
    return f"{magic}\n{below}" if magic else below
