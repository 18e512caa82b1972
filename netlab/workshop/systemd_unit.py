"""A workshop as a service of systemd: what `./run workshop … unit` prints; see systemd.service(5)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from netlab.i18n import VARIABLE
from netlab.keeper.address import HOME

OPTIONS = (
    "state",
    "listen",
    "port",
    "cert",
    "key",
    "plain",
    "code",
    "list",
    "open",
    "learners",
    "memory",
    "cpus",
)
UNIT = """\
[Unit]
Description=netlab: a workshop
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={command}
{environment}Restart=on-failure
RestartSec=5
# The groups of the learners are made below the service's own.
Delegate=pids memory cpu
TasksMax=infinity
LimitNOFILE=1048576
# A learner whose memory ran out must not end the others.
OOMPolicy=continue
# The first process ends all others itself; who is left is killed.
KillMode=mixed
TimeoutStopSec=120

[Install]
WantedBy=multi-user.target
"""


def text(chosen: argparse.Namespace) -> str:
    """The unit for this checkout, and for a workshop with those options of netlab.cli.workshop."""
    command = " ".join(_word(word) for word in (str(HOME / "run"), "workshop", *_options(chosen)))
    language = os.environ.get(VARIABLE, "")
    environment = f"Environment={VARIABLE}={language}\n" if language else ""
    return UNIT.format(command=command, environment=environment)


def _options(chosen: argparse.Namespace) -> Iterator[str]:
    for name in OPTIONS:
        value = getattr(chosen, name)
        if value is True:
            yield f"--{name}"
        elif value:
            yield from (f"--{name}", str(value.resolve() if isinstance(value, Path) else value))


def _word(word: str) -> str:
    """A word of a command as systemd reads it: quoted, with nothing in it that it would replace."""
    for sign, instead in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(sign, instead)
    return f'"{word}"'
