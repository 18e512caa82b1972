"""docker exec with all its options (quick has the plain case): a program in a running container."""

from __future__ import annotations

import argparse
import os
import sys

from netlab.engines.namespaces import container
from netlab.engines.namespaces.capabilities import of
from netlab.engines.namespaces.docker.refused import Refused, find_running
from netlab.engines.namespaces.fast_path import enter_words
from netlab.engines.namespaces.store import Record, Store
from netlab.i18n import gettext as _
from netlab.linux import tty


def environment(words: list[str]) -> dict[str, str]:
    """The variables that `-e NAME=VALUE` sets, and `-e NAME` takes over."""
    pairs = (word.partition("=") for word in words)
    return {name: value if equals else os.environ.get(name, "") for name, equals, value in pairs}


def wants_terminal(asked: bool) -> bool:
    """Whether a terminal was asked for that is there; a note when it is not."""
    if asked and not sys.stdin.isatty():
        print(_("(lab: the input is not a terminal here, so -t is left out)"), file=sys.stderr)
        return False
    return asked


def execute(options: argparse.Namespace, store: Store) -> int:
    """docker exec: the command's exit status. Refused."""
    record = find_running(store, options.container)
    if not options.command:
        raise Refused("\"docker exec\" requires at least 2 arguments. See 'docker exec --help'.")
    terminal = wants_terminal(options.tty)
    env = (
        {**record.env}
        | environment(options.env)
        | ({"TERM": os.environ.get("TERM", "xterm")} if terminal else {})
    )
    if record.is_paused:
        raise Refused(
            f"Error response from daemon: Container {record.name} is "
            "paused, unpause the container before exec"
        )
    capabilities = (
        None
        if options.privileged
        else of(False, (), (), options.user)
        if options.user
        else record.capabilities
    )
    words = enter_words(record.pid, capabilities, options.workdir or record.workdir)
    if terminal:
        return _exec_in_terminal(record, [*words, "setsid", "--ctty", "--wait", *options.command], env)
    if options.detach and os.fork():
        return 0
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2) if options.detach else () if options.interactive else (0,):
        os.dup2(nothing, number)
    if options.detach:
        os.setsid()  # the end of the terminal that it was typed in is not its end
    os.execvpe(words[0], [*words, *options.command], env)


def _exec_in_terminal(record: Record, argv: list[str], env: dict[str, str]) -> int:
    master, slave = container.terminal_in(record)
    child = os.fork()
    if child == 0:
        for number in range(3):
            os.dup2(slave, number)
        os.execvpe(argv[0], argv, env)
    os.close(slave)
    tty.join(master)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 128 - status if status < 0 else status
