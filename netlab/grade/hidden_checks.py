"""Hidden checks: a teacher's file of further checks, which is in nothing that learners get.

[[check]]
lesson = "04"
title = "The container knows its way"
points = 1
needs = ["04.2"]            # optional: the steps without which it is not worth looking
expect = [
  { DefaultRoute = { gateway = "172.17.0.1" } },
  { Reaches = { node = "if-test", destination = "172.17.0.1", owner = "host" } },
]

What may be expected is in netlab/checks: its names, with the fields of each. Words are the lecture's.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlab import checks
from netlab.checks import CHECKS
from netlab.checks.expectations import bridge, containers, default_route, gym, links, reachability
from netlab.checks.runner import Check, Expectation
from netlab.errors import BadInput, NetlabError, UnknownName
from netlab.i18n import gettext as _
from netlab.lessons.content import Step, lesson
from netlab.notebook.lesson_lab import LessonLab

EXPECTATIONS: Mapping[str, type[Expectation]] = {
    name: kind
    for module in (bridge, containers, default_route, gym, links, reachability)
    for name, kind in vars(module).items()
    if getattr(kind, "__module__", "") == module.__name__ and hasattr(kind, "trouble")
}
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hidden:
    """One hidden check: as it stands in the file, and ready to be run."""

    lesson: str
    entry: Entry
    check: Check

    def as_test(self) -> str:
        """Python for a test cell of another grader; what fails does not say what was looked at."""
        return (
            "from netlab.grade import hidden_checks as hidden\n"
            f"hidden.require(get_ipython().user_ns.get('lab'), {json.loads(json.dumps(self.entry))})"
        )


def read(file: Path) -> tuple[Hidden, ...]:
    """The checks of that file; BadInput or UnknownName says what is wrong with it."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))["check"]
        return tuple(of(entry, number) for number, entry in enumerate(entries, 1))
    except OSError as error:
        raise BadInput(
            _("{file} cannot be read: {strerror}.").format(file=file, strerror=error.strerror),
            _("Name the file of hidden checks."),
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            _("{file} cannot be read as hidden checks: {name}: {error}.").format(
                file=file, name=type(error).__name__, error=error
            ),
            _("Compare it with the first lines of netlab/grade/hidden_checks.py."),
        ) from error


def digest(checks: Sequence[Hidden]) -> str:
    """What tells one set of hidden checks from another; "" for none."""
    if not checks:
        return ""
    return hashlib.sha256(json.dumps([each.entry for each in checks], sort_keys=True).encode()).hexdigest()


def of(entry: Entry, number: int = 1) -> Hidden:
    """One entry of the file as a check. KeyError, TypeError, ValueError, UnknownName."""
    expects = tuple(_expectation(name, words) for each in entry["expect"] for name, words in each.items())
    if not expects:
        raise ValueError(_("{title} expects nothing").format(title=entry["title"]))
    for step in entry.get("needs", ()):
        if step not in CHECKS:
            raise UnknownName(_("step"), step, CHECKS)
    id = f"{lesson(entry['lesson']).id}.h{number}"
    step = Step(id, str(entry["title"]), int(entry["points"]), _("the lesson is over"), "", (), ())
    return Hidden(entry["lesson"], entry, Check(id, expects, tuple(entry.get("needs", ())), step))


def _expectation(name: str, words: Mapping[str, Any]) -> Expectation:
    if name not in EXPECTATIONS:
        raise UnknownName(_("expectation"), name, EXPECTATIONS)
    return EXPECTATIONS[name](**words)


def require(lab: LessonLab | None, entry: Entry) -> None:
    """For a test cell of another grader: an error that does not say what was looked at, unless it holds."""
    if lab is not None:
        said = lab.progress.predictions(lab.lesson.id), lab.progress.answers(lab.lesson.id)
        check = of(entry).check
        if checks.check(lab.lab, check.id, *said, variant=lab.variant, further=[check]).passed:
            return
    raise NetlabError(_("A further check is not passed."))
