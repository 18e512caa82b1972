"""What a machine needs for a class."""

from __future__ import annotations

import pytest

from netlab.errors import BadInput
from netlab.workshop import sizing


def test_a_plan_grows_with_the_class_and_says_what_it_rests_on() -> None:
    """Twice the learners need about twice as much; the measured figures stand in it."""
    small, large = sizing.estimate(30), sizing.estimate(60)
    assert all(a <= b for a, b in zip(small, large, strict=True)) and large[0] >= 2 * small[0] - 1
    enough = sizing.MEASURED.learners * sizing.MEASURED.learner + sizing.MEASURED.workshop
    assert sizing.estimate(sizing.MEASURED.learners)[1] * 1024 >= enough
    said = sizing.describe(30)
    assert f"Measured: {sizing.MEASURED.learners} learners" in said and f"{sizing.MEASURED.answer} s" in said
    for count in (0, sizing.MOST + 1):
        with pytest.raises(BadInput, match="makes no sense"):
            sizing.describe(count)
