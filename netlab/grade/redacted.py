"""What a graded lab shows of netlab: one lesson without its answers, and a package that knows none.

Questions are put in there, and answers are judged outside. What tells a right answer from a wrong one, what
goes wrong in the gym, and the instrument that finds it, are in no file of such a lab.
"""

from __future__ import annotations

import ast
import gettext
import json
import shutil
import struct
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import LABS

# What solves a step, or most of one: its own commands, those of a wrong turn, the right answers.
SOLVED = ("solution", "commands", "right", "command", "answer", "predict")
TOLD = ("hints", "wrong_turn")  # lists of what helps
PACKAGE = Path(__file__).parents[1]
# Rooms and modules that know answers, or judge; and what nobody needs in a lab.
LEFT_OUT = ("checks", "faults", "diagnosis", "workshop", "cli", "grade")
NEEDED = (
    "grade/__init__.py",
    "grade/cell_runner.py",
    "diagnosis/__init__.py",
    "diagnosis/causes.py",
    "diagnosis/verdict.py",
)


def write(lesson: str, folder: Path, report: str = "") -> Path:
    """Write lessons.toml with that lesson alone into the folder, in every language; the folder.

    Another lesson's beginning is this one's solution: `lab.goto` and `lab.resume` must not do the work. With
    a `report` the lab holds a fault of the gym already, and the lesson begins with that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for file in sorted(LABS.glob("lessons*.toml")):
        entries = tomllib.loads(file.read_text(encoding="utf-8"))["lesson"]
        if kept := [_without_solutions(entry) for entry in entries if entry["id"] == lesson]:
            if file.name == "lessons.toml":
                kept[0] |= {"judged": True, **({"report": report, "start": ""} if report else {})}
            (folder / file.name).write_text(f"lesson = {_toml(kept)}\n", encoding="utf-8")
    if not (folder / "lessons.toml").exists():
        raise BadInput(
            _("labs/lessons.toml holds no lesson {lesson}.").format(lesson=lesson),
            _("See the lessons in labs/."),
        )
    return folder


def _without_solutions(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: []
            if key in TOLD
            else ""
            if key in SOLVED and isinstance(each, str)
            else _without_solutions(each)
            for key, each in value.items()
            if key != "secret"  # it says what a step asks for
        }
    return [_without_solutions(each) for each in value] if isinstance(value, list) else value


def _toml(value: Any) -> str:
    """The value as TOML of one line; the standard library reads TOML, and does not write it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # alike but for that one


def package(folder: Path) -> Path:
    """Write the package as a graded lab sees it into the folder, which is new; the folder."""
    shutil.copytree(PACKAGE, folder, ignore=_left_out)
    for name in NEEDED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(PACKAGE / name, folder / name)
    for file in PACKAGE.glob("i18n/locale/*/*/*.mo"):
        (folder / file.relative_to(PACKAGE)).write_bytes(_said_there(file))
    folder.chmod(0o755)
    return folder


def _left_out(place: str, names: list[str]) -> list[str]:
    top = Path(place) == PACKAGE
    return [name for name in names if name.endswith((".po", ".mo")) or (top and name in LEFT_OUT)]


def _said_there(file: Path) -> bytes:
    """That catalogue of translations, with what the package in a lab says and no more."""
    with file.open("rb") as content:
        every: dict[Any, str] = gettext.GNUTranslations(content)._catalog  # type: ignore[attr-defined]
    texts, pairs = _spoken()
    plurals: dict[str, dict[int, str]] = {}
    kept = {"": every[""]}
    for key, text in every.items():
        if isinstance(key, tuple):
            plurals.setdefault(key[0], {})[key[1]] = text
        elif key in texts:
            kept[key] = text
    for first, forms in plurals.items():
        if both := [pair for pair in pairs if pair[0] == first]:
            kept["\0".join(both[0])] = "\0".join(forms[number] for number in sorted(forms))
    return _binary(kept)


def _binary(texts: Mapping[str, str]) -> bytes:
    """A .mo file, as gettext's manual describes it: a header, two tables of (length, offset), the texts."""
    pairs = sorted((key.encode(), text.encode()) for key, text in texts.items())
    sides = [[pair[side] + b"\0" for pair in pairs] for side in (0, 1)]
    at, tables = 28 + 16 * len(pairs), b""
    for side in sides:
        for text in side:
            tables += struct.pack("<II", len(text) - 1, at)
            at += len(text)
    return (
        struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28)
        + tables
        + b"".join(text for side in sides for text in side)
    )


@cache
def _spoken() -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """Every text that stands in what the package of a lab is made of, and the pairs that count something."""
    texts, pairs = set(), []
    for file in sorted(PACKAGE.rglob("*.py")):
        inside = file.relative_to(PACKAGE)
        if inside.parts[0] in LEFT_OUT and str(inside) not in NEEDED:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ngettext":
                one, many = (str(getattr(each, "value", "")) for each in node.args[:2])
                pairs.append((one, many))
    return frozenset(texts), tuple(pairs)
