"""A picture does not tell what a lesson still asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.lessons.content import lesson
from netlab.lessons.progress import Progress
from netlab.model import Snapshot
from netlab.notebook.veil import Veil
from tests.worlds import builders as b

FORWARD = "net.ipv4.ip_forward"


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


def shows(snapshot: Snapshot) -> bool:
    return FORWARD in snapshot.node("host").sysctls


@pytest.mark.parametrize(("id", "expected"), [("01", False), ("05", False), ("06", True), ("10", True)])
def test_until_it_is_answered_the_setting_is_in_no_picture(
    progress: Progress, id: str, expected: bool
) -> None:
    """Lesson 05 asks what stops the packet: it and those before it do not say, those after it may."""
    veil, snapshot = Veil(lesson(id), progress), b.lab(forward="0")
    assert shows(snapshot) and shows(veil.over(snapshot)) is expected
    progress.record_answer("05", "05.2", "firewall")
    assert shows(veil.over(snapshot))


def test_outside_of_lessons_everything_is_shown() -> None:
    """There is nothing to be asked for."""
    assert shows(Veil().over(b.lab(forward="0")))
    assert not Veil().hides(("forwarding-off",))
