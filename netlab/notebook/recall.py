"""Three questions about earlier lessons, before a lesson begins: what is remembered stays."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

from netlab.display import Card
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson, Recall
from netlab.lessons.progress import Progress
from netlab.lessons.questions import check_known


def ask(lesson: Lesson, progress: Progress, keys: Sequence[str | EllipsisType]) -> Card:
    """The lesson's questions, and of those that are answered whether that is right, and why.

    One key for each question, in their order; `...` for one that is still open. UnknownName for what is no
    option of it. The first answer to each is noted.
    """
    lines: list[str] = []
    for number, recall in enumerate(lesson.recall):
        key = keys[number] if number < len(keys) else ...
        lines.append(f"{number + 1}. {recall.question.text}")
        if isinstance(key, EllipsisType):
            lines += [f'    "{key}": {meaning}' for key, meaning in recall.question.options.items()]
        else:
            check_known(recall.question, key)
            progress.record_recalled(lesson.id, recall.id, key)
            lines.append("    " + _comment(recall, key))
    known = [key == recall.question.right for key, recall in zip(keys, lesson.recall, strict=False)]
    return Card(_title(lesson, known, done=... not in keys and len(keys) >= len(lesson.recall)), tuple(lines))


def _comment(recall: Recall, key: str) -> str:
    options, right = recall.question.options, recall.question.right
    if key == right:
        return _("✔ {meaning}. {why}").format(meaning=options[key], why=recall.why)
    return _("✘ {meaning}? No: {right}. {why} (lesson {lesson})").format(
        meaning=options[key], right=options[right], why=recall.why, lesson=recall.of
    )


def _title(lesson: Lesson, known: Sequence[bool], done: bool) -> str:
    if not done:
        return _(
            "Do you remember? lab.recall(…, …, …) with one key for each, and ... for what you do not know yet"
        )
    return _("{known} of {questions} remembered").format(known=sum(known), questions=len(lesson.recall))
