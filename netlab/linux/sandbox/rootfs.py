"""The root file system that a lab, its lab host and its containers each have: the machine's programs,
read-only, in a fresh tmpfs in which everything else is new.

What is bound from the machine: /usr and its like, /etc (below an overlay, so that files can be added),
and the trees that are named. /proc, /sys, /dev, /run, /tmp, /var, /root, /home are the lab's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlab.linux import syscalls as sys

SYSTEM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "nix", "gnu")
# Those that are new, each behind the one that it is in.
FOLDERS: tuple[str, ...] = ("home", "media", "mnt", "root", "srv", "tmp", "proc", "sys", ".lower/sys")
FOLDERS += ("run", "run/lock", "run/netns", "run/netlab", "dev", "dev/pts", "dev/shm", "dev/net")
FOLDERS += ("var", "var/cache", "var/lib", "var/lib/misc", "var/log", "var/spool", "var/tmp")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
LOWER_ETC = "/.lower/etc"  # the machine's /etc, kept for the overlays of the levels below (two deep at most)
STAND_INS = "usr/local/sbin"  # first in everybody's PATH

LOWER_SYS = "/.lower/sys"


@dataclass(frozen=True)
class BindMount:
    """A folder of the machine that is seen in the lab, at the same path."""

    path: str
    writable: bool = False
    source: str = ""  # where to bind it from, when not from `path` itself


def readable(paths: Iterable[str]) -> list[BindMount]:
    """Those folders, but for what lies in the system's own, which every root has."""
    system = tuple(f"/{name}/" for name in SYSTEM_FOLDERS)
    return [BindMount(path) for path in sorted(set(paths)) if not f"{path}/".startswith(system)]


def enter(
    place: str,
    hostname: str,
    etc: Mapping[str, str],
    programs: Mapping[str, str],
    trees: Sequence[BindMount],
    size: int = 0,
) -> None:
    """Build the root file system on the empty folder `place` and make it this process's root.

    Needs new mount, uts and pid namespaces that belong to the caller's user namespace. `etc` are files of
    /etc, `programs` scripts for /usr/local/sbin, by name; `size` bounds all that is written, in bytes.
    OSError with the mount that was refused.
    """
    sys.mount("none", "/", flags=sys.MS_REC | sys.MS_PRIVATE)
    sys.mount("netlab", place, "tmpfs", sys.MS_NOSUID, "mode=755" + (f",size={size}" if size else ""))
    _bind_system(place)
    _make_folders(place)
    _make_devices(place)
    for tree in trees:
        _bind_tree(place, tree)
    os.mkdir(f"{place}/.old")
    sys.pivot_root(place, f"{place}/.old")
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


def make_writable(path: str) -> None:
    """Have a folder of the read-only ones take new files, which are this root's own. OSError.

    The programs that are mounted in /usr/local/sbin stay in sight.
    """
    path, programs = os.path.realpath(path), os.path.realpath(f"/{STAND_INS}")
    kept = sys.clone_tree(programs) if programs.startswith(f"{path}/") else -1
    upper, work = (f"/.{kind}/+{path.strip('/').replace('/', '+')}" for kind in ("upper", "work"))
    for folder in (upper, work):
        os.makedirs(folder)
    sys.mount("overlay", path, "overlay", data=f"lowerdir={path},upperdir={upper},workdir={work},userxattr")
    if kept >= 0:
        sys.attach_tree(kept, programs)
        os.close(kept)


def _bind_system(root: str) -> None:
    for name in SYSTEM_FOLDERS:
        source = f"/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), f"{root}/{name}")
        elif os.path.isdir(source):
            os.mkdir(f"{root}/{name}")
            _bind(source, f"{root}/{name}", writable=False)
    lower = root + LOWER_ETC
    os.makedirs(lower)
    _bind(LOWER_ETC if os.path.isdir(LOWER_ETC) else "/etc", lower, writable=False)
    os.mkdir(f"{root}/etc")


def _make_folders(root: str) -> None:
    for name in FOLDERS:
        os.mkdir(f"{root}/{name}")
    for name in ("tmp", "var/tmp", "dev/shm"):
        os.chmod(f"{root}/{name}", 0o1777)
    os.symlink("/run", f"{root}/var/run")
    os.symlink("/run/lock", f"{root}/var/lock")


def _make_devices(root: str) -> None:
    for name in DEVICES:
        source, target = f"/dev/{name}", f"{root}/dev/{name}"
        if os.path.exists(source):
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o666))
            sys.mount(source, target, flags=sys.MS_BIND)
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    links |= {word: f"/proc/self/fd/{number}" for number, word in enumerate(("stdin", "stdout", "stderr"))}
    for name, target in links.items():
        os.symlink(target, f"{root}/dev/{name}")


def _bind_tree(root: str, tree: BindMount) -> None:
    target = root + tree.path
    if not os.path.isdir(target):
        os.makedirs(target)
    _bind(tree.source or tree.path, target, writable=tree.writable)


def _bind(source: str, target: str, *, writable: bool) -> None:
    sys.mount(source, target, flags=sys.MS_BIND | sys.MS_REC)
    if not writable:
        sys.make_read_only(target)


def _overlay(name: str, lower: str, files: Mapping[str, str], mode: int) -> None:
    """Files on top of a read-only folder, in which new ones can be made too."""
    target = os.path.realpath(f"/{name}")
    if not os.path.isdir(lower) or not os.path.isdir(target):
        return
    upper, work = f"/.upper/{name}", f"/.work/{name}"
    os.makedirs(upper)
    os.makedirs(work)
    for file, content in files.items():
        os.makedirs(os.path.dirname(f"{upper}/{file}"), exist_ok=True)
        with open(f"{upper}/{file}", "w", encoding="utf-8") as new:
            new.write(content)
            os.fchmod(new.fileno(), mode)
    sys.mount(
        "overlay", target, "overlay", data=f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
    )
