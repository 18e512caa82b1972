"""What is graded: an honest hand-in, and what may lie there in place of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netlab.lessons import build
from netlab.lessons.content import lesson

KEY = b"the teacher's own key: 0123456789"
SECRET = "nobody-hands-this-in"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's grader becomes somebody else")


def honest(file: Path, id: str = "02") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(build.notebook(lesson(id), solution=True))
    return file


def link(place: Path, file: Path) -> None:
    file.symlink_to(place / "secret")


def pipe(place: Path, file: Path) -> None:
    os.mkfifo(file)


def huge(place: Path, file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(1 << 40)


def folder(place: Path, file: Path) -> None:
    file.mkdir()
