"""Every error that netlab raises on purpose, as one tree.

NetlabError                 catch this to catch all of them
├── LabError                the lab as a whole
│   ├── LabNotFound         no lab of that name is up
│   ├── LabAlreadyUp        a lab of that name is up already
│   ├── LabDied             the lab went away while it was being used
│   └── SandboxRefused      the machine does not let us make the lab's namespaces
├── ToolMissing             a program that the lab needs is not installed
├── UnknownName             a node, interface, lesson, check, … that does not exist
├── CommandFailed           a command in the lab ended with a status other than 0
├── CaptureRefused          the kernel would not let us capture there
├── EngineError             the container engine could not do what was asked
└── BadInput                an argument that makes no sense, with the ones that do

Each message says what happened and why; `next_step` says what to do now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netlab.i18n import LANGUAGES, VARIABLE
from netlab.i18n import gettext as _

TYPE_CHECKING = False  # of typing, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


class NetlabError(Exception):
    """What happened, why, and what to do next.

    `what` is a full sentence that names the object; `next_step` is a sentence or a command.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what, self.next_step = _show(what), _show(next_step)

    def __str__(self) -> str:
        if not self.next_step:
            return self.what
        return self.what + "\n  " + _("Next: {step}").format(step=self.next_step)


def _show(text: str) -> str:
    """The text, of which a part may be what a lab has said."""
    if text.isprintable():
        return text
    from netlab.display import printable  # here: most that runs meets no such error

    return printable(text)


class LabError(NetlabError):
    """Something is wrong with the lab as a whole."""


class LabNotFound(LabError):
    """No lab of that name is up."""


class LabAlreadyUp(LabError):
    """A lab of that name is up already."""


class LabDied(LabError):
    """The lab went away while it was being used."""


class SandboxRefused(LabError):
    """The machine does not let an ordinary user make the lab's namespaces."""


class ToolMissing(NetlabError):
    """A program that the lab needs is not installed."""


class UnknownName(NetlabError):
    """A name that does not exist, with the names that do."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        from difflib import get_close_matches  # here: most that runs meets no such error

        name, names = str(name), sorted(known)  # whatever somebody has handed over
        close = get_close_matches(name, names, n=1)
        hint = _("Did you mean {name!r}?").format(name=close[0]) + " " if close else ""
        listed = ", ".join(names) if names else _("none yet")
        what = _("There is no {kind} {name!r}.").format(kind=kind, name=name)
        super().__init__(what, hint + _("Known: {names}.").format(names=listed))
        self.kind, self.name, self.known = kind, name, tuple(names)


def look_up(kind: str, name: str, known: Mapping[str, T]) -> T:
    """What is known by that name; UnknownName with that kind of thing."""
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]


class CommandFailed(NetlabError):
    """A command in the lab ended with a status other than 0."""


class CaptureRefused(NetlabError):
    """The kernel would not let us capture there."""


class EngineError(NetlabError):
    """The container engine could not do what was asked."""


class BadInput(NetlabError):
    """An argument that makes no sense, with the ones that do."""


def check_language(wanted: str) -> None:
    """BadInput unless that is one of our languages, or nothing."""
    if wanted and wanted not in LANGUAGES:
        raise BadInput(
            _("There is no language {wanted!r} ({variable} or --lang).").format(
                wanted=wanted, variable=VARIABLE
            ),
            _("Languages: {languages}.").format(languages=", ".join(LANGUAGES)),
        )
