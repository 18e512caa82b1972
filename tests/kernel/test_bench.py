"""The bench works: every row once and small. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netlab.keeper.address import HOME
from tests.support.need import need

# Mininet wants root; the browser's row is ./run bench's alone, since the browser tests open the same page.
ROWS = "build up reset goto down left snapshot callback capture journeys trace labs weight import help "
ROWS += "memory pack unpack copy undo growth"


@pytest.mark.skipif(os.geteuid() != 0, reason="Mininet wants root")
def test_every_row_can_be_measured(tmp_path: Path) -> None:
    """One go of each contender; each row has figures of all, and says of each goal whether it was reached."""
    for tool in ("mn", "tshark", "gcc", "tcpdump"):
        need(tool)
    file = tmp_path / "bench.json"
    words = [sys.executable, "-m", "tests.bench", *ROWS.split(), "--small", "--json", str(file)]
    done = subprocess.run(words, cwd=HOME, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    rows = report["rows"]
    assert list(rows) == [name for name in ROWS.split() if name != "growth"]
    for name, row in rows.items():
        # A peer may lose packets at every rate, and MemAvailable of a busy machine may rise.
        assert name in ("capture", "weight") or all(value > 0 for value in row["medians"].values()), name
        for goal in row["goals"]:
            assert isinstance(goal["met"], bool)
            assert ("reached" if goal["met"] else "MISSED") in done.stdout
    assert [each["what"] for each in report["growth"]["of"]] == ["labs", "interfaces", "rules", "packets"]
    assert file.with_suffix(".png").stat().st_size > 10_000
    assert file.with_suffix(".growth.png").stat().st_size > 10_000
