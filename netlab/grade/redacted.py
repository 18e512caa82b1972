"""What a graded lab shows as labs/: one lesson, without the commands that solve it and the right answers."""

from __future__ import annotations

import re
from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import LABS

SOLVED = re.compile(
    r'^(solution|commands|right|command|answer|predict) = (""".*?"""|".*?"|\'.*?\')$',
    re.MULTILINE | re.DOTALL,
)


def write(lesson: str, folder: Path) -> Path:
    """Write lessons.toml with that lesson alone into the folder, in every language; the folder.

    Another lesson's beginning is this one's solution: `lab.goto` and `lab.resume` must not do the work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for file in sorted(LABS.glob("lessons*.toml")):
        if kept := _alone(lesson, file):
            (folder / file.name).write_text(SOLVED.sub(r'\1 = ""', kept), encoding="utf-8")
    if not (folder / "lessons.toml").exists():
        raise BadInput(
            _("labs/lessons.toml holds no lesson {lesson}.").format(lesson=lesson),
            _("See the lessons in labs/."),
        )
    return folder


def _alone(lesson: str, file: Path) -> str:
    """What stands of that lesson in a file, or nothing."""
    _, *blocks = file.read_text(encoding="utf-8").split("[[lesson]]\n")
    found = [block for block in blocks if f'id = "{lesson}"\n' in block.partition("[[")[0]]
    return "".join(f"[[lesson]]\n{block}" for block in found)
