"""Join our terminal to another one: raw mode here, bytes both ways, the window's size."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


def join(master: int, ended: int | None = None) -> None:
    """Copy between our terminal and the one behind `master` until nobody has that one open any more,
    or until `ended` becomes readable and everything written is out."""
    with raw_terminal():
        _copy_size(master)
        before = signal.signal(signal.SIGWINCH, lambda *_: _copy_size(master))
        try:
            _copy(master, ended)
        finally:
            signal.signal(signal.SIGWINCH, before)


def _copy(master: int, ended: int | None) -> None:
    inputs = [0, master, *([] if ended is None else [ended])]
    while True:
        ready = select.select(inputs, [], [])[0]
        if master in ready:
            try:
                data = os.read(master, 1 << 16)
            except OSError:  # EIO: nobody has the other side open any more
                return
            os.write(1, data)
        elif ended in ready:
            return
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if data:
                os.write(master, data)
            else:
                inputs.remove(0)


def _copy_size(master: int) -> None:
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
    fcntl.ioctl(master, termios.TIOCSWINSZ, size)


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Every key of our terminal comes as it is typed, and nothing is echoed."""
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)  # what was typed ahead is not lost
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
