"""What each submission is called among the results, a file's name and no two the same; and whose it is."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from netlab.display import one_line
from netlab.i18n import gettext as _
from netlab.lessons.content import lessons

LONGEST = 120  # bytes: with what is put before and behind it, it has to be a file's name
RESERVED = frozenset({"grades.csv", "junit.xml", "grades.json", "grade.log"})  # what stands beside results
LESSONS_FOLDERS = ("labs", "zh")  # in which a learner's own notebooks lie


class Known(NamedTuple):
    """What the teacher knows of a submission before it is read."""

    name: str  # among the results
    seed: str | None  # of its variant; None: the notebook's own word is taken
    fault: str = ""  # of the gym, by name; "": the one that the lesson is written for


class Whose(NamedTuple):
    """What the table says of a submission, also when it cannot be read: from where it lay, and its name."""

    student: str
    lesson: str = ""  # "03"; "" where its name does not tell


def whose(paths: Sequence[Path], lesson: str = "") -> list[Whose]:
    """Of each file whose it is, and for which lesson.

    A folder is a learner: the first below the one that holds all of them. A file that lies in no other folder
    is called after its learner (ada.ipynb, ada-03-a-veth-pair.ipynb), or lies in theirs.
    """
    placed = [Path(os.path.abspath(path)) for path in paths]
    if not placed:
        return []
    common = Path(os.path.commonpath([path.parent for path in placed]))
    # Where lessons' own notebooks lie in it, it is a learner's, and what is below it is theirs as well.
    is_theirs = any(path.parent == common and not _by_name(path.stem)[0] for path in placed)
    theirs = next((part for part in reversed(common.parts) if part not in LESSONS_FOLDERS), "")
    return [_whose(path, common, theirs if is_theirs else "", lesson) for path in placed]


def _whose(path: Path, common: Path, theirs: str, lesson: str) -> Whose:
    student, found = _by_name(path.stem)
    below = path.relative_to(common).parts[:-1]
    student = (theirs or below[0]) if below else student or theirs
    return Whose(_shorten(one_line(student), LONGEST), lesson or found)


def _by_name(stem: str) -> tuple[str, str]:
    """(student, lesson) as far as a file's name tells: "ada-03-a-veth-pair", "ada 03", "03-mine", "ada"."""
    for lesson in lessons():
        own = rf"(?:{re.escape(lesson.stem)}|{lesson.id})"
        if match := re.fullmatch(rf"(?:(.*?)[-_ ]+)?{own}(?:[-_ ]*(?:\(\d+\)|Copy\d*))?", stem):
            return match[1] or "", lesson.id
    begins = next((lesson.id for lesson in lessons() if re.match(rf"{lesson.id}(?!\d)", stem)), "")
    return stem, begins


def names(paths: Sequence[Path]) -> list[str]:
    """A name for each file, from where it is: alike ones are told apart by the folders they are in.

    Where a file is a link to does not count. Of two that would have one name neither gets it: whoever chose
    theirs so as to be taken for the other is not.
    """
    plain, placed = _plain(paths), [os.fsencode(os.path.abspath(path)) for path in paths]
    count = Counter(name.casefold() for name in plain)
    found = [
        name if count[name.casefold()] == 1 and name not in RESERVED else _mark(name, path)
        for name, path in zip(plain, placed, strict=True)
    ]
    taken = Counter(found)  # a file may be called what another one is called with its mark
    return [name if taken[name] == 1 else _mark(name, path) for name, path in zip(found, placed, strict=True)]


def collisions(paths: Sequence[Path]) -> Iterator[str]:
    """Which files would have one name, and what they are called instead: a sentence for each."""
    for path, name, plain in zip(paths, names(paths), _plain(paths), strict=True):
        if name != plain:
            yield _("{path} is called {name} here: {plain} is another file's name as well.").format(
                path=one_line(path), name=name, plain=plain
            )


def _plain(paths: Sequence[Path]) -> list[str]:
    """What each would be called if it were alone."""
    resolved = [Path(os.path.abspath(path)) for path in paths]
    if len({path.stem for path in resolved}) == len(resolved):
        parts = [[path.stem] for path in resolved]
    else:
        common = Path(os.path.commonpath([path.parent for path in resolved]))
        parts = [list(path.relative_to(common).with_suffix("").parts) for path in resolved]
    return [_clean("-".join(words)) for words in parts]


def _clean(text: str) -> str:
    """Letters, digits, dots and strokes; a stroke does not begin it, which a spreadsheet would calculate."""
    return _shorten(re.sub(r"[^\w.-]+", "_", text).lstrip(".-"), LONGEST) or "submission"


def _mark(name: str, path: bytes) -> str:
    mark = hashlib.sha256(path).hexdigest()[:8]
    return f"{_shorten(name, LONGEST - len(mark) - 1)}-{mark}"


def _shorten(name: str, longest: int) -> str:
    return name.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore")
