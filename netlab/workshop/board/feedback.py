"""Giving the learners back what became of their notebooks: a page for each, on their own disks.

`python -m netlab.workshop.board.feedback FOLDER`, as root with {learner's number: [results' names]} on
standard input, sees their disks in a mount namespace of its own and writes NAME.html into the folder
`feedback` there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from netlab import display
from netlab.errors import LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.workshop import disk
from netlab.workshop.state import State

PLACE, PAGE = "feedback", "feedback.html"
LARGEST = 4 << 20  # bytes of a page


def give_back(state: State, graded: Mapping[int, Sequence[str]], out: Path) -> list[NetlabError]:
    """Lay each learner's pages of the results in `out` on their disk; whose disks could not be written."""
    disk.own_mounts()
    failed: list[NetlabError] = []
    for number, names in graded.items():
        uid = state.settings().first_uid + number
        try:
            pages = {f"{name}.html": files.read_in(out / name / PAGE, LARGEST) for name in names}
            write(disk.mount(state.disk(number), uid) / "labs", pages, uid)
        except NetlabError as error:
            failed.append(error)
        except OSError as error:
            why = _("Learner {number}'s feedback could not be written: {why}.")
            failed.append(
                LabError(why.format(number=number, why=error.strerror), _("Collect and grade again."))
            )
    return failed


def write(labs: Path, pages: Mapping[str, bytes], uid: int) -> None:
    """Into that folder's own folder for it, made if need be, behind no link. OSError."""
    with files.folder(labs) as top:
        with suppress(FileExistsError):
            os.mkdir(PLACE, 0o755, dir_fd=top)
            os.chown(PLACE, uid, -1, dir_fd=top, follow_symlinks=False)
        with files.below(top, (PLACE,)) as folder:
            for name, content in pages.items():
                files.replace(folder, name, content, 0o644)


if __name__ == "__main__":
    wanted = {int(number): names for number, names in json.load(sys.stdin).items()}
    troubles = give_back(State.of_environment(), wanted, Path(sys.argv[1]))
    for trouble in troubles:
        print(f"netlab: {display.one_line(str(trouble))}", file=sys.stderr)
    sys.exit(1 if troubles else 0)
