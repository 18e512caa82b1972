"""What `docker` does with next to no imports: `docker exec [-i] CONTAINER COMMAND…`, the command that is
typed most, and to have others done by a process that has loaded what they take.

A Python that has loaded argparse, dataclasses and the rest has used 0.1 s of the processor before it begins.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "/run/netlab/containers"
DOOR = "/run/netlab/docker.sock"  # of netlab.engines.namespaces.warm
# Those that need nothing of the terminal; of run and exec what is put in the background by a plain -d.
HANDED_OVER = "ps inspect create start stop restart kill rm logs network images".split()
WITH_A_VALUE = (
    "--name --network --net --ip -h --hostname -w --workdir -e --env -p --publish --cap-add".split()
)
KILLED = 137  # exit status


def execute(words: list[str]) -> None:
    """Become that command in that container. Comes back, having done nothing, when there is more to it."""
    interactive = words[:1] == ["-i"]
    name, *command = words[interactive:] or [""]
    if name.startswith("-") or not command:
        return
    record = _record(name)
    if not record or not is_alive(record["pid"]):
        return
    if not interactive:
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    words = [*entering(record["pid"], record["capabilities"]), *command]
    os.execvpe(words[0], words, record["env"])


def hand_over(words: list[str]) -> int | None:
    """Have process 1 of the lab host do it: its exit status. None, with nothing done, when it cannot."""
    if not (words[:1] and (words[0] in HANDED_OVER or _is_detached(words))):
        return None
    import _socket  # what is around it in `socket` takes longer to load than the answer takes to come
    import array

    try:
        if any(_inode("self", kind) != _inode("1", kind) for kind in ("mnt", "net", "pid", "uts", "ipc")):
            return None
        here = [str(len(words)), os.getcwd(), *words, *map("=".join, os.environ.items())]
        door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        door.connect(DOOR)
        streams = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", (0, 1, 2)))
        door.sendmsg([b"\0".join(map(os.fsencode, here))], [streams])
    except OSError:
        return None
    return int(door.recv(16) or KILLED)


def _inode(process: str, kind: str) -> int:
    return os.stat(f"/proc/{process}/ns/{kind}").st_ino


def _is_detached(words: list[str]) -> bool:
    """Whether a `docker run` or `exec` has a plain -d among its own options."""
    if words[0] not in ("run", "exec"):
        return False
    rest = iter(words[1:])
    for word in rest:
        if word in ("-d", "--detach"):
            return True
        if not word.startswith("-") or word in ("-i", "-t"):
            return False
        if word in WITH_A_VALUE:
            next(rest, "")
    return False


def entering(pid: int, capabilities: list[int] | None) -> list[str]:
    """The words that lead into the container of that process 1, with these capabilities or with all."""
    words = ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "--"]
    if capabilities is None:
        return words
    kept = ",".join(f"+cap_{number}" for number in capabilities)
    return [*words, "setpriv", f"--bounding-set=-all,{kept}", "--"]


def is_alive(pid: int) -> bool:
    """Whether there is such a process and it has not ended, by the kernel's word."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return pid > 0 and state != "Z"


def _record(name: str) -> dict[str, Any] | None:
    """What config.json holds of the container with that name or first digits; None if it is not plain."""
    import json

    found: list[tuple[float, dict[str, Any]]] = []
    try:
        for entry in os.scandir(FOLDER):
            with open(f"{entry.path}/config.json") as file:
                record = json.load(file)
            if name == record["name"] or (len(name) >= 3 and record["id"].startswith(name)):
                found.append((record["created"], record))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return min(found, key=lambda each: each[0])[1] if found else None
