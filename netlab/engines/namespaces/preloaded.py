"""`docker` without a new Python: the lab host's process 1 has loaded all that it takes, and forks.

A Python of its own uses a quarter of a second of the processor to load it. Who asks is the program `docker`
(`quick.ASK`); the command runs with the asker's streams, folder and environment, in a session of its own, and
goes to its end also when the asker is gone, as one that dockerd has taken on does.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from netlab.engines import NO
from netlab.engines.namespaces import fast_path
from netlab.engines.namespaces.docker import (
    commands,
    execute,
    image_commands,
    lifecycle,
    listing,
    logs,
    network_commands,
    processes,
    run,
    system,
    volumes,
)
from netlab.i18n import speaking
from netlab.linux import syscalls

LOADED = (
    execute,
    image_commands,
    lifecycle,
    listing,
    logs,
    network_commands,
    processes,
    run,
    system,
    volumes,
)
MADE = tuple(map(commands.parser, ("run", "inspect")))  # of the commands that lessons begin with
LARGEST = 1 << 16  # bytes that a FIFO holds


def listen() -> BinaryIO:
    """The door at which the lab host's process 1 is asked. OSError."""
    os.mkfifo(fast_path.DOOR, 0o600)
    return open(os.open(fast_path.DOOR, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)


def askers(door: BinaryIO) -> Iterator[tuple[int, int]]:
    """(pid, its FIFO, which is to be closed) of each that has knocked since the last time."""
    for word in (door.read(LARGEST) or b"").split():  # None where somebody else has read it
        path = f"{fast_path.DOOR}.{word.decode(errors='replace')}"
        with suppress(OSError, ValueError):  # it has gone
            asker = int(word)
            reply = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            os.unlink(path)
            yield asker, reply


def answer(asker: int, reply: int) -> None:
    """In a child of process 1: do one command, as the asker would, and reply its exit status, or NO."""
    process = f"/proc/{asker}"
    try:
        words = list(map(os.fsdecode, _list(f"{process}/cmdline")[2:]))  # behind the shell and the program
        if not fast_path.is_handed_over(words) or not _is_ours(process, reply):
            raise PermissionError
        _become(asker)
    except OSError:
        os.write(reply, NO + b"\n")
        return
    os.write(reply, f"{_status(words)}\n".encode())


def _list(file: str) -> list[bytes]:
    with open(file, "rb") as found:
        return found.read().removesuffix(b"\0").split(b"\0")


def _is_ours(process: str, reply: int) -> bool:
    """Whether it is the one that waits for this reply, and in the same namespaces as we."""
    if not os.path.samestat(os.stat(f"{process}/fd/3"), os.fstat(reply)):
        return False
    kinds = ("mnt", "net", "pid", "uts", "ipc")
    inodes = ((os.stat(f"{each}/ns/{kind}").st_ino for each in (process, "/proc/self")) for kind in kinds)
    return all(theirs == ours for theirs, ours in inodes)


def _become(asker: int) -> None:
    """Take its streams (two stand aside while it asks), its environment and its folder."""
    process = os.pidfd_open(asker)
    for number, theirs in enumerate((4, 5, 2)):
        stream = syscalls.pidfd_getfd(process, theirs)
        os.dup2(stream, number)
        os.close(stream)
    os.close(process)
    environment = [word.partition("=")[::2] for word in map(os.fsdecode, _list(f"/proc/{asker}/environ"))]
    os.environ.clear()
    os.environ.update((name, value) for name, value in environment if name)
    os.chdir(f"/proc/{asker}/cwd")


def _status(words: list[str]) -> int:
    try:
        with speaking(""):  # as the asker's environment says
            return commands.main(words)
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
