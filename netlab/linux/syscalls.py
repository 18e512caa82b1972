"""The few system calls that Python's standard library does not offer, by way of libc.

Each raises OSError with the kernel's errno and the names of what it was about. See unshare(2), setns(2),
setsockopt(2), openat2(2), keyctl(2), mount(2), mount_setattr(2), pivot_root(2), prctl(2) and seccomp(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_IDMAP = 0x00100000
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 0x4

# The same numbers on every architecture: system calls newer than Linux 5.1.
SYS_OPEN_TREE = 428
SYS_MOVE_MOUNT = 429
SYS_MOUNT_SETATTR = 442
SYS_OPENAT2 = 437
SYS_PIDFD_GETFD = 438

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
PROC_SUPER_MAGIC, SYSFS_MAGIC, NSFS_MAGIC = 0x9FA0, 0x62656572, 0x6E736673  # of linux/magic.h

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Move this process into new namespaces; for pid and time namespaces, its next child."""
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    """Enter the namespace that `fd` refers to; `kind` (a CLONE_NEW… flag) guards against a mix-up."""
    _check(_libc.setns(fd, kind), "setns")


def bind(fd: int, address: bytes) -> None:
    """bind(2) to an address as the kernel has it. OSError."""
    _check(_libc.bind(fd, address, len(address)), "bind")


def setsockopt(fd: int, level: int, option: int, value: bytes) -> None:
    """As socket.setsockopt, while other threads run: the kernel may take tens of milliseconds."""
    _check(_libc.setsockopt(fd, level, option, value, len(value)), "setsockopt")


def pidfd_getfd(process: int, fd: int) -> int:
    """A copy of descriptor `fd` of the process that `process`, a pidfd, refers to. Close-on-exec."""
    return _check(_libc.syscall(SYS_PIDFD_GETFD, process, fd, 0), "pidfd_getfd")


def openat2(folder: int, path: str, flags: int, mode: int, resolve: int) -> int:
    """As openat(2), with a say in what may stand on the way (RESOLVE_…). Close-on-exec."""
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, resolve)
    result = _libc.syscall(ctypes.c_long(SYS_OPENAT2), folder, os.fsencode(path), how, ctypes.c_size_t(24))
    return _check(result, f"open {path}")


def filesystem(fd: int) -> int:
    """The magic number of the file system that an open file is in, as fstatfs(2) has it."""
    buffer = ctypes.create_string_buffer(256)
    _check(_libc.fstatfs(fd, buffer), "fstatfs")
    return int(struct.unpack_from("@l", buffer)[0])


def join_new_session_keyring() -> None:
    """From now on this process and its children have a session keyring with nothing in it (keyctl(2))."""
    number = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
    if number is not None:
        keyctl_join_session_keyring = 1
        _check(_libc.syscall(ctypes.c_long(number), keyctl_join_session_keyring, None), "keyctl")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2): `data` are the file system's own options. OSError."""
    words = [w.encode() if w else None for w in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), data.encode() if data else None)
    _check(result, f"mount {kind or source} on {target}")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    """umount2(2), by default also where somebody still uses it. OSError."""
    _check(_libc.umount2(target.encode(), flags), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2). OSError."""
    _check(_libc.pivot_root(new_root.encode(), put_old.encode()), f"pivot_root {new_root}")


def sethostname(name: str) -> None:
    """sethostname(2). OSError."""
    raw = name.encode()
    _check(_libc.sethostname(raw, len(raw)), "sethostname")


def set_name(name: str) -> None:
    """What `ps -o comm` shows for this process (at most 15 characters)."""
    pr_set_name = 15
    _check(_libc.prctl(pr_set_name, name.encode(), 0, 0, 0), "prctl")


def set_dumpable() -> None:
    """Have the files of this process in /proc be its own user's again: prctl(2). OSError."""
    pr_set_dumpable = 4
    _check(_libc.prctl(pr_set_dumpable, 1, 0, 0, 0), "prctl")


def end_with_parent() -> None:
    """This process is killed when the thread that made it ends."""
    pr_set_pdeathsig, kill = 1, 9
    _check(_libc.prctl(pr_set_pdeathsig, kill, 0, 0, 0), "prctl")


def no_new_privileges() -> None:
    """No program that this process executes gives it more rights than it has."""
    pr_set_no_new_privs = 38
    _check(_libc.prctl(pr_set_no_new_privs, 1, 0, 0, 0), "prctl")


def _mount_attributes(fd: int, path: str, flags: int, set_: int, userns: int = 0) -> None:
    attributes = struct.pack("=QQQQ", set_, 0, 0, userns)
    result = _libc.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR), fd, path.encode(), flags, attributes, ctypes.c_size_t(32)
    )
    _check(result, f"mount_setattr {path}")


def make_read_only(path: str) -> None:
    """Make the mount at `path`, and every mount below it, read-only."""
    _mount_attributes(AT_FDCWD, path, AT_RECURSIVE, MOUNT_ATTR_RDONLY)


def clone_tree(path: str) -> int:
    """A descriptor of a copy of the mounts at `path`, which is nowhere yet: open_tree(2). OSError."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE
    words = (ctypes.c_long(SYS_OPEN_TREE), AT_FDCWD, os.fsencode(path), flags)
    return _check(_libc.syscall(*words), f"open_tree {path}")


def attach_tree(tree: int, target: str) -> None:
    """Mount such a copy on `target`: move_mount(2). OSError."""
    words = (ctypes.c_long(SYS_MOVE_MOUNT), tree, b"", AT_FDCWD, os.fsencode(target))
    _check(_libc.syscall(*words, MOVE_MOUNT_F_EMPTY_PATH), f"mount on {target}")


def bind_mapped(source: str, target: str, userns: int) -> None:
    """Bind `source` on `target` with owners seen through the uid map of `userns` (mount_setattr(2)).

    Raises OSError where the file system cannot be mapped.
    """
    tree = _check(
        _libc.syscall(
            ctypes.c_long(SYS_OPEN_TREE), AT_FDCWD, source.encode(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
        ),
        f"open_tree {source}",
    )
    try:
        _mount_attributes(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_IDMAP, userns)
        result = _libc.syscall(
            ctypes.c_long(SYS_MOVE_MOUNT), tree, b"", AT_FDCWD, target.encode(), MOVE_MOUNT_F_EMPTY_PATH
        )
        _check(result, f"move_mount {target}")
    finally:
        os.close(tree)


def filter_calls(program: bytes) -> None:
    """From now on this classic BPF program says of each system call whether it is made (seccomp(2))."""
    pr_set_seccomp, filter_mode, size = 22, 2, 8
    filters = ctypes.create_string_buffer(program)
    header = struct.pack("@HP", len(program) // size, ctypes.addressof(filters))
    _check(_libc.prctl(pr_set_seccomp, filter_mode, header, 0, 0), "seccomp")
