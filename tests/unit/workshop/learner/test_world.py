"""The order to make a learner's world."""

from __future__ import annotations

from pathlib import Path

from netlab.linux.limits import Limits
from netlab.workshop.cgroups import Bounds
from netlab.workshop.learner.world import Order, group_of


def test_an_order_to_make_a_world_is_the_same_at_the_other_end(tmp_path: Path) -> None:
    """It goes through a pipe as text."""
    order = Order(7, 1_900_000_007, str(tmp_path / "learners/7"), Bounds(memory=1 << 28), Limits(memory=0))
    assert Order.parse(order.text()) == order
    assert group_of(tmp_path / "a/7") != group_of(tmp_path / "b/7")
