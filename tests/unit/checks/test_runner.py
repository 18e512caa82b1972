"""How a check is run and told: whatever the lab is like, the answer is a result with words in it."""

from __future__ import annotations

import pytest

from netlab.checks import CHECKS, check, runner
from netlab.errors import LabDied, UnknownName
from netlab.lessons import content
from netlab.model import Node, Snapshot
from tests.worlds.lessons import CONCLUDED, SAID, bare, docker_made, plugged, reaches_all, wired
from tests.worlds.stories import CONTAINER, HOST, Answer, PretendLab, World


def test_a_steps_text_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the check passes or not: one word with the lessons' texts for one check."""
    asked: list[str] = []
    monkeypatch.setattr(runner, "lesson_step", lambda id: asked.append(id) or content.step(id))
    assert check(PretendLab(plugged(), reaches_all), "04.2", SAID, CONCLUDED, seconds=0).passed
    assert not check(PretendLab(wired(), reaches_all), "04.2", SAID, CONCLUDED, seconds=0).passed
    assert asked == ["04.2", "04.2"]


@pytest.mark.parametrize("step", CHECKS)
@pytest.mark.parametrize(
    "snapshot",
    [
        Snapshot(0, "nothing"),
        Snapshot(0, "host only", (Node(HOST, "host", "host"),)),
        Snapshot(0, "container only", (Node(CONTAINER, "if-test", "container"),)),
        Snapshot(0, "shared", (Node(HOST, "host", "host", aliases=("if-test",)),)),
    ],
    ids=lambda snapshot: snapshot.lab,
)
def test_strange_states_fail_and_never_crash(step: str, snapshot: Snapshot) -> None:
    """Whatever a learner did to the lab, the answer is a result with words in it."""

    class Strange(PretendLab):
        def snapshot(self) -> Snapshot:
            return snapshot

        def probe(
            self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: object
        ) -> Answer:
            return Answer(count, 0, ("Network is unreachable",))

    result = check(Strange(World()), step, SAID, CONCLUDED, seconds=0)
    assert result.found
    assert result.passed or result.hint


def test_a_probe_that_cannot_be_sent_is_no_answer() -> None:
    """A node that vanishes between the snapshot and the probe does not crash the check."""

    class Vanishing(PretendLab):
        def probe(
            self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: object
        ) -> Answer:
            raise UnknownName("node", node, [])

    assert not check(Vanishing(plugged()), "05.3", seconds=0).passed


def test_a_dead_lab_is_not_a_failed_step() -> None:
    """When the lab itself is gone, the learner is told that, and not that the step is wrong."""

    class Dead(PretendLab):
        def snapshot(self) -> Snapshot:
            raise LabDied("The lab went away.", "./run up")

    with pytest.raises(LabDied):
        check(Dead(World()), "03.1", seconds=0)


def test_a_check_waits_for_what_is_about_to_be_there() -> None:
    """A cable that comes up a moment later is seen; the check does not answer from the first look."""

    class Late(PretendLab):
        looks = 0

        def snapshot(self) -> Snapshot:
            self.looks += 1
            return (bare().cable() if self.looks > 3 else bare().spare_cable()).snapshot()

    assert check(Late(World()), "03.2", seconds=5).passed


def test_a_missing_answer_is_not_waited_for() -> None:
    """What only the learner can change is said at once."""

    class Counting(PretendLab):
        looks = 0

        def snapshot(self) -> Snapshot:
            self.looks += 1
            return super().snapshot()

    lab = Counting(plugged())
    check(lab, "05.1", {}, {}, seconds=60)
    assert lab.looks == 1


def test_an_unknown_check_names_the_known_ones() -> None:
    """A typo in a step's number is answered with the right ones."""
    with pytest.raises(UnknownName, match=r"03\.1"):
        check(PretendLab(World()), "03.11", seconds=0)


def test_a_result_reads_the_same_as_text_and_on_the_page() -> None:
    """Start, wanted, found, hint and next step, in words; colour alone says nothing."""
    result = check(PretendLab(World()), "01.1", seconds=0)
    text, page = str(result), result._repr_html_()
    for words in (
        "not yet",
        result.start,
        "wanted",
        "found",
        "no container if-test is running",
        "docker ps -a",
    ):
        assert words in text
        assert words in page
    passed = check(PretendLab(docker_made()), "01.1", seconds=0)
    assert "✔ passed" in str(passed)
    assert "✔ passed" in passed._repr_html_()


def test_what_a_learner_wrote_is_not_markup() -> None:
    """An answer with angle brackets is shown, not run."""
    result = check(PretendLab(docker_made()), "01.3", {}, {"01.3": "<script>"}, seconds=0)
    assert "<script>" not in result._repr_html_()
    assert "&lt;script&gt;" in result._repr_html_()
