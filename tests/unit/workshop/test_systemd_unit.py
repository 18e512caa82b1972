"""A workshop as a service."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from netlab.cli import workshop
from netlab.workshop import systemd_unit


def test_as_a_service_it_has_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word quoted as systemd reads it; paths from the root; the language; bounds for learners alone."""
    monkeypatch.setenv("NETLAB_LANG", "zh")
    parser = argparse.ArgumentParser()
    workshop.options(parser)
    words = ["--cert", "room.pem", "--plain", "--code", '50% "off" for $you', "--cpus", "1.5", "unit"]
    lines = systemd_unit.text(parser.parse_args(words)).splitlines()
    [start] = [line for line in lines if line.startswith("ExecStart=")]
    assert start.startswith(
        f'ExecStart="{systemd_unit.HOME}/run" "workshop" "--state" "/var/lib/netlab-workshop"'
    )
    assert f'"--cert" "{Path.cwd()}/room.pem" "--plain" "--code" "50%% \\"off\\" for $$you"' in start
    assert start.endswith('"--cpus" "1.5"') and "unit" not in start
    assert {action.dest for action in parser._actions} - {"help", "action"} == set(systemd_unit.OPTIONS)
    assert {"Environment=NETLAB_LANG=zh", "Delegate=pids memory cpu", "OOMPolicy=continue"} <= set(lines)
