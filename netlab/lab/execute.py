"""Run a command in the lab from a terminal or a script: streams, signals, exit status."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.lab import Lab
from netlab.lab.execution import Execution
from netlab.lab.streams import Streams, to_descriptor
from netlab.linux import tty

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
EXIT_LAB_DIED = 125


def execute(lab: Lab, argv: Sequence[str], *, node: str = "host", cwd: str = "") -> int:
    """Run `argv` on a node with our own standard streams; its exit status.

    With a terminal on all three it gets a terminal of its own in the lab, joined to ours.
    """
    cwd = cwd or os.getcwd()
    if all(os.isatty(fd) for fd in (0, 1, 2)):
        return _in_terminal(lab, argv, node, cwd)
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until there is somebody to pass them on to
    with Streams() as streams, lab.start(argv, streams.theirs, node=node, cwd=cwd) as execution:
        streams.give()
        for number in FORWARDED:
            signal.signal(number, lambda received, _: _pass_on(execution, received))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        sinks = to_descriptor(1), to_descriptor(2)
        return _exit_status(lambda: streams.pass_on(execution, 0, sinks))


def _pass_on(execution: Execution, number: int) -> None:
    with suppress(OSError):
        execution.send_signal(number)


def _exit_status(wait: Callable[[], protocol.FromLab[int]]) -> int:
    try:
        return wait().said
    except protocol.Closed:
        os.write(2, (_("netlab: the lab went away.") + "\n").encode())
        return EXIT_LAB_DIED


def _in_terminal(lab: Lab, argv: Sequence[str], node: str, cwd: str) -> int:
    execution, master = lab.start_tty(argv, node=node, cwd=cwd)
    with execution:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: _pass_on(execution, received))
        tty.join(master, execution.fileno())
        return _exit_status(execution.wait)
