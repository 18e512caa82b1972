"""The lessons as data: their order, how each begins, its steps, hints and known wrong turns.

Read from labs/lessons.toml; in another language their texts from labs/lessons.zh.toml, where every lesson and
every step has its id and nothing but texts. Nothing here touches a lab.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from netlab.errors import BadInput, look_up
from netlab.i18n import LANGUAGES, language
from netlab.i18n import gettext as _

LABS = Path(__file__).resolve().parents[2] / "labs"
TEXTS = (
    "step",
    "recall",
    "why",
    "title",
    "begin",
    "hints",
    "prediction",
    "answer",
    "question",
    "options",
)  # what is translated


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the learner. Without options it takes free text."""

    text: str
    options: Mapping[str, str]  # key to type: what it means
    right: str = ""  # the key that the experiment bears out
    command: str = ""  # prints the right answer, where only a running lab knows it
    proof: bool = False  # the answer is a command, which is run when it is given
    observe: str = ""  # what a capture tells about it: "answered", "last seen", "source outside"


@dataclass(frozen=True, slots=True)
class WrongTurn:
    """What people type instead of the solution, and the hint the check must answer with.

    `predict` and `answer` stand for the right ones when None, for none at all when empty.
    """

    name: str
    hint: str
    commands: str = ""
    predict: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """What a step asks for, and no picture tells before it was answered."""

    sysctl: str  # "net.ipv4.ip_forward"
    cause: str  # of netlab.diagnosis.causes


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lesson."""

    id: str  # "03.2"
    title: str
    points: int
    begin: str  # what is so before the step is done
    solution: str  # the lecture's commands; empty where there is only something to observe
    hints: tuple[str, ...]
    wrong_turns: tuple[WrongTurn, ...]
    prediction: Question | None = None
    answer: Question | None = None
    secret: Secret | None = None
    python: str = ""  # what is typed instead of the commands where the lesson is in Python


@dataclass(frozen=True, slots=True)
class Recall:
    """A question about an earlier lesson, asked before this one begins. Nothing depends on its answer."""

    id: str  # "05.a"
    of: str  # the lesson that it is about
    question: Question
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson: a notebook, and the state in which it begins."""

    id: str  # "03"
    slug: str
    title: str
    start: str  # shell commands that bring a fresh lab there
    steps: tuple[Step, ...]
    minutes: int  # about how long it takes
    recall: tuple[Recall, ...] = ()
    gym: bool = False  # it begins with a fault; a variant has one of its own
    judged: bool = False  # outside of the lab that shows it, which has neither checks nor answers
    report: str = ""  # in such a lab: what is measured of the gym's fault, which is in it already

    @property
    def stem(self) -> str:
        """The file name of its source and of its notebook, without the ending."""
        return f"{self.id}-{self.slug}"

    def step(self, id: str) -> Step:
        """The step of that id; UnknownName if there is none."""
        return look_up(
            _("step in lesson {id}").format(id=self.id), id, {step.id: step for step in self.steps}
        )


LANDING = Lesson("00", "start-here", "", "", (), 0)  # a page like a lesson's; nothing in it is graded


def pages() -> tuple[Lesson, ...]:
    """All that notebooks are made of: the landing page, and the lessons."""
    return (LANDING, *lessons())


def lessons(file: Path = LABS / "lessons.toml") -> tuple[Lesson, ...]:
    """All lessons in the order in which they are taught, in the language that is spoken."""
    spoken = language()
    texts = file.with_suffix(f".{spoken}.toml")
    return _load(file, texts if spoken != LANGUAGES[0] and texts.is_file() else None)


def lesson(id: str | int) -> Lesson:
    """The lesson of that id, "4" and 4 as well as "04"; UnknownName if there is none."""
    named = str(id).zfill(2) if str(id).isdecimal() else str(id)
    return look_up(_("lesson"), named, {lesson.id: lesson for lesson in lessons()})


def step(id: str) -> Step:
    """The step of that id, of whichever lesson; UnknownName if there is none."""
    return look_up(_("step"), id, {step.id: step for lesson in lessons() for step in lesson.steps})


@cache
def _load(file: Path, texts: Path | None) -> tuple[Lesson, ...]:
    entries = _read(file)
    if texts:
        translate(entries, _read(texts), texts.name)
    try:
        return tuple(_lesson(entry) for entry in entries)
    except (KeyError, TypeError) as error:
        raise _unreadable(file, error) from error


def _read(file: Path) -> list[dict[str, Any]]:
    import tomllib

    try:
        entries: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["lesson"]
        return entries
    except FileNotFoundError as error:
        raise BadInput(
            _("There is no file {file}: the lessons stand in it.").format(file=file),
            _("Run netlab from a complete checkout of the project."),
        ) from error
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> BadInput:
    return BadInput(
        _("{file} cannot be read as lessons: {error}.").format(file=file, error=error),
        _("Compare it with the fields listed in its first lines."),
    )


def translate(entries: Sequence[dict[str, Any]], texts: Sequence[Mapping[str, Any]], name: str) -> None:
    """Put the texts of another language into lessons, steps or questions, by their ids. BadInput for more."""
    known = {entry["id"]: entry for entry in entries}
    for text in texts:
        id = text.get("id", "")
        if id not in known:
            raise BadInput(
                _("{name}: there is no lesson, step or question {id!r} to translate.").format(
                    name=name, id=id
                ),
                _("Correct its id."),
            )
        _put(known[id], text, f"{name}, {id}")


def _put(entry: dict[str, Any], texts: Mapping[str, Any], place: str) -> None:
    for key, text in texts.items():
        if key == "id":
            continue
        ours: Any = entry.get(key)
        if key not in TEXTS or type(ours) is not type(text) or (key == "hints" and len(ours) != len(text)):
            raise BadInput(
                _("{place}: {key!r} is no text of it, or not of the same form.").format(place=place, key=key),
                _("Compare it with labs/lessons.toml."),
            )
        if key in ("step", "recall"):
            translate(ours, text, place)
        elif key == "options" and ours.keys() != text.keys():
            raise BadInput(
                _("{place}: its options are not {ours}.").format(place=place, ours=", ".join(ours)),
                _("Translate their meanings alone."),
            )
        elif isinstance(text, dict) and key != "options":
            _put(ours, text, f"{place}, {key}")
        else:
            entry[key] = text


def _lesson(entry: Mapping[str, Any]) -> Lesson:
    return Lesson(
        id=entry["id"],
        slug=entry["slug"],
        title=entry["title"],
        start=entry["start"].strip(),
        steps=tuple(_step(step) for step in entry["step"]),
        minutes=entry["minutes"],
        recall=tuple(_recall(recall) for recall in entry.get("recall", ())),
        gym=entry.get("gym", False),
        judged=entry.get("judged", False),
        report=entry.get("report", ""),
    )


def _step(entry: Mapping[str, Any]) -> Step:
    return Step(
        id=entry["id"],
        title=entry["title"],
        points=entry["points"],
        begin=entry["begin"],
        solution=entry.get("solution", "").strip(),
        python=entry.get("python", "").strip("\n"),
        hints=tuple(entry["hints"]),
        wrong_turns=tuple(_wrong_turn(turn) for turn in entry["wrong_turn"]),
        prediction=_question(entry.get("prediction")),
        answer=_question(entry.get("answer")),
        secret=Secret(**entry["secret"]) if "secret" in entry else None,
    )


def _wrong_turn(entry: Mapping[str, Any]) -> WrongTurn:
    return WrongTurn(**{**entry, "commands": entry.get("commands", "").strip()})


def _recall(entry: Mapping[str, Any]) -> Recall:
    return Recall(entry["id"], entry["of"], _put_question(entry), entry["why"])


def _question(entry: Mapping[str, Any] | None) -> Question | None:
    return None if entry is None else _put_question(entry)


def _put_question(entry: Mapping[str, Any]) -> Question:
    rest = {key: entry[key] for key in ("right", "command", "proof", "observe") if key in entry}
    return Question(text=entry["question"], options=entry.get("options", {}), **rest)
