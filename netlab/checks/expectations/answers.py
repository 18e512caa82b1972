"""Expectations about what the learner said: predictions before an experiment, answers after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World, cable
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.lessons.content import step


@dataclass(frozen=True, slots=True)
class Predicted:
    """The learner said what would happen, right or wrong."""

    step: str

    def describe(self) -> str:
        return _("a prediction, right or wrong")

    def trouble(self, world: World) -> Trouble | None:
        if world.predictions.get(self.step):
            return None
        question = step(self.step).prediction
        keys = ", ".join(f'"{key}"' for key in question.options) if question else ""
        return Trouble(
            "not-predicted",
            _("no prediction yet"),
            _("A guess that turns out wrong teaches more than no guess. Nobody counts the wrong ones."),
            _('lab.predict("{step}", …) with one of {keys}').format(step=self.step, keys=keys),
            settled=True,
        )


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that the learner has to say, and that can be wrong."""

    step: str

    def describe(self) -> str:
        raise NotImplementedError

    def mistake(self, world: World, given: str) -> Trouble | None:
        """What is wrong with that answer; None when it is right."""
        raise NotImplementedError

    def trouble(self, world: World) -> Trouble | None:
        given = world.answers.get(self.step, "")
        return self.mistake(world, given) if given else not_answered(self.step)


def mistaken(id: str, given: str, hint: str, next_step: str) -> Trouble:
    """The trouble with an answer: only the learner can change it."""
    return Trouble(id, _("your answer: {given}").format(given=given), hint, next_step, settled=True)


@dataclass(frozen=True, slots=True)
class Answered(Saying):
    """The learner drew the conclusion that the experiment bears out."""

    reasons: Mapping[str, str] = field(default_factory=dict, hash=False)  # what to say to a wrong option

    def describe(self) -> str:
        question = step(self.step).answer
        return _("the answer to “{text}”").format(text=question.text) if question else _("an answer")

    def mistake(self, world: World, given: str) -> Trouble | None:
        question = step(self.step).answer
        if question is None or not question.right:  # in a graded lab: the answer is judged outside
            return None
        if given == question.right:
            return None
        meaning = question.options.get(given) or _("not one of the options")
        return mistaken(
            "wrong-answer",
            f"{given} ({meaning})",
            _(self.reasons.get(given, N_("That is not what this lab shows."))),
            _("Run the experiment once more and read what it prints, then answer again"),
        )


def not_answered(id: str) -> Trouble:
    """The trouble of a question that nobody has answered yet, with the answers that there are."""
    question = step(id).answer
    keys = ", ".join(f'"{key}"' for key in question.options) if question else ""
    return Trouble(
        "not-answered",
        _("no answer yet"),
        _("First the experiment, then the answer."),
        _('lab.answer("{step}", …) with one of {keys}').format(step=id, keys=keys)
        if keys
        else f'lab.answer("{id}", …)',
        settled=True,
    )


@dataclass(frozen=True, slots=True)
class NamesOtherEnd(Saying):
    """The learner named the host's end of the container's cable."""

    def describe(self) -> str:
        return _("the name of the interface at the other end of {container}'s eth0").format(
            container=CONTAINER
        )

    def mistake(self, world: World, given: str) -> Trouble | None:
        ends = cable(world.snapshot, HOST, CONTAINER)
        given = given.split("@")[0].strip()
        if ends and given == ends[0].name:
            return None
        number = f"@if{ends[0].index}" if ends else _("@if and a number")
        if given == "docker0":
            return mistaken(
                "bridge-not-port",
                given,
                _("docker0 is the switch. The cable ends in one of its sockets, and that has its own name."),
                "ip link show master docker0",
            )
        if given == "eth0":
            return mistaken(
                "same-name",
                given,
                _(
                    "The container has an eth0 and the lab host has another one: same name, "
                    "other namespace, nothing to do with each other."
                ),
                _("look for the interface whose number is the one in {number}").format(number=number),
            )
        if world.interface(HOST, given) is None:
            return mistaken(
                "no-such-interface",
                _("{given}, and the lab host has no interface of that name").format(given=given),
                _("The name is made up by Docker and different each time."),
                "ip -br link",
            )
        return mistaken(
            "wrong-interface",
            given,
            _(
                "That one exists, but its number is not the one that {container}'s eth0 shows: {number}."
            ).format(container=CONTAINER, number=number),
            "ip link",
        )
