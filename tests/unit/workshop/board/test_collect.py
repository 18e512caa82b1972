"""What was graded finds its learner."""

from __future__ import annotations

import json
from pathlib import Path

from netlab.workshop.board import collect


def test_results_of_a_grading_find_their_learner(tmp_path: Path) -> None:
    """By the number in front of the file's name."""
    for name, points in (("3_01-the-problem", 4), ("12_zh_01-the-problem", 5), ("unknown", 1)):
        (tmp_path / name).mkdir()
        words = {"lesson": "01", "points": points, "max_points": 6}
        (tmp_path / name / "result.json").write_text(json.dumps(words))
    assert sorted(collect._read_results(tmp_path)) == [(3, "01", 4.0, 6.0), (12, "01", 5.0, 6.0)]
