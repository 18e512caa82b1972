"""`docker` without a new Python: the lab host's process 1 has loaded all that it takes, and forks.

A Python of its own uses a quarter of a second of the processor to load it. Who asks is `quick.hand_over`;
the command runs with the asker's streams, folder and environment, in a session of its own, and goes to its
end also when the asker is gone, as one that dockerd has taken on does.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback

from netlab.engines.namespaces import (
    commands,
    container,
    execute,
    life,
    listing,
    netverbs,
    networks,
    ports,
    quick,
    run,
)
from netlab.language import speaking

LOADED = (commands, container, execute, life, listing, netverbs, networks, ports, run)
SECONDS_TO_ASK = 5.0
LARGEST = 1 << 18  # bytes of arguments and environment; the kernel sends no more in one message


def listen() -> socket.socket:
    """The door at which the lab host's process 1 is asked. OSError."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(quick.DOOR)
    door.listen(64)
    return door


def answer(client: socket.socket) -> None:
    """In a child of process 1: do one command and tell its exit status."""
    client.settimeout(SECONDS_TO_ASK)
    message, fds, _, _ = socket.recv_fds(client, LARGEST, 3)
    if len(fds) != 3:
        return
    count, folder, *rest = map(os.fsdecode, message.split(b"\0"))
    words, environment = rest[: int(count)], rest[int(count) :]
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(word.partition("=")[::2] for word in environment)
    os.chdir(folder)
    client.send(str(_status(words)).encode())


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
