"""How much is lost, and how sure one may be of it: a series of probes as a value, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from netlab.i18n import N_
from netlab.i18n import gettext as _

ICMP, TCP, HELD = N_("echo requests"), N_("TCP connections"), N_("TCP connections at once")
NORMAL = 1.96  # standard deviations that hold 95 % of a normal distribution


def wilson(lost: int, sent: int) -> tuple[float, float]:
    """Between what shares the true loss lies with 95 % confidence: Wilson's score interval (1927)."""
    if not sent:
        return 0.0, 1.0
    share, square = lost / sent, NORMAL**2 / sent
    centre = share + square / 2
    half = sqrt(square * (share * (1 - share) + square / 4))
    return max((centre - half) / (1 + square), 0.0), min((centre + half) / (1 + square), 1.0)


def percent(share: float) -> str:
    """ "0.5 %" below ten, "23 %" above; never rounded to nothing or to all."""
    number = 100 * share
    if 0 < number < 9.95 or 99 < number < 100:
        return f"{number:.1f} %"
    return f"{number:.0f} %"


@dataclass(frozen=True, slots=True)
class Loss:
    """What came of probes from a node to an address.

    `outcomes` says of each, in the order of sending, whether it was answered.
    """

    source: str
    destination: str
    outcomes: tuple[bool, ...]
    kind: str = ICMP

    @property
    def sent(self) -> int:
        """How many probes were sent."""
        return len(self.outcomes)

    @property
    def lost(self) -> int:
        return self.outcomes.count(False)

    @property
    def longest(self) -> int:
        """How many in a row were lost, at most."""
        return max((len(list(run)) for came, run in groupby(self.outcomes) if not came), default=0)

    @property
    def interval(self) -> tuple[float, float]:
        """Between what shares the true loss lies with 95 % confidence."""
        return wilson(self.lost, self.sent)

    def lines(self) -> tuple[str, ...]:
        """What was measured, and what may be said."""
        low, high = (percent(share) for share in self.interval)
        share = percent(self.lost / self.sent) if self.sent else "–"
        said = [
            _("{sent} {kind}, {lost} lost: {share}.").format(
                sent=self.sent, kind=_(self.kind), lost=self.lost, share=share
            )
        ]
        if self.lost == 0:
            words = _("So the loss is below {high}, with 95 % confidence. Nobody can say: none.")
            said.append(words.format(high=high))
        else:
            words = _("The loss is between {low} and {high}, with 95 % confidence.")
            said.append(words.format(low=low, high=high))
        if self.lost > 1:
            said.append(_("Longest run of lost ones: {longest}.").format(longest=self.longest))
        return tuple(said)

    @property
    def title(self) -> str:
        """What stands over the plot."""
        return f"{self.source} → {self.destination}"

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {line}" for line in self.lines())])


def so_far(outcomes: Sequence[bool]) -> list[tuple[float, float, float]]:
    """(loss, low, high) after each probe."""
    found, lost = [], 0
    for number, came in enumerate(outcomes, 1):
        lost += not came
        found.append((lost / number, *wilson(lost, number)))
    return found
