"""What gets through in one network and not in another."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.diagnosis.reach.answer import NO, UNSURE, Answer, Change
from netlab.i18n import gettext as _


def differ(
    now: Sequence[Answer], before: Sequence[Answer], *, whole: bool
) -> tuple[tuple[Change, ...], tuple[Answer, ...]]:
    """(what is open or closed now and was not before, what cannot be told).

    `whole`: what is in one of them alone could not be asked in the other; else it may have been left out.
    """
    then = {answer.flight: answer for answer in before}
    here = {answer.flight: answer for answer in now}
    changes, unsure = [], []
    for flight in dict.fromkeys((*here, *then)):
        new, old = here.get(flight), then.get(flight)
        if not whole and (new is None or old is None):
            continue
        answers = (new.answer if new else NO, old.answer if old else NO)
        if UNSURE in answers:
            unsure.append(new if new and new.answer == UNSURE else old)
        elif answers[0] != answers[1]:
            gone = Answer(flight, NO, why=_("who asks or is asked is not there any more"), sent=False)
            changes.append(Change(new or gone, old))
    return tuple(changes), tuple(answer for answer in unsure if answer)
