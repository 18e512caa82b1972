"""A question as the notebook puts it to the learner."""

from __future__ import annotations

from netlab.cards import Card
from netlab.errors import UnknownName
from netlab.language import gettext as _
from netlab.lessons import Question


def ask(title: str, question: Question, call: str) -> Card:
    options = [f'"{key}": {meaning}' for key, meaning in question.options.items()]
    how = (
        _("{call} with one of:").format(call=call) if options else _("{call} with its name").format(call=call)
    )
    return Card(title, (question.text, how, *options))


def check_known(question: Question, key: str) -> None:
    if key not in question.options:
        raise UnknownName(_("option"), str(key), question.options)
