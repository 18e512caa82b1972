"""What the attacks on a grade hand in: notebooks of any cells, and honest ones beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat.v4 as v4

from netlab.lessons import build
from netlab.lessons.content import lesson

KEY = b"the teacher's own key: 0123456789"


def honest(file: Path, id: str = "02") -> Path:
    """A notebook with the lecture's own commands."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(build.notebook(lesson(id), solution=True), encoding="utf-8")
    return file


def notebook(file: Path, id: str, cells: Sequence[str], seed: str = "") -> Path:
    """A notebook for that lesson with those cells after its first."""
    said = f", seed='{seed}'" if seed else ""
    first = f"from netlab import notebook\nlab = notebook.start('{id}'{said})"
    made = v4.new_notebook(cells=[v4.new_code_cell(source) for source in (first, *cells)])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(v4.writes(made), encoding="utf-8")
    return file
