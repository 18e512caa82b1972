"""What the tests of this tier share: the real tools, and a teacher's file of hidden checks for lesson 04."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.need import missing

LESSON = "04"
SECRETS = ("Nobody has touched the way out", "DefaultRoute")  # what learners must not see
HIDDEN = f"""
[[check]]
lesson = "{LESSON}"
title = "{SECRETS[0]}"
points = 3
needs = ["04.2"]
expect = [{{ {SECRETS[1]} = {{ gateway = "172.17.0.1" }} }}]
"""


def tool(folder: Path, name: str, *words: str) -> str:
    """Run a grader's program in that folder; what it printed."""
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        missing(f"{name} is not installed: ./run test graders installs it")
    path = f"{program.parent}:{os.environ['PATH']}"  # they call programs of their own, like alembic
    done = subprocess.run(
        [program, *words], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def told(folder: Path) -> list[str]:
    """The files below that folder in which one of the secrets stands."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [str(file) for file in files if any(word.encode() in file.read_bytes() for word in SECRETS)]
