"""What a lab says that is judged outside: it holds neither checks nor hints, nor the instrument."""

from __future__ import annotations

from netlab.display import Card
from netlab.i18n import gettext as _


def note(step: str) -> Card:
    """In place of what a check finds."""
    return Card(_("{step}: noted").format(step=step), (_("It is judged outside of this lab."),))


def no_hints(step: str) -> Card:
    """In place of a hint."""
    return Card(_("{step}: no hints here").format(step=step), (_("It is judged outside of this lab."),))


def no_instrument() -> Card:
    """In place of a trace."""
    return Card(_("The instrument is not in this lab"), (_("Who works in it is judged, not netlab."),))
