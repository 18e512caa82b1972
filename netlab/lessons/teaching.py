"""One page for a lesson's teacher: its goal, its minutes, what to ask, what goes wrong, and the answers.

Made of labs/teaching.toml and of the lessons themselves: wrong turns and solutions are those of the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netlab.i18n import LANGUAGES, language, speaking
from netlab.i18n import gettext as _
from netlab.lessons.content import LABS, Lesson, Step, lessons

DOCS = LABS.parent / "docs"


def write_pages() -> list[Path]:
    """Write each lesson's page in each language."""
    written = []
    for tongue in LANGUAGES:
        with speaking(tongue):
            for lesson in lessons():
                file = page_of(lesson)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(page(lesson), encoding="utf-8")
                written.append(file)
    return written


def page_of(lesson: Lesson) -> Path:
    """Where that lesson's page is, in the language that is spoken."""
    spoken = language()
    return DOCS / ("" if spoken == LANGUAGES[0] else spoken) / "teaching" / f"{lesson.stem}.md"


def page(lesson: Lesson) -> str:
    """The page, as Markdown, in the language that is spoken."""
    texts = _read()
    about = next(entry for entry in texts["lesson"] if entry["id"] == lesson.id)
    goal, needs, expected = _("Goal."), _("Before it."), _("Expected:")
    minutes = _("{minutes} minutes").format(minutes=sum(row[0] for row in about["plan"]))
    parts = [
        f"# {lesson.id} · {lesson.title}",
        _other_language(lesson),
        f"**{goal}** {about['goal']}",
        f"**{needs}** {about['needs']}",
        f"## {minutes}",
        _table((_("min"), _("what to do")), [(str(row[0]), row[1]) for row in about["plan"]]),
        "## " + _("To discuss"),
        "\n".join(f"- {question}" for question in about["discuss"]),
        "## " + _("What learners get wrong"),
        _("Each has its own hint; the check notices it."),
        "\n".join(_wrong_turns(lesson, texts.get("wrong_turns", {}))),
        "## " + _("On the way out"),
        about["ticket"],
        f"*{expected}* {about['answer']}",
        "## " + _("Answers"),
        *(part for step in lesson.steps for part in _answers(step)),
    ]
    return "\n\n".join(parts) + "\n"


def _read() -> dict[str, Any]:
    import tomllib

    spoken = language()
    name = "teaching.toml" if spoken == LANGUAGES[0] else f"teaching.{spoken}.toml"
    return tomllib.loads((LABS / name).read_text(encoding="utf-8"))


def _other_language(lesson: Lesson) -> str:
    if language() == LANGUAGES[0]:
        return f"[中文](../zh/teaching/{lesson.stem}.md)"
    return f"[English](../../teaching/{lesson.stem}.md)"


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {left} | {right} |" for left, right in lines)


def _wrong_turns(lesson: Lesson, called: Mapping[str, str]) -> Iterator[str]:
    for step in lesson.steps:
        names = "; ".join(called.get(turn.name, turn.name) for turn in step.wrong_turns)
        yield f"- **{step.id}** {names}"


def _answers(step: Step) -> Iterator[str]:
    lines = []
    for question in (step.prediction, step.answer):
        if question and question.right:
            lines.append(f"- {question.text} → {question.options.get(question.right, question.right)}")
        elif question and question.command:
            lines.append(f"- {question.text} → `{question.command}`")
    yield f"**{step.id} {step.title}**"
    if lines:
        yield "\n".join(lines)
    typed, kind = (step.python, "python") if step.python else (step.solution, "sh")
    if typed:
        yield f"```{kind}\n{typed}\n```"
