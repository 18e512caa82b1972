"""netlab's own build of the base lab, and the bytes that it sends, replayed by a program in C."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from netlab.engines import base_lab
from netlab.engines.namespaces.engine import ENGINE
from netlab.engines.protocol import LabHost
from netlab.linux import syscalls, sysctl
from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.socket import NetlinkSocket
from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve

SETTING = -1  # instead of a protocol, as in replay.c
SOURCE = Path(__file__).with_name("replay.c")
FILES = ENGINE.prepare(lambda _: None)  # before there is a lab
HOST_AT = 30  # the number of the host's descriptor: it stands in a message


def build(host: int) -> None:
    base_lab.build(host)
    ENGINE.lay_out(LabHost(0, host, _no_daemons), FILES, lambda _: None)


def _no_daemons(*_: object) -> None:  # type: ignore[misc]
    raise AssertionError("this engine starts none")


@contextmanager
def two_namespaces() -> Iterator[int]:
    """This process enters a fresh network namespace; the descriptor of another one, which is HOST_AT."""
    syscalls.unshare(syscalls.CLONE_NEWNET)
    host = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    os.dup2(host, HOST_AT)
    os.close(host)
    syscalls.unshare(syscalls.CLONE_NEWNET)
    yield HOST_AT


def in_a_child(work: Callable[[], object]) -> str:
    """What `work` returns, as text, done in a child, with which its namespaces end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(work()).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read) as stream:
        text = stream.read()
    if os.waitpid(child, 0)[1]:
        raise AssertionError("a build failed; its words are above")
    return text


def netlab() -> float:
    def work() -> float:
        with two_namespaces() as host:
            return milliseconds(lambda: build(host))

    return float(in_a_child(work))


def phases() -> dict[str, float]:
    """Milliseconds of one build by what is done: settings looked at, messages sent (the kernel does them
    meanwhile), and the rest, which is Python.
    """
    taken = {"settings": 0.0, "messages": 0.0}

    def timed(phase: str, work: Callable[..., object]) -> Callable[..., None]:
        def go(*arguments: object) -> None:
            taken[phase] += milliseconds(lambda: work(*arguments))

        return go

    def work() -> str:
        with (
            mock.patch.object(sysctl, "assure", timed("settings", sysctl.assure)),
            mock.patch.object(NetlinkSocket, "_send", timed("messages", NetlinkSocket._send)),
            two_namespaces() as host,
        ):
            whole = milliseconds(lambda: build(host))
        return json.dumps({**taken, "the rest": whole - sum(taken.values())})

    found: dict[str, float] = json.loads(in_a_child(work))
    return found


def replay() -> float:
    def work() -> float:
        with two_namespaces() as host:
            words = [str(binary), str(record), "/proc/self/ns/net", f"/proc/self/fd/{host}"]
            return float(
                subprocess.run(words, capture_output=True, text=True, check=True, pass_fds=(host,)).stdout
            )

    return float(in_a_child(work))


def rules(contender: str) -> str:
    """What iptables-save says when netlab, or the replay, has built: for the test that both do the same."""

    def work() -> str:
        with two_namespaces() as host:
            if contender == "netlab":
                build(host)
            else:
                words = [str(binary), str(record), "/proc/self/ns/net", f"/proc/self/fd/{host}"]
                subprocess.run(words, check=True, pass_fds=(host,), stdout=2)
            return run(["nsenter", f"--net=/proc/{os.getpid()}/fd/{host}", "iptables-save"])

    return in_a_child(work)


def recorded() -> bytes:
    """What a build does, as replay.c reads it: what it sends (also questions: an answer takes time, too),
    and the settings that it looks at.
    """
    found: list[bytes] = []
    send, assure = NetlinkSocket._send, sysctl._assure

    def note(netns: int, protocol: int, answers: int, data: bytes) -> None:
        where = int(netns == os.stat(f"/proc/self/fd/{HOST_AT}").st_ino)
        found.append(struct.pack("=4i", where, protocol, answers, len(data)) + data)

    def tapped(self: NetlinkSocket, data: bytes) -> None:
        note(self.netns, self.protocol, _answers(data), data)
        send(self, data)

    def seen(file: str, value: str) -> None:
        note(os.stat("/proc/thread-self/ns/net").st_ino, SETTING, 0, f"{file}\0{value}\0".encode())
        assure(file, value)

    NetlinkSocket._send, sysctl._assure = tapped, seen  # type: ignore[method-assign]
    with two_namespaces() as host:
        build(host)
    NetlinkSocket._send, sysctl._assure = send, assure  # type: ignore[method-assign]
    return b"".join(found)


def _answers(data: bytes) -> int:
    """How many acknowledgements, or ends of lists, come back."""
    count, at = 0, 0
    while at < len(data):
        length, _, flags = struct.unpack_from("=IHH", data, at)
        count += bool(flags & rt.NLM_F_ACK) or flags & rt.NLM_F_DUMP == rt.NLM_F_DUMP
        at += (length + 3) & ~3
    return count


if __name__ == "__main__":
    folder = tempfile.TemporaryDirectory()
    binary, record = Path(folder.name, "replay"), Path(folder.name, "record")
    run(["gcc", "-O2", "-o", str(binary), str(SOURCE)])
    netlab()  # so that the rules are in the cache
    in_a_child(lambda: record.write_bytes(recorded()))
    serve({"netlab": netlab, "replay": replay, "phases": phases, "rules": rules})
