"""A notebook that is handed in, and a grade."""

from __future__ import annotations

import json
from pathlib import Path

from netlab.checks.runner import CheckResult
from netlab.grade.judge import Grade
from netlab.grade.session import CellRun
from netlab.lessons import build
from netlab.lessons.content import lesson

NOTEBOOK = json.loads(build.notebook(lesson("03")))


def saved(folder: Path, content: object, name: str = "handed-in.ipynb") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def step(id: str, passed: bool) -> CheckResult:
    return CheckResult(
        id, "A <title>", passed, 2, "start", "wanted", "found \x1b[31m", "hint", "hint-id", "next"
    )


GRADE = Grade(
    "ada & bob",
    "03",
    "0" * 64,
    "",
    (step("03.1", True), step("03.2", False)),
    (CellRun(1, 0.5, "out", "", "stopped"),),
)
