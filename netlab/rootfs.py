"""The root file system that a lab, its lab host and its containers each have: the machine's programs,
read-only, in a fresh tmpfs in which everything else is new.

What is bound from the machine: /usr and its like, /etc (below an overlay, so that files can be added),
and the trees that are named. /proc, /sys, /dev, /run, /tmp, /var, /root, /home are the lab's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from netlab import syscalls as sys
from netlab.tree import SYSTEM_FOLDERS, Tree

FRESH_FOLDERS = ("home", "media", "mnt", "root", "srv", "run/lock", "run/netns", "run/netlab")
FRESH_VAR = ("cache", "lib/misc", "log", "spool", "tmp")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
LOWER_ETC = "/.lower/etc"  # the machine's /etc, kept for the overlays of the levels below (two deep at most)
STAND_INS = "usr/local/sbin"  # first in everybody's PATH

LOWER_SYS = "/.lower/sys"


def enter(
    place: str,
    hostname: str,
    etc: Mapping[str, str],
    programs: Mapping[str, str],
    trees: Sequence[Tree],
    size: int = 0,
) -> None:
    """Build the root file system on the empty folder `place` and make it this process's root.

    Needs new mount, uts and pid namespaces that belong to the caller's user namespace. `etc` are files of
    /etc, `programs` scripts for /usr/local/sbin, by name; `size` bounds all that is written, in bytes.
    OSError with the mount that was refused.
    """
    sys.mount("none", "/", flags=sys.MS_REC | sys.MS_PRIVATE)
    sys.mount("netlab", place, "tmpfs", sys.MS_NOSUID, "mode=755" + (f",size={size}" if size else ""))
    root = Path(place)
    _bind_system(root)
    _make_folders(root)
    _make_devices(root)
    for tree in trees:
        _bind_tree(root, tree)
    old = root / ".old"
    old.mkdir()
    sys.pivot_root(place, str(old))
    os.chdir("/")
    # While the old root is still attached: the kernel allows a fresh /proc only where a full one is in sight.
    sys.mount("proc", "/proc", "proc", sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC)
    # Twice: `ip netns exec` unmounts /sys and mounts a new one, which needs another one in sight.
    for sysfs in ("/sys", LOWER_SYS):
        sys.mount("sysfs", sysfs, "sysfs", sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC)
    sys.mount(
        "devpts", "/dev/pts", "devpts", sys.MS_NOSUID | sys.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"
    )
    sys.unmount("/.old")
    os.rmdir("/.old")
    _overlay("etc", LOWER_ETC, etc, 0o644)
    if programs:
        _overlay(STAND_INS, f"/{STAND_INS}", programs, 0o755)
    sys.sethostname(hostname)


def _bind_system(root: Path) -> None:
    for name in SYSTEM_FOLDERS:
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            (root / name).mkdir()
            _bind(str(source), str(root / name), writable=False)
    lower = root / LOWER_ETC.lstrip("/")
    lower.mkdir(parents=True)
    _bind(LOWER_ETC if os.path.isdir(LOWER_ETC) else "/etc", str(lower), writable=False)
    (root / "etc").mkdir()


def _make_folders(root: Path) -> None:
    for name in (
        *FRESH_FOLDERS,
        *(f"var/{v}" for v in FRESH_VAR),
        "proc",
        "sys",
        LOWER_SYS[1:],
        "dev/pts",
        "dev/shm",
        "dev/net",
    ):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp", "dev/shm"):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(0o1777)
    (root / "var/run").symlink_to("/run")
    (root / "var/lock").symlink_to("/run/lock")


def _make_devices(root: Path) -> None:
    for name in DEVICES:
        source, target = Path("/dev", name), root / "dev" / name
        if source.exists():
            target.touch()
            sys.mount(str(source), str(target), flags=sys.MS_BIND)
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    links |= {word: f"/proc/self/fd/{number}" for number, word in enumerate(("stdin", "stdout", "stderr"))}
    for name, target_path in links.items():
        (root / "dev" / name).symlink_to(target_path)


def _bind_tree(root: Path, tree: Tree) -> None:
    target = Path(f"{root}{tree.path}")
    if not target.is_dir():
        target.mkdir(parents=True)
    _bind(tree.source or tree.path, str(target), writable=tree.writable)


def _bind(source: str, target: str, *, writable: bool) -> None:
    sys.mount(source, target, flags=sys.MS_BIND | sys.MS_REC)
    if not writable:
        sys.make_read_only(target)


def _overlay(name: str, lower: str, files: Mapping[str, str], mode: int) -> None:
    """Files on top of a read-only folder, in which new ones can be made too."""
    target = os.path.realpath(f"/{name}")
    if not os.path.isdir(lower) or not os.path.isdir(target):
        return
    upper, work = Path("/.upper", name), Path("/.work", name)
    upper.mkdir(parents=True)
    work.mkdir(parents=True)
    for file, content in files.items():
        (upper / file).write_text(content)
        (upper / file).chmod(mode)
    sys.mount(
        "overlay", target, "overlay", data=f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
    )
