"""An isolated world: a process that is the first in namespaces of its own, as an ordinary user or as root.

When that process ends, however it ends, the kernel ends everything in its pid namespace and takes back
interfaces, mounts and namespaces: there is nothing to clean up.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NoReturn

from netlab.errors import SandboxRefused
from netlab.i18n import gettext as _
from netlab.linux import syscalls as sys
from netlab.linux.sandbox.rootfs import BindMount

NAMESPACES = (
    sys.CLONE_NEWNS
    | sys.CLONE_NEWNET
    | sys.CLONE_NEWUTS
    | sys.CLONE_NEWIPC
    | sys.CLONE_NEWPID
    | sys.CLONE_NEWCGROUP
)
# Whom the machine's root becomes in a lab: somebody who owns nothing on the machine. With the machine's own
# root in it, vm.*, /dev and the files of the machine would stay writable.
ROOTS_UID, ROOTS_COUNT = 1_000_000, 65536
EMPTY = "empty"  # a folder of a stage's with nothing in it


Ranges = tuple[tuple[int, int], ...]  # (first, how many), …


@dataclass(frozen=True)
class Identity:
    """Which users and groups of the level above are 0, 1, 2, … in a sandbox."""

    uids: Ranges
    gids: Ranges
    by_helpers: bool = False  # an ordinary user's subordinate ids may be mapped by newuidmap(1) alone
    first: int = 0  # the number that they begin with in the sandbox, where that is not 0

    @staticmethod
    def here() -> Identity:
        """The one for this process: its own user alone, or for root a range that owns nothing."""
        if os.geteuid() == 0:
            everybody = ((ROOTS_UID, ROOTS_COUNT),)
            return Identity(everybody, everybody)
        return Identity(((os.geteuid(), 1),), ((os.getegid(), 1),))

    @staticmethod
    def nested() -> Identity:
        """For a sandbox in a sandbox: all the users that this level has, under the same numbers."""
        return Identity(_read_map("/proc/self/uid_map"), _read_map("/proc/self/gid_map"))

    @property
    def is_single(self) -> bool:
        """Whether there is but one user."""
        return sum(count for _, count in self.uids) == 1

    def write_maps(self, pid: int) -> None:
        """Give the user namespace of that process its users and groups. OSError."""
        if self.by_helpers:
            _call_helper("newuidmap", pid, self.uids)
            _call_helper("newgidmap", pid, self.gids)
            return
        process = Path(f"/proc/{pid}")
        if self.is_single:
            (process / "setgroups").write_text("deny")
        (process / "uid_map").write_text(_map(self.uids, self.first))
        (process / "gid_map").write_text(_map(self.gids, self.first))


def _read_map(path: str) -> Ranges:
    """The ids of this level, range by range: no range of a map may cross the border of two of those above."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return tuple((int(first), int(count)) for first, _, count in lines)


def _map(ranges: Ranges, inside: int = 0) -> str:
    """The content of a uid_map or gid_map: the ranges one behind the other, from that number."""
    lines = ""
    for first, count in ranges:
        lines += f"{inside} {first} {count}\n"
        inside += count
    return lines


def _call_helper(name: str, pid: int, ranges: Ranges) -> None:
    done = subprocess.run([name, str(pid), *_map(ranges).split()], capture_output=True, text=True)
    if done.returncode:
        raise SandboxRefused(
            _("{name} could not give the lab its users: {stderr}.").format(
                name=name, stderr=done.stderr.strip()
            ),
            _("Look at /etc/subuid and /etc/subgid; the namespaces engine needs neither: ./run"),
        )


def spawn(
    identity: Identity, main: Callable[[], NoReturn], before: Callable[[], object] = lambda: None
) -> int:
    """Run `main` as process 1 of a new world of its own; its pid here.

    `main` runs in a forked child and must not return. The child's user is root in the new user namespace;
    `before` runs in a child that is on its way there, and still where the caller is. Must be called from a
    process with one thread. SandboxRefused when the kernel says no, or `before` raises OSError.
    """
    ours, theirs = socket.socketpair()
    middle = os.fork()
    if middle == 0:
        ours.close()
        _between(theirs, main, before)
    theirs.close()
    try:
        _answer(ours)
        identity.write_maps(middle)
        ours.send(b"mapped")
        pid = _answer(ours)
    except OSError as error:
        raise why_refused(error) from error
    finally:
        ours.close()
        os.waitpid(middle, 0)
    return pid


def _answer(child: socket.socket) -> int:
    """What the process between says; its errno, which it sends as a negative number, is raised."""
    number = int(child.recv(16) or str(-errno.ECHILD))
    if number < 0:
        raise OSError(-number, f"unshare: {os.strerror(-number)}")
    return number


def _between(parent: socket.socket, main: Callable[[], NoReturn], before: Callable[[], object]) -> NoReturn:
    """The process between: it makes the namespaces, becomes their root, starts `main` and is gone."""
    try:
        before()
        sys.unshare(sys.CLONE_NEWUSER)
        parent.send(b"0")
        if not parent.recv(16):
            os._exit(1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        sys.set_dumpable()  # a change of user took it away, and with it the right to our own /proc files
        # Only now: what the kernel makes for a network namespace belongs to whom 0 is mapped to *then*.
        sys.unshare(NAMESPACES)
        pid = os.fork()
    except OSError as error:
        parent.send(str(-(error.errno or errno.EPERM)).encode())
        os._exit(1)
    if pid == 0:
        parent.close()
        main()
    parent.send(str(pid).encode())
    os._exit(0)


def _setting(path: str) -> str:
    try:
        return Path("/proc/sys", path).read_text().strip()
    except OSError:
        return ""


def why_refused(error: OSError) -> SandboxRefused:
    """Which of the known reasons it is that this machine refuses user namespaces, and its cure."""
    if _setting("user/max_user_namespaces") == "0" or error.errno == errno.ENOSPC:
        return SandboxRefused(
            _("This machine allows no more user namespaces (user.max_user_namespaces)."),
            _("Ask its administrator for: sudo sysctl -w user.max_user_namespaces=15000"),
        )
    if _setting("kernel/unprivileged_userns_clone") == "0" and os.geteuid() != 0:
        return SandboxRefused(
            _("This machine allows user namespaces to root only (kernel.unprivileged_userns_clone=0)."),
            _("Ask its administrator for: sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        )
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1" and os.geteuid() != 0:
        return SandboxRefused(
            _(
                "AppArmor on this machine (Ubuntu 24.04 and later) takes the rights away "
                "from user namespaces."
            ),
            _("Ask its administrator for: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        )
    if "\nSeccomp:\t2" in Path("/proc/self/status").read_text():
        return SandboxRefused(
            _("A seccomp filter refuses new namespaces: this seems to be the inside of a container."),
            _(
                "Start the container with: docker run --security-opt seccomp=unconfined "
                "--security-opt apparmor=unconfined --security-opt systempaths=unconfined …"
            ),
        )
    return SandboxRefused(
        _("The kernel refused to make the lab's namespaces: {strerror}.").format(
            strerror=error.strerror or error
        ),
        _("Look at: ./run doctor"),
    )


def stage(trees: Sequence[BindMount], place: str, owners: int) -> tuple[BindMount, ...]:
    """As root: bind each tree below `place`, in a mount namespace of this process's own, with root's files
    shown as the lab's root's: as `owners` says (`roots_owners`). The trees, with where to find
    them now.

    A lab of root's runs as users that own nothing on the machine, so it could neither pass a 0700 home on the
    way to a tree nor write into one. Where the file system cannot map owners, the bind is a plain one.
    """
    sys.unshare(sys.CLONE_NEWNS)
    sys.mount("none", "/", flags=sys.MS_REC | sys.MS_PRIVATE)
    # Before what is at `place` is out of sight, where one of the trees may lie.
    sources = [os.open(tree.source or tree.path, os.O_PATH | os.O_CLOEXEC) for tree in trees]
    sys.mount("netlab", place, "tmpfs", sys.MS_NOSUID, "mode=755")
    staged = []
    for number, (tree, source) in enumerate(zip(trees, sources, strict=True)):
        target = f"{place}/{number}"
        os.mkdir(target)
        try:
            sys.bind_mapped(f"/proc/self/fd/{source}", target, owners)
        except OSError:
            sys.mount(f"/proc/self/fd/{source}", target, flags=sys.MS_BIND | sys.MS_REC)
        os.close(source)
        staged.append(replace(tree, source=target))
    os.mkdir(f"{place}/{EMPTY}")
    os.chmod(f"{place}/{EMPTY}", 0o755)
    return tuple(staged)


@cache
def roots_owners() -> int | None:
    """For `stage`, where this process is root: the user namespace whose map says whom its files belong to.

    Nobody is in it, and all labs that this process makes share it.
    """
    return user_namespace(Identity.here()) if os.geteuid() == 0 else None


def user_namespace(identity: Identity) -> int:
    """A descriptor of a user namespace with that identity and nobody in it."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        sys.unshare(sys.CLONE_NEWUSER)
        theirs.send(b"made")
        theirs.recv(1)
        os._exit(0)
    theirs.close()
    try:
        ours.recv(8)
        identity.write_maps(child)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        ours.close()
        os.waitpid(child, 0)
