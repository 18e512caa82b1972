"""A notebook that is handed in, read with care: whatever the file holds becomes cells or one clear error."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlab.errors import BadInput
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.lessons import content as lessons
from netlab.lessons.build import NAMES
from netlab.lessons.content import LANDING
from netlab.linux import files
from netlab.model import bounded_json

BOUNDS = bounded_json.Bounds(size=32 << 20, depth=64, values=4_000_000)
LARGEST = 32 << 20  # bytes; a lesson's notebook with all its pictures has about one
START = re.compile(r"""notebook\s*\.\s*(?:start|attach)\s*\(\s*["'](\d\d)["']""")
SEED = re.compile(r"""notebook\s*\.\s*(?:start|attach)\s*\([^)]*seed\s*=\s*["']([^"']{1,200})["']""")
CHECK = re.compile(r"""\.\s*check\s*\(\s*["'](\d\d\.\d+)["']""")
AGAIN = N_("Save the notebook in JupyterLab once more, and hand in that file.")


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell, and the steps whose checks it calls."""

    source: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """What is graded: the code cells of one notebook, for one lesson."""

    path: Path
    lesson: str
    cells: tuple[Cell, ...]
    digest: str  # SHA-256 of the file
    seed: str = ""  # of the variant that the notebook says it is
    fault: str = ""  # of the gym, by name, that it is judged with
    hidden: str = ""  # SHA-256 of the file of hidden checks that it is judged by
    language: str = ""  # the notebook's own, if it says so
    content: bytes = b""  # the file


def read(path: Path, lesson: str = "") -> Submission:
    """The submission in that file; BadInput says what is wrong with it.

    Without `lesson` it is the one that the notebook starts, or else the one that its file's name begins with.
    """
    content = _content(path)
    notebook = _notebook(content, path)
    cells = tuple(_cell(source) for source in _code(notebook))
    if not any(cell.source.strip() for cell in cells):
        raise BadInput(
            _("{name} has no code cells, so there is nothing to grade.").format(name=path.name), _(AGAIN)
        )
    found = lesson or _lesson(cells, path)
    lessons.lesson(found)
    seeds = (SEED.search(cell.source) for cell in cells)
    seed = next((match[1] for match in seeds if match), "")
    digest = hashlib.sha256(content).hexdigest()
    return Submission(path, found, cells, digest, seed, language=_language(notebook), content=content)


def _language(notebook: Any) -> str:
    """What its kernel is for: that stays when somebody saves it."""
    name = notebook.metadata.get("kernelspec", {}).get("name", "")
    return next((language for language, kernel in NAMES.items() if kernel == name), "")


def _content(path: Path) -> bytes:
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise BadInput(_("{path} is a link.").format(path=path), _(AGAIN))
        if not stat.S_ISREG(found.st_mode):
            raise BadInput(
                _("{path} is not a file.").format(path=path), _("Name notebooks, or folders that hold them.")
            )
        if found.st_size > LARGEST:
            size = found.st_size >> 20
            raise BadInput(
                _("{name} has {size} MiB, and at most {largest} are read.").format(
                    name=path.name, size=size, largest=LARGEST >> 20
                ),
                _("Clear its outputs (Edit → Clear Outputs of All Cells), and hand it in again."),
            )
        return files.read_path(path, LARGEST)  # a folder on the way may be a link to a classmate's
    except OSError as error:
        raise BadInput(
            _("{path} cannot be read: {strerror}.").format(path=path, strerror=error.strerror), _(AGAIN)
        ) from error


def _notebook(content: bytes, path: Path) -> Any:
    """Of format 4, whatever it was handed in as."""
    import nbformat

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            _("{name} is not UTF-8 text (byte {start} is {content:#04x}).").format(
                name=path.name, start=error.start, content=content[error.start]
            ),
            _(AGAIN),
        ) from error
    try:
        bounded_json.measure(text, BOUNDS)
        text.encode()  # half a pair of surrogates stands for no letter: nothing could be written of it
        if bounded_json.SURROGATE.search(text):
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        notebook: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except nbformat.reader.NotJSONError as error:
        raise BadInput(
            _("{name} is not a notebook: it is not JSON.").format(name=path.name), _(AGAIN)
        ) from error
    except Exception as error:  # of many kinds: what stands in the file was written by a stranger
        first = (str(error).splitlines() or [""])[0][:200]
        raise BadInput(
            _("{name} is not a notebook that can be read: {first}").format(name=path.name, first=first),
            _(AGAIN),
        ) from error
    language = str(notebook.metadata.get("kernelspec", {}).get("language", "python"))
    if language.lower() != "python":
        raise BadInput(
            _("{name} is written in {language}: its kernel is not netlab's.").format(
                name=path.name, language=language
            ),
            _("Choose Kernel → Change Kernel → “netlab (lab host)”, save, and hand it in again."),
        )
    return notebook


def _code(notebook: Any) -> list[str]:
    return [str(cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def _cell(source: str) -> Cell:
    return Cell(source, tuple(dict.fromkeys(CHECK.findall(source))))


def _lesson(cells: Sequence[Cell], path: Path) -> str:
    for cell in cells:
        if found := START.search(cell.source):
            return found[1]
    if path.stem == LANDING.stem:
        raise BadInput(
            _("{name} has no steps: there is nothing to grade.").format(name=path.name),
            _("Name a lesson's notebook."),
        )
    known = {lesson.id for lesson in lessons.lessons()}
    if path.name[:2] in known:
        return path.name[:2]
    raise BadInput(
        _("{name} does not say which lesson it is.").format(name=path.name),
        _("Say it: ./run grade --lesson 04 …"),
    )


def find(paths: Sequence[Path]) -> list[Path]:
    """The notebooks that are named, and those in the folders that are named; BadInput if that is none.

    Links above a folder that is named, and above the one that a named notebook is in, are the teacher's: they
    are resolved here. From there on they are a learner's, wherever they lead, and are named as they are,
    to be refused: the folder says whose notebook it is.
    """
    found: list[Path] = []
    if missing := next((path for path in paths if not os.path.lexists(path)), None):
        raise BadInput(
            _("There is no notebook or folder {path}.").format(path=missing),
            _("./run grade NOTEBOOK.ipynb …, or a folder of them"),
        )
    for path in map(Path, map(os.path.abspath, paths)):
        if path.is_dir() and not path.is_symlink():
            found += _below(Path(os.path.realpath(path)))
        else:
            above = path.parent if path.is_dir() else path.parent.parent
            found.append(Path(os.path.realpath(above), path.relative_to(above)))
    if not found:
        raise BadInput(
            _("There is no notebook to grade."), _("./run grade NOTEBOOK.ipynb …, or a folder of them")
        )
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    """The notebooks beneath it in their order, and the links to other folders, which are not followed."""
    every: list[Path] = []
    for place, folders, names in os.walk(folder):
        every += [Path(place, name) for name in folders if os.path.islink(Path(place, name))]
        every += [Path(place, name) for name in names if name.endswith(".ipynb")]
    for path in sorted(every):
        if ".ipynb_checkpoints" not in path.relative_to(folder).parts and path.stem != LANDING.stem:
            yield path
