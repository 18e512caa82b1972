"""The standard streams of a command in a lab: pipes of its own, and what goes through them passed on by us.

A lab gets no descriptor of the machine's. One of a terminal would let what is left behind in the lab read
what is typed next; one of a file could be opened once more, for more than it was given for.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from netlab.keeper import protocol
from netlab.lab.execution import Execution

CHUNK = 1 << 16  # bytes that a pipe holds, and that are passed on at once
SECONDS_TO_DRAIN = 1.0  # for what is in a pipe at the end, where somebody in the background goes on writing

Sink = Callable[[bytes], object]  # takes what was written; OSError when nobody wants more


class Streams:
    """Three pipes; `theirs` are for the command, and are ours no longer when it has been started."""

    def __init__(self) -> None:
        given, self._input = os.pipe()
        ends = [os.pipe(), os.pipe()]
        self.theirs = [given, *(write for _, write in ends)]
        self._outputs = {read: number for number, (read, _) in enumerate(ends)}  # which is which
        for fd in (self._input, *self._outputs):
            os.set_blocking(fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.give()
        self._end_input()
        for fd in self._outputs:
            os.close(fd)
        self._outputs = {}

    def give(self) -> None:
        """The command has its ends."""
        for fd in self.theirs:
            os.close(fd)
        self.theirs = []

    def _end_input(self) -> None:
        if self._input >= 0:
            os.close(self._input)
        self._input = -1

    def pass_on(
        self, execution: Execution, source: int | bytes, sinks: Sequence[Sink], seconds: float | None = None
    ) -> protocol.FromLab[int]:
        """Until the command has ended: its exit status. TimeoutError; protocol.Closed when the lab has gone.

        `source` is what it reads, or a descriptor from which that is read as it comes; the sinks get what it
        prints, and what it prints as errors.
        """
        waiting, source = (source, -1) if isinstance(source, bytes) else (b"", source)
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            if not waiting and source < 0:
                self._end_input()
            ready = self._poll(execution, source if not waiting else -1, bool(waiting), deadline)
            if source in ready and not waiting:
                waiting = _read(source)
                source = source if waiting else -1
            if waiting and self._input in ready:
                waiting = self._write(waiting)
                source = source if self._input >= 0 else -1
            for fd in ready & set(self._outputs):
                self._take(fd, sinks)
            if execution.fileno() in ready:
                status = execution.wait()
                self._drain(sinks)
                return status

    def _poll(self, execution: Execution, source: int, is_writing: bool, deadline: float | None) -> set[int]:
        """Which of them are ready. TimeoutError."""
        poll = select.poll()
        for fd in (execution.fileno(), *self._outputs, *([source] if source >= 0 else [])):
            poll.register(fd, select.POLLIN)
        if is_writing and self._input >= 0:
            poll.register(self._input, select.POLLOUT)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ready = {fd for fd, _ in poll.poll(left)}
        if not ready:
            raise TimeoutError
        return ready

    def _write(self, data: bytes) -> bytes:
        """What of it is left to be written."""
        try:
            return data[_write(self._input, data) :]
        except BlockingIOError:
            return data
        except OSError:  # nobody reads it
            self._end_input()
            return b""

    def _take(self, fd: int, sinks: Sequence[Sink]) -> bool:
        """Pass on what there is; whether there was something."""
        try:
            data = os.read(fd, CHUNK)
            if data:
                sinks[self._outputs[fd]](data)
                return True
        except BlockingIOError:
            return False
        except OSError:  # nobody takes it any more: the command is to notice
            pass
        del self._outputs[fd]
        os.close(fd)
        return False

    def _drain(self, sinks: Sequence[Sink]) -> None:
        """What was written before the end."""
        deadline = time.monotonic() + SECONDS_TO_DRAIN
        for fd in list(self._outputs):
            while fd in self._outputs and time.monotonic() < deadline and self._take(fd, sinks):
                pass


def to_descriptor(fd: int) -> Sink:
    """Write all of it there, whatever time that takes."""

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(fd, view) :]
            except BlockingIOError:  # somebody has made our own stream so
                select.select([], [fd], [])

    return write


def to_memory(kept: bytearray, most: int) -> Sink:
    """Keep so many bytes of it; OSError for more."""

    def keep(data: bytes) -> None:
        kept.extend(data[: most - len(kept)])
        if len(kept) >= most:
            raise OSError("more than can be kept")

    return keep


def _read(fd: int) -> bytes:
    with suppress(OSError):  # a terminal that is gone, or not ours to read from
        return os.read(fd, CHUNK)
    return b""


def _write(fd: int, data: bytes) -> int:
    """As write(2) to a pipe whose reader may have gone: BrokenPipeError, and no signal. `./run` would end by
    that one, as it is to where its own reader has gone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        return os.write(fd, data)
    except BrokenPipeError:
        signal.sigtimedwait({signal.SIGPIPE}, 0)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
