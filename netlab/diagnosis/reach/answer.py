"""What came of the question who reaches whom: values."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.packets.flight import Flight

YES, NO, UNSURE = "yes", "no", "unsure"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What tables say of a packet and its answer, before it is sent. `receiver` is who would take it in."""

    answer: str
    why: str = ""  # of a no: the rule, route or setting; of a doubt: what goes beyond what is read
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one packet: whether it gets there and is answered; by whom, or why not.

    A yes has been sent and seen by its owner; `sent` tells whether a no was. `expected` is the forecast.
    """

    flight: Flight
    answer: str
    receiver: str = ""
    why: str = ""
    sent: bool = True
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A packet that gets through now, and did not before; or the other way round."""

    now: Answer
    before: Answer | None = None  # None: nobody could have asked, somebody or something was not there

    @property
    def opens(self) -> bool:
        """Whether it gets through now."""
        return self.now.answer == YES


@dataclass(frozen=True, slots=True)
class Reach:
    """All answers to a question; `left_out` is how many more there would have been.

    With a network that it was compared with: what is otherwise now, and what cannot be told.
    """

    question: str
    answers: tuple[Answer, ...] = ()
    left_out: int = 0
    compared: bool = False
    changes: tuple[Change, ...] = ()
    unsure: tuple[Answer, ...] = ()  # of a comparison: not sure now, or not sure before
    played: tuple[str, ...] = ()  # of a twin: what is otherwise than in the original
