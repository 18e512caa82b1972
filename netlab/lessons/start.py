"""How a lesson begins: the lab is brought to where its first step takes it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlab.errors import CommandFailed
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson, lesson
from netlab.lessons.ip_batch import batch
from netlab.lessons.variant import PLAIN, Variant

if TYPE_CHECKING:
    from netlab.lab import Lab


def goto(lab: Lab, id: str, variant: Variant = PLAIN) -> None:
    """Reset the lab and bring it to where that lesson begins. UnknownName, CommandFailed."""
    start = variant.exchange(lesson(id).start)
    lab.reset()
    if not start:
        return
    done = lab.script(batch(start))
    if done.returncode:
        raise CommandFailed(
            _("The commands that lesson {lesson} starts from failed: {stderr}").format(
                lesson=id, stderr=done.stderr.strip()
            ),
            _("./run reset, then again; if it stays like that, please report it."),
        )


def bring(lab: Lab, lesson: Lesson, variant: Variant) -> None:
    """The lab as that lesson begins. A variant's gym begins with a fault of its own. CommandFailed."""
    if not (lesson.gym and variant.seed):
        goto(lab, lesson.id, variant)
        return
    from netlab.faults import gym  # here: only the gym has any, and the catalogue takes a while to import

    gym.begin(variant.view(lab), seed=variant.seed, inside=True)
