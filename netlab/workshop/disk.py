"""A learner's disk: a file system of his own with a bound, in a file of the workshop's folder.

Where the machine has no loop devices it is a plain folder, without a bound of its own.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.lessons.content import LANDING
from netlab.linux import files, syscalls

IMAGE, PLACE = "disk.img", "disk"
MEBIBYTES = 256
FOLDERS = ("labs", "home")
LESSONS = "/srv/labs"  # the checkout's, in a learner's world: to take new ones from


def is_bounded() -> bool:
    """Whether disks are file systems of their own here."""
    return os.path.exists("/dev/loop-control") and bool(shutil.which("mke2fs", path=_path()))


def mount(folder: Path, uid: int) -> Path:
    """Where the disk is seen, in this process's mount namespace, which must be its own. Made if need be.

    Mounted by several at once it is still one file system: mount(8) takes the same loop device. LabError.
    """
    place, image = folder / PLACE, folder / IMAGE
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_bounded():
        if not image.exists():
            _format(image)
        _call("mount", "-o", "loop,nosuid,nodev,noatime", str(image), str(place))
    for name in FOLDERS:
        (place / name).mkdir(mode=0o700, exist_ok=True)
        os.chown(place / name, uid, uid)
    return place


def own_mounts() -> None:
    """From now on what this process mounts is seen by it and its children alone."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)


def lay_out(labs: Path, source: Path, unlocked: frozenset[str] | None) -> None:
    """As that user: put what the lessons need from `source` into his folder. His notebooks stay as they are;
    those of lessons that are not open yet (`unlocked` None: all are) do not come. OSError."""
    wanted = [file for file in sorted(source.rglob("*")) if _is_for_learners(file.relative_to(source))]
    for file in wanted:
        lesson, steps = file.name.partition("-")[0], file.relative_to(source).parent.parts
        is_theirs = file.suffix == ".ipynb"
        if is_theirs and not (unlocked is None or lesson in unlocked | {LANDING.id}):
            continue
        try:
            with files.folder(labs) as top, files.below(top, steps) as folder:
                _lay(file, folder, is_theirs=is_theirs)
        except OSError as error:
            if error.errno not in (
                errno.ELOOP,
                errno.ENOTDIR,
                errno.ENOENT,
            ):  # they made something else of it
                raise


def _lay(file: Path, folder: int, *, is_theirs: bool) -> None:
    """One file or folder. Whoever is root in the lab can put links in the way: none is followed."""
    with suppress(FileExistsError):
        if file.is_dir():
            os.mkdir(file.name, dir_fd=folder)
            return
    try:
        there = os.stat(file.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        there = None
    if file.is_dir() or (there and (is_theirs or stat.S_ISDIR(there.st_mode))):
        return
    content = file.read_bytes()
    if there and stat.S_ISREG(there.st_mode) and there.st_size == len(content):
        with suppress(OSError):
            if files.read(folder, file.name, len(content)) == content:
                return
    files.replace(folder, file.name, content, 0o666)


def _is_for_learners(path: Path) -> bool:
    return path.parts[0] not in ("src", "build") and not any(part.startswith(".") for part in path.parts)


def _format(image: Path) -> None:
    beside = image.with_suffix(".new")
    with beside.open("wb") as file:
        file.truncate(MEBIBYTES << 20)
    _call("mke2fs", "-q", "-t", "ext4", "-m", "0", "-J", "size=4", str(beside))
    beside.replace(image)


def _call(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": _path()})
    if done.returncode:
        raise LabError(
            _("A learner's disk could not be made: {said}.").format(
                said=done.stderr.strip().removesuffix(".")
            ),
            _("Look at the machine's loop devices and its free disk: losetup -a; df"),
        )


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
