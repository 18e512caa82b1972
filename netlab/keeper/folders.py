"""The folders of a user's labs: made for a new one, set aside and removed for one that has ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from netlab.errors import BadInput, LabError
from netlab.i18n import gettext as _
from netlab.keeper import address
from netlab.keeper.address import HOME

SECONDS_TO_END = 10.0  # of a keeper, and of what it kept
OLD = 60.0  # seconds that the folder of a lab without a keeper is left alone
REMOVE = ("rm", "-rf", "--one-file-system", "--")  # this and the next follow no links
OPEN = ("chmod", "-R", "u+rwX", "--")


def set_aside(name: str) -> str:
    """Give up the lab's folder, if there is one: its path from now on, or ""."""
    aside = f"{address.ENDED}{name}-{time.time_ns()}"
    try:
        os.rename(address.folder(name), address.base() / aside)
    except FileNotFoundError:
        return ""
    return str(address.base() / aside)


def remove(folder: str) -> None:
    """Delete a folder in which a learner may have nested others as deeply as they liked, and shut them."""
    for command in (REMOVE, OPEN, REMOVE):
        if os.path.lexists(folder):
            subprocess.run([*command, folder], stderr=subprocess.DEVNULL, check=False)


def remove_leavings() -> None:
    """The folders of labs whose keeper was killed, or whose end was interrupted before all was removed."""
    with address.turns():
        left = [name for name in os.listdir(address.base()) if not name.startswith(".")]
        for name in left:
            if _age(name) > OLD and not address.is_up(name):
                set_aside(name)
    for name in os.listdir(address.base()):
        number = name.rpartition("-")[2]
        if name.startswith(address.ENDED) and number.isdigit():
            seconds = time.time() - int(number) / 1e9
            if seconds > 3 * SECONDS_TO_END:  # for each of two that are waited for, and the removing
                remove(str(address.base() / name))


def _age(name: str) -> float:
    """Seconds since something was put into the lab's folder; 0 where it has just gone."""
    with suppress(OSError):
        return time.time() - os.lstat(address.folder(name)).st_mtime
    return 0.0


def prepare_base() -> None:
    """The folder of this user's labs. LabError where it cannot be made, or is somebody else's; BadInput."""
    base = address.base()
    if any(base.resolve().is_relative_to(tree) for tree in (HOME, sys.prefix, sys.base_prefix)):
        raise BadInput(
            _("The labs' folder {folder} lies where labs can see it.").format(folder=base),
            _("Set NETLAB_EXCHANGE to a folder outside of {home}.").format(home=HOME),
        )
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        address.check_owner(os.lstat(base), base)
        os.chmod(base, 0o700)
    except OSError as error:
        raise refusal(base, error) from error


def make(name: str) -> None:
    """The folder of a new lab, and those in it: its owner's alone. OSError."""
    for folder in (place := address.folder(name), place / address.EXCHANGE, place / "root"):
        folder.mkdir(mode=0o700)
        os.chmod(folder, 0o700)  # whatever the umask


def refusal(folder: Path, error: OSError) -> LabError:
    """What is said when a folder of labs cannot be made."""
    return LabError(
        _("The lab's folder {folder} cannot be made: {strerror}.").format(
            folder=folder, strerror=error.strerror
        ),
        _("Make room there, or set NETLAB_EXCHANGE to a folder of yours."),
    )
