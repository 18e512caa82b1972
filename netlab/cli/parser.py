"""argparse, in the language that is spoken, with its complaints as errors of ours."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from netlab import i18n
from netlab.errors import BadInput
from netlab.i18n import N_
from netlab.i18n import gettext as _

# What argparse itself says; it looks these up when it says them.
WORDS = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("ignored explicit argument %r"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)


# In the help of the whole: the command that a group begins with, and the group's heading with an example.
GROUPS = {
    "jupyter": N_("Learn, for example ./run goto 04"),
    "up": N_("Look, for example ./run shell if-test"),
    "trace": N_("Debug, for example ./run trace --from if-test 39.106.233.176"),
    "grade": N_("Teach, for example ./run grade submitted/"),
    "doctor": N_("Set up and develop, for example ./run doctor"),
}


class _Formatter(argparse.HelpFormatter):
    """Commands come in groups."""

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        return f"\n  {_(GROUPS[action.dest])}\n{text}" if action.dest in GROUPS else text


class Parser(argparse.ArgumentParser):
    """Wrong words are one of our errors, so that they read like all others."""

    def __init__(self, **how: Any) -> None:
        super().__init__(formatter_class=_Formatter, **how)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """As argparse does; a slip of the finger gets the word that was meant. BadInput, ArgumentError."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from difflib import get_close_matches  # here: who types well does not need it

            near = get_close_matches(str(value), map(str, action.choices or ()), 1)
            if not near:
                raise
            raise BadInput(
                self._complain(_("there is no {value}").format(value=value)),
                _("Did you mean {name}?").format(name=near[0]),
            ) from error

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; what stands too far behind is told where it belongs. BadInput."""
        chosen, rest = self.parse_known_args(args, namespace)
        if not rest:
            return chosen
        verb, name = getattr(chosen, "verb", None) or "", rest[0].partition("=")[0]
        if any(name in action.option_strings for action in self._actions):
            raise BadInput(
                _("{option} stands before the command.").format(option=name), f"./run {name} … {verb} …"
            )
        said = _("{command} does not take {words}.").format(command=verb or "./run", words=" ".join(rest))
        raise BadInput(said, " ".join(filter(None, ("./run", verb, "--help"))))

    def error(self, message: str) -> NoReturn:
        raise BadInput(self._complain(message), f"{self.prog} --help".replace("netlab", "./run", 1))

    def _complain(self, complaint: str) -> str:
        """With the command that it is about, unless that is the whole."""
        command = self.prog.partition(" ")[2]
        if not command:
            return complaint[:1].upper() + complaint[1:] + "."
        return _("{command}: {complaint}.").format(command=command, complaint=complaint)


def speak() -> None:
    """From now on argparse takes its words from our catalogue."""
    for name in ("gettext", "ngettext"):
        setattr(argparse, {"gettext": "_"}.get(name, name), getattr(i18n, name))


def wanted_language(arguments: Sequence[str]) -> str:
    """What stands behind --lang, before the others are read: the help is in that language already."""
    asked = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    asked.add_argument("--lang", nargs="?", default="", const="")
    return str(asked.parse_known_args(arguments)[0].lang)
