"""A fault that the instructor has put into a learner's lab: put in, and looked at until it is mended.

It is tried in a copy of the lab, and only after something has changed there, or now and then: what the
learner captures has no packet of ours in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlab.faults import gym
from netlab.faults.measure import measure
from netlab.i18n import gettext as _
from netlab.lab import Lab
from netlab.model import Snapshot
from netlab.model.changes import describe_changes

EVERY = 3.0  # seconds between two looks
PATIENCE = 10  # looks after which it is tried although nothing has changed


def put_in(lab: Lab, name: str) -> str:
    """Break the lab with that fault; what to tell its learner. CommandFailed and others of NetlabError."""
    story = gym.begin(lab, name=name, inside=False).fault.story
    return _(
        "There is a fault in your lab, put in by your instructor. {story} Find it, and fix it. Steps of your "
        "lesson do not count until you run a notebook's first cell again."
    ).format(story=_(story))


@dataclass
class Practice:
    """One fault's, from its beginning."""

    lab: Lab
    _seen: Snapshot | None = None
    _waited: int = 0

    def look(self) -> bool | None:
        """Whether it is mended now; None when it is not in this lab any more. NetlabError, OSError."""
        exercise = gym.current(self.lab)
        if exercise is None:
            return None
        now = self.lab.snapshot()
        self._waited += 1
        changed = self._seen is None or bool(describe_changes(self._seen, now))
        if not changed and self._waited < PATIENCE:
            return False
        self._seen, self._waited = now, 0
        with self.lab.replica() as copy:
            return all(measure(copy, exercise.fault.symptom).healthy for _again in range(2))


def praise(minutes: float) -> str:
    """What is told when it is mended."""
    return _("Fixed after {n} min. Run your notebook's first cell again, and your lesson goes on.").format(
        n=round(minutes)
    )
