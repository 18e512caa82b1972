"""The users of a lab with real Docker: many, for the files of an image belong to many."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from netlab.engines.docker import tools
from netlab.errors import SandboxRefused, ToolMissing
from netlab.i18n import gettext as _
from netlab.linux.sandbox.unshare import Identity

ENOUGH = 65535  # with the user himself, as many as images may name
FREE = "100000-165535"  # what useradd gives to a machine's first user
HELPERS = ("newuidmap", "newgidmap")


def identity() -> Identity:
    """As root the lab's usual one; for an ordinary user his own ids, and behind them his subordinate ones."""
    if os.geteuid() == 0:
        return Identity.here()
    missing = [helper for helper in HELPERS if not shutil.which(helper)]
    if missing:
        raise ToolMissing(
            _("For a user other than root the docker engine needs {missing}.").format(
                missing=_(" and ").join(missing)
            ),
            _("sudo apt-get install uidmap (or your system's). {without}").format(without=_(tools.WITHOUT)),
        )
    uids, gids = _range("/etc/subuid"), _range("/etc/subgid")
    return Identity(((os.geteuid(), 1), uids), ((os.getegid(), 1), gids), by_helpers=True)


def _range(file: str) -> tuple[int, int]:
    """This user's range of subordinate ids there; SandboxRefused with the cure when there is none."""
    user = name()
    try:
        lines = Path(file).read_text()
    except OSError:
        lines = ""
    found = parse(lines, {user, str(os.geteuid())})
    if found is None:
        raise SandboxRefused(
            _(
                "Real Docker needs {enough} or more subordinate ids for {user}, and {file} "
                "does not give them."
            ).format(enough=ENOUGH, user=user, file=file),
            _(
                "Ask the machine's administrator for: sudo usermod --add-subuids {free} "
                "--add-subgids {free} {user} (another range where somebody has that one). "
                "{without}"
            ).format(free=FREE, user=user, without=_(tools.WITHOUT)),
        )
    return found


def parse(lines: str, names: set[str]) -> tuple[int, int] | None:
    """The first range (first id, how many) in subuid(5) that is large enough for one of these names."""
    for line in lines.splitlines():
        owner, _, numbers = line.strip().partition(":")
        first, _, count = numbers.partition(":")
        if owner in names and first.isdigit() and count.isdigit() and int(count) >= ENOUGH:
            return int(first), min(int(count), 65536)
    return None


def name() -> str:
    """Who this process runs as: a name, or the number of a user without one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
