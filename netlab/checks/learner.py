"""Expectations about what the learner said: predictions before an experiment, answers after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netlab.checks.story import Trouble
from netlab.checks.world import CONTAINER, HOST, World, cable
from netlab.lessons import step


@dataclass(frozen=True, slots=True)
class Predicted:
    """The learner said what would happen, right or wrong."""

    step: str

    def describe(self) -> str:
        return "a prediction, right or wrong"

    def trouble(self, world: World) -> Trouble | None:
        if world.predictions.get(self.step):
            return None
        question = step(self.step).prediction
        keys = ", ".join(f'"{key}"' for key in question.options) if question else ""
        return Trouble(
            "not-predicted",
            "no prediction yet",
            "A guess that turns out wrong teaches more than no guess. Nobody counts the wrong ones.",
            f'lab.predict("{self.step}", …) with one of {keys}',
            settled=True,
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """The learner drew the conclusion that the experiment bears out."""

    step: str
    reasons: Mapping[str, str] = field(default_factory=dict, hash=False)  # what to say to a wrong option

    def describe(self) -> str:
        question = step(self.step).answer
        return f"the answer to “{question.text}”" if question else "an answer"

    def trouble(self, world: World) -> Trouble | None:
        question, given = step(self.step).answer, world.answers.get(self.step, "")
        if question is None or given == question.right:
            return None
        if not given:
            return not_answered(self.step)
        return Trouble(
            "wrong-answer",
            f"your answer: {given} ({question.options.get(given, 'not one of the options')})",
            self.reasons.get(given, "That is not what this lab shows."),
            "Run the experiment once more and read what it prints, then answer again",
            settled=True,
        )


def not_answered(id: str) -> Trouble:
    question = step(id).answer
    keys = ", ".join(f'"{key}"' for key in question.options) if question else ""
    return Trouble(
        "not-answered",
        "no answer yet",
        "First the experiment, then the answer.",
        f'lab.answer("{id}", …)' + (f" with one of {keys}" if keys else ""),
        settled=True,
    )


@dataclass(frozen=True, slots=True)
class NamesOtherEnd:
    """The learner named the host's end of the container's cable."""

    step: str

    def describe(self) -> str:
        return f"the name of the interface at the other end of {CONTAINER}'s eth0"

    def trouble(self, world: World) -> Trouble | None:
        given, ends = world.answers.get(self.step, ""), cable(world.snapshot, HOST, CONTAINER)
        if not given:
            return not_answered(self.step)
        given = given.split("@")[0].strip()
        if ends and given == ends[0].name:
            return None
        found, number = f"your answer: {given}", f"@if{ends[0].index}" if ends else "@if and a number"
        if given == "docker0":
            return Trouble(
                "bridge-not-port",
                found,
                "docker0 is the switch. The cable ends in one of its sockets, and that has its own name.",
                "ip link show master docker0",
                settled=True,
            )
        if given == "eth0":
            return Trouble(
                "same-name",
                found,
                "The container has an eth0 and the lab host has another one: same name, other namespace, "
                "nothing to do with each other.",
                f"look for the interface whose number is the one in {number}",
                settled=True,
            )
        if world.interface(HOST, given) is None:
            return Trouble(
                "no-such-interface",
                f"{found}, and the lab host has no interface of that name",
                "The name is made up by Docker and different each time.",
                "ip -br link",
                settled=True,
            )
        return Trouble(
            "wrong-interface",
            found,
            f"That one exists, but its number is not the one that {CONTAINER}'s eth0 shows: {number}.",
            "ip link",
            settled=True,
        )
