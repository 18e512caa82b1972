"""A question of a lesson as the output of its cell: with buttons where the desk is, else a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netlab.display import Card
from netlab.i18n import gettext as _
from netlab.lessons.content import Question
from netlab.lessons.questions import ask

MIME = "application/vnd.netlab.question+json"  # netlab/jupyter/labextensions/netlab-desk/static/question.js


@dataclass(frozen=True, slots=True)
class Asked(Card):
    """A card that a page with the desk shows as a form: `form` is what that is made of."""

    form: dict[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **words: Any) -> dict[str, Any]:
        return {MIME: self.form}


def ask_on_page(kind: str, step: str, title: str, question: Question) -> Asked:
    """The question before ("predict") or after ("answer") the experiment of that step."""
    card = ask(title, question, f'lab.{kind}("{step}", …)')
    form = {
        "kind": kind,
        "step": step,
        "title": title,
        "text": question.text,
        "options": [[key, meaning] for key, meaning in question.options.items()],
        "typed": f'lab.{kind}("{step}", …)',
        "submit": _("Say so"),
        "away": _("Run the first cell of the notebook: then you can answer here."),
    }
    return Asked(card.title, card.lines, card.code, form)
