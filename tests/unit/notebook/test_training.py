"""The gym's log: what is entered, and what the learner is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netlab import faults
from netlab.lessons.content import lesson
from netlab.lessons.progress import Progress
from netlab.notebook.training import Training

FAULT = faults.find("veth-down")


@pytest.fixture
def training(tmp_path: Path) -> Training:
    """A learner's first exercise, just begun."""
    begun = Training(lesson("10"), Progress(tmp_path / "progress.json"))
    begun.begin()
    return begun


def answer(training: Training, cause: str) -> None:
    """Name a cause."""
    training.progress.record_answer("10", "10.3", cause)


def log(training: Training) -> list[tuple[str, bool]]:
    """What the log says."""
    return [(each["fault"], each["right"]) for each in training.progress.attempts("10")]


def test_a_fault_is_entered_once_when_it_is_fixed(training: Training) -> None:
    """With its cause as the first answer it counts as known; a second look at the check adds nothing."""
    answer(training, "interface-down")
    said = str(training.finish(FAULT))
    assert "interface down" in said and "New to you" in said and "after 2 more in a row" in said
    assert training.finish(FAULT) is None
    assert log(training) == [("veth-down", True)]
    training.begin()
    answer(training, "interface-down")
    assert "New to you" not in str(training.finish(faults.find("docker0-down")))
    assert "✔ docker0-down" in str(training.show())


def test_a_second_answer_or_help_is_no_knowledge(training: Training) -> None:
    """What was answered first counts, and a hint or a solution takes it away."""
    answer(training, "no-route")
    answer(training, "interface-down")
    training.finish(FAULT)
    training.begin()
    training.progress.begin("10")
    answer(training, "interface-down")
    training.note_help()
    training.finish(FAULT)
    assert log(training) == [("veth-down", False)] * 2
    assert "✘ veth-down" in str(training.show())


def test_an_explanation_is_kept_and_answered_by_another(training: Training) -> None:
    """Only of what was fixed; both causes of a pair are in the other engineer's report."""
    assert "nothing to explain" in str(training.explain("the cable was off"))
    training.finish(faults.pairs()[0])
    said = str(training.explain("the cable was off, and nobody forwarded"))
    assert said.count("Why:") == 2 and "ip_forward=1" in said
    kept = training.progress.answers("10")
    assert kept["explained veth-down+ip-forward-off"] == "the cable was off, and nobody forwarded"
    for text in (..., "  ", "x" * 5000):
        assert "a few sentences" in str(training.explain(text))


def test_what_comes_next_is_of_the_first_level(training: Training) -> None:
    """Who has done nothing yet begins with what lesson 03 has taught."""
    fault = faults.pick(training.choose(), inside=True)
    assert faults.levels.of(fault) == 1


def test_a_log_that_somebody_has_written_to_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """The file is the learner's own: an entry that is none is left out, and what is no log is set aside."""
    file = tmp_path / "progress.json"
    entries = [{"fault": "x", "cause": "y", "level": 1, "right": True}, {}, {"level": "two"}]
    file.write_text(json.dumps({"version": 1, "lessons": {"10": {"attempts": entries}}}))
    assert str(Training(lesson("10"), Progress(file)).show()).count("✔") == 1
    file.write_text('{"version": 1, "lessons": {"10": {"attempts": 7}}}')
    assert "1 of 5" in str(Training(lesson("10"), Progress(file)).show())
