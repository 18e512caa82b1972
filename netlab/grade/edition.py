"""What a graded lab shows as labs/: one lesson, without the commands that solve it."""

from __future__ import annotations

import re
from pathlib import Path

from netlab.errors import BadInput
from netlab.lessons import LABS

SOLVED = re.compile(r'^(solution|commands) = (""".*?"""|".*?"|\'.*?\')$', re.MULTILINE | re.DOTALL)


def write(lesson: str, folder: Path) -> Path:
    """Write lessons.toml with that lesson alone into the folder; the folder.

    Another lesson's beginning is this one's solution: `lab.goto` and `lab.resume` must not do the work.
    """
    _, *blocks = (LABS / "lessons.toml").read_text(encoding="utf-8").split("[[lesson]]\n")
    found = next((block for block in blocks if f'id = "{lesson}"\n' in block.partition("[[")[0]), None)
    if found is None:
        raise BadInput(f"labs/lessons.toml holds no lesson {lesson}.", "See the lessons in labs/.")
    kept = SOLVED.sub(r'\1 = ""', "[[lesson]]\n" + found)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / "lessons.toml").write_text(kept, encoding="utf-8")
    return folder
