"""A look at a lesson's steps that nobody notices, in real labs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netlab.checks.verify import Learner, begin
from netlab.lab import Lab
from netlab.lessons.content import Step, lesson, lessons
from netlab.lessons.progress import Progress
from netlab.lessons.variant import PLAIN
from netlab.notebook.desk.quiet import HOLDS, MISSING, OPEN, Glance, look

QUIET = [found.id for found in lessons() if not found.gym]
# Where not all is decided quietly: what a bridge has learned, rows of probes, programs of containers.
TRIED_OUT = {"08", "09", "12"}


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


def glances(lab: Lab, id: str, progress: Progress) -> tuple[Glance, ...]:
    return look(lab, lesson(id), progress, PLAIN)


def do(learner: Learner, step: Step, progress: Progress) -> None:
    """As the lecture does it, with the right things said."""
    learner.does(step)
    id = step.id.partition(".")[0]
    if step.id in learner.predictions:
        progress.record_prediction(id, step.id, learner.predictions[step.id])
    if step.id in learner.answers:
        progress.record_answer(id, step.id, learner.answers[step.id])


@pytest.mark.parametrize("id", QUIET)
def test_it_finds_what_the_check_finds(lab: Lab, id: str, progress: Progress) -> None:
    """Untouched, the first step is not done; a step done as the lecture does it is never called missing."""
    learner = begin(lab, lesson(id))
    first = glances(lab, id, progress)
    assert [glance.step for glance in first] == [f"{id}.1"]
    assert first[0].state in (MISSING, OPEN) and first[0].line
    states = []
    for step in lesson(id).steps:
        do(learner, step, progress)
        states.append((step.id, glances(lab, id, progress)[0]))
        assert states[-1][1].step == step.id
        assert learner.checks(step).passed
        progress.record_passed(id, step.id)
    assert [glance for _, glance in states if glance.state == MISSING] == []
    if id not in TRIED_OUT:
        assert [glance for _, glance in states if glance.state != HOLDS] == []
    assert glances(lab, id, progress) == ()


def test_no_packet_and_no_credit(lab: Lab, progress: Progress) -> None:
    """05.3's pings are lost, and then answered; not a packet passes meanwhile, and nothing is noted."""
    learner = begin(lab, lesson("05"))
    for step in lesson("05").steps[:2]:
        do(learner, step, progress)
        progress.record_passed("05", step.id)
    kept = progress.path.read_text()
    with lab.capture() as seen:
        before = glances(lab, "05", progress)[0]
    assert (before.state, len(seen.frames)) == (MISSING, 0)
    assert "ip_forward is 0" in before.line
    learner.does(lesson("05").step("05.3"))
    with lab.capture() as seen:
        after = glances(lab, "05", progress)
    assert [glance.state for glance in after] == [HOLDS, MISSING]
    assert len(seen.frames) == 0
    assert progress.path.read_text() == kept


def test_the_gym_is_not_looked_at(lab: Lab, progress: Progress) -> None:
    """There looking is the exercise."""
    begin(lab, lesson("10"))
    assert glances(lab, "10", progress) == ()


def test_it_is_cheap(lab: Lab, progress: Progress) -> None:
    """Where nothing has to be tried out: a fifth of a second on a busy machine."""
    learner = begin(lab, lesson("05"))
    do(learner, lesson("05").steps[0], progress)
    took = []
    for _ in range(3):
        began = time.monotonic()
        glances(lab, "05", progress)
        took.append(time.monotonic() - began)
    assert min(took) < 0.2, took
