"""What a learner has done so far, kept in one small file between sittings.

The file is written beside itself and then put in its place, so that it is whole at any moment. The lab can
write to its folder, too: so nothing there is followed, or waited for.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from netlab.i18n import gettext as _
from netlab.lessons.content import LABS
from netlab.linux import files
from netlab.model import codec

VARIABLE = "NETLAB_PROGRESS"
LARGEST = 1 << 22  # bytes of the file

Record = dict[str, dict[str, Any]]  # by lesson id: "visited", "passed", "predictions", "answers", "attempts"


def default_path(folder: Path = LABS) -> Path:
    """Where progress is kept: $NETLAB_PROGRESS, or a hidden file in the folder, that of the lessons."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else folder / ".progress.json"


class Progress:
    """One learner's record. What cannot be saved is kept until the notebook ends, and said once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._notes: list[str] = []
        self._unsaved: Record | None = None

    def notes(self) -> list[str]:
        """What went wrong with the file since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def passed_steps(self, lesson: str) -> Mapping[str, str]:
        """The steps passed, with the time of the first success."""
        return self._part(self._read(), lesson, "passed")

    def predictions(self, lesson: str) -> Mapping[str, str]:
        """What was predicted since the lesson was last begun, by step."""
        return self._part(self._read(), lesson, "predictions")

    def answers(self, lesson: str) -> Mapping[str, str]:
        """What was answered since the lesson was last begun, by step."""
        return self._part(self._read(), lesson, "answers")

    def first_answers(self, lesson: str) -> Mapping[str, str]:
        """What was answered first since the lesson began: that counts for points, later ones teach."""
        return self._part(self._read(), lesson, "first_answers")

    def memories(self, lesson: str) -> Mapping[str, str]:
        """What was answered first to the questions about earlier lessons, ever."""
        return self._part(self._read(), lesson, "recalled")

    def last_visit(self, lesson: str) -> str:
        """When the lesson was last begun; "" if never."""
        return str(self._read().get(lesson, {}).get("visited", ""))

    def attempts(self, lesson: str) -> Sequence[Mapping[str, Any]]:
        """The gym's log: one table a fault that was fixed, as netlab.faults.training has it."""
        kept: list[dict[str, Any]] = self._read().get(lesson, {}).get("attempts", [])
        return kept

    def record_attempt(self, lesson: str, attempt: Mapping[str, Any]) -> None:
        """One more in that log."""
        self._update(lambda r: r.setdefault(lesson, {}).setdefault("attempts", []).append(dict(attempt)))

    def begin(self, lesson: str) -> None:
        """A new sitting. What was passed stays; the experiments are made anew, and so are the predictions."""

        def change(record: Record) -> None:
            part = record.setdefault(lesson, {})
            part.update(visited=_now(), predictions={}, answers={}, first_answers={})

        self._update(change)

    def record_passed(self, lesson: str, step: str) -> None:
        """Note that a step was passed, now; the first time counts."""
        self._update(lambda r: self._part(r, lesson, "passed").setdefault(step, _now()))

    def record_prediction(self, lesson: str, step: str, key: str) -> None:
        """Note what was predicted; the last one counts."""
        self._update(lambda r: self._part(r, lesson, "predictions").update({step: key}))

    def record_answer(self, lesson: str, step: str, key: str) -> None:
        """Note what was answered."""

        def change(record: Record) -> None:
            self._part(record, lesson, "answers").update({step: key})
            self._part(record, lesson, "first_answers").setdefault(step, key)

        self._update(change)

    def record_recalled(self, lesson: str, question: str, key: str) -> None:
        """Note what was answered to a question about an earlier lesson; the first time counts."""
        self._update(lambda r: self._part(r, lesson, "recalled").setdefault(question, key))

    def _part(self, record: Record, lesson: str, name: str) -> dict[str, str]:
        part: dict[str, str] = record.setdefault(lesson, {}).setdefault(name, {})
        return part

    def _read(self) -> Record:
        if self._unsaved is not None:
            return self._unsaved
        try:
            content = codec.parse(files.read(str(self.path.parent), self.path.name, LARGEST))
            return _parse(content)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._keep_in_memory({}, error)
            return {}
        except (ValueError, TypeError, AttributeError):
            self._set_aside()
            return {}

    def _set_aside(self) -> None:
        aside = self.path.with_name(self.path.name + ".bak")
        try:
            self.path.replace(aside)
        except OSError as error:
            self._keep_in_memory({}, error)
            return
        self._notes.append(
            _("{path} could not be read. It is kept as {name}; progress starts from the beginning.").format(
                path=self.path, name=aside.name
            )
        )

    def _update(self, change: Callable[[Record], object]) -> None:
        record: Record = {}
        try:
            with _lock(self.path.parent):
                record = self._read()
                change(record)
                if self._unsaved is None:
                    self._write(record)
        except OSError as error:
            record = record or self._read()
            change(record)
            self._keep_in_memory(record, error)

    def _write(self, record: Record) -> None:
        content = json.dumps({"version": 1, "lessons": record}, indent=1, sort_keys=True)
        files.replace(str(self.path.parent), self.path.name, content.encode(), lasting=True)

    def _keep_in_memory(self, record: Record, error: OSError) -> None:
        if self._unsaved is None:
            self._notes.append(
                _(
                    "Progress cannot be kept in {path} ({strerror}): it lasts as long as "
                    "this notebook. To keep it, name a file that can be written in "
                    "{variable}."
                ).format(path=self.path, strerror=error.strerror, variable=VARIABLE)
            )
        self._unsaved = record


def _parse(content: Any) -> Record:
    """The record in a file's content; TypeError if it is not one."""
    lessons = content["lessons"] if isinstance(content, dict) and "lessons" in content else None
    if not isinstance(lessons, dict):
        raise TypeError("no lessons in it")
    for lesson in lessons.values():
        for part in ("passed", "predictions", "answers", "first_answers", "recalled"):
            entries = lesson.get(part, {})
            if not isinstance(entries, dict) or not all(isinstance(e, str) for e in entries.values()):
                raise TypeError(_("{part} is not a table of texts").format(part=part))
        attempts = lesson.get("attempts", [])
        if not isinstance(attempts, list) or not all(isinstance(attempt, dict) for attempt in attempts):
            raise TypeError(_("{part} is not a list of tables").format(part="attempts"))
    return lessons


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Two notebooks that save at once take turns. The folder is the lock: the file itself is replaced."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
