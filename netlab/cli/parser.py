"""argparse, in the language that is spoken, with its complaints as errors of ours."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

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


class Parser(argparse.ArgumentParser):
    """Wrong words are one of our errors, so that they read like all others."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(
            _("{command}: {complaint}.").format(command=self.prog, complaint=message), f"{self.prog} --help"
        )


def speak() -> None:
    """From now on argparse takes its words from our catalogue."""
    for name in ("gettext", "ngettext"):
        setattr(argparse, {"gettext": "_"}.get(name, name), getattr(i18n, name))


def wanted_language(arguments: Sequence[str]) -> str:
    """What stands behind --lang, before the others are read: the help is in that language already."""
    asked = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    asked.add_argument("--lang", nargs="?", default="", const="")
    return str(asked.parse_known_args(arguments)[0].lang)
