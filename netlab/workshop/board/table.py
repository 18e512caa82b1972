"""The board's table for a spreadsheet, and all about the last grading in one file."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from netlab import display
from netlab.lessons.content import Lesson

TOTALS = ("steps passed", "steps", "tries", "hints", "solutions", "points", "max")
MARK = "\ufeff"  # so that spreadsheets read it as UTF-8
IN_MEMORY = 8 << 20  # bytes


def csv_text(learners: Mapping[str, Mapping[str, Any]], every: Sequence[Lesson]) -> str:
    """A line for each learner: totals, what was graded (0 where nothing was handed in), and of each step the
    moment with its zone, tries and hints. Steps, tries and hints are self-reported."""
    steps = [step.id for lesson in every for step in lesson.steps]
    most = {lesson: row["grades"][lesson][1] for row in learners.values() for lesson in sorted(row["grades"])}
    graded = sorted(most)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(
        [
            "learner",
            *TOTALS,
            *(f"{lesson} {part}" for lesson in graded for part in ("points", "max")),
            *(f"{step}{part}" for step in steps for part in ("", " tries", " hints")),
        ]
    )
    for name, row in learners.items():
        own = [row["steps"].get(step, {}) for step in steps]
        points = {lesson: row["grades"].get(lesson, (0, most[lesson])) for lesson in graded}
        table.writerow(
            [
                harmless(name),
                *_totals(own, list(points.values())),
                *(value for pair in points.values() for value in pair),
                *(
                    value
                    for step in own
                    for value in (_moment(step.get("passed")), step.get("tries", 0), step.get("hints", 0))
                ),
            ]
        )
    return MARK + out.getvalue()


def _totals(own: Sequence[Mapping[str, Any]], points: Sequence[Sequence[float]]) -> list[float]:
    counted = [sum(step.get(word, 0) for step in own) for word in ("tries", "hints", "solution")]
    passed = sum(bool(step.get("passed")) for step in own)
    return [passed, len(own), *map(int, counted), *(sum(each[which] for each in points) for which in (0, 1))]


def _moment(seconds: float | None) -> str:
    """ISO 8601, with the machine's zone."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds") if seconds else ""


def harmless(text: str) -> str:
    """A spreadsheet takes what begins like this for a formula."""
    text = display.one_line(text)
    return f"'{text}" if text[:1] in "=+-@" else text


def find_graded(folder: Path) -> Path | None:
    """The newest of a workshop's folders of results; None if there is none."""
    every = sorted(path for path in folder.glob("*") if (path / "grades.csv").is_file())
    return every[-1] if every else None


def pack(folder: Path, table: str) -> IO[bytes]:
    """That folder and the board's table as a ZIP file, at its beginning. OSError."""
    made = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("workshop.csv", table)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                packed.write(path, path.relative_to(folder))
    made.seek(0)
    return made
