"""What a graded lab shows as labs/: one lesson, without the commands that solve it and the right answers."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import LABS

# What solves a step, or most of one: its own commands, those of a wrong turn, the right answers.
SOLVED = ("solution", "commands", "right", "command", "answer", "predict")


def write(lesson: str, folder: Path) -> Path:
    """Write lessons.toml with that lesson alone into the folder, in every language; the folder.

    Another lesson's beginning is this one's solution: `lab.goto` and `lab.resume` must not do the work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for file in sorted(LABS.glob("lessons*.toml")):
        entries = tomllib.loads(file.read_text(encoding="utf-8"))["lesson"]
        if kept := [_without_solutions(entry) for entry in entries if entry["id"] == lesson]:
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
            key: "" if key in SOLVED and isinstance(each, str) else _without_solutions(each)
            for key, each in value.items()
        }
    return [_without_solutions(each) for each in value] if isinstance(value, list) else value


def _toml(value: Any) -> str:
    """The value as TOML of one line; the standard library reads TOML, and does not write it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # alike but for that one
