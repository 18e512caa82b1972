"""What docs/debugging-a-real-host.md shows is run as it stands there."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.keeper.address import HOME
from netlab.lab import Lab
from tests.kernel.conftest import await_answers, sh
from tests.unit.twin.test_paste import ALL, INSPECTED

DOCUMENT = HOME / "docs/debugging-a-real-host.md"
ELSEWHERE = "203.0.113.80"
DROPS, ALLOWS = ":FORWARD DROP", ":FORWARD ACCEPT"


@pytest.fixture
def name(lab_name: str) -> Iterator[str]:
    """The name of a twin, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def run(words: list[str], folder: Path) -> str:
    """What `./run` prints with these words."""
    argv = [sys.executable, "-m", "netlab", *words]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def commands(of: str, name: str) -> list[list[str]]:
    """The words of the document's commands for that lab, which is called otherwise here."""
    lines = [line.strip() for line in DOCUMENT.read_text().splitlines()]
    return [
        [name if word == of else word for word in shlex.split(line)[1:3]] + shlex.split(line)[3:]
        for line in lines
        if line.startswith(f"./run --lab {of} ")
    ]


def test_the_pasted_report_of_the_document(name: str, tmp_path: Path) -> None:
    """Its three commands say what the document says that they do."""
    (tmp_path / "shop.txt").write_text(f"{ALL.replace(DROPS, ALLOWS)}\n{json.dumps(INSPECTED, indent=4)}\n")
    text = DOCUMENT.read_text()
    unpack, find, attempt = commands("shop", name)
    assert "ens18" in text and "ens18" in run(unpack, tmp_path)
    assert "sysctl -w net.ipv4.ip_forward=1" in (said := run(find, tmp_path)) and "(proved)" in said
    assert "docker0" in said and "proves that the packet ends on docker0" in text
    promised = f"shop → {ELSEWHERE}: gets no answer now, gets through then"
    assert promised in text and promised in run(attempt, tmp_path)


def test_the_pack_of_the_document_keeps_its_fault_though_redacted(
    lab: Lab, name: str, tmp_path: Path
) -> None:
    """Addresses and names of the host are others in the file; the twin has the same cause, and its cure."""
    sh(lab, "docker run -d --name shop centos:8 sleep 36000; sysctl -qw net.ipv4.ip_forward=0")
    told = next(line for line in DOCUMENT.read_text().splitlines() if "pack --here --redact" in line)
    words = shlex.split(told)[2:]
    file = lab.exchange / "host.netpack"
    done = lab.run([sys.executable, "-m", "netlab", *words[:-1], str(file)])
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "host.netpack").write_bytes(Path(file).read_bytes())
    (unpack,) = commands("theirs", name)
    run(unpack, tmp_path)
    twin = Lab.find(name)
    (shop,) = (node for node, kind in twin.status().nodes if kind == "container")
    assert shop != "shop"
    assert trace(twin, shop, ELSEWHERE).cause == trace(lab, "shop", ELSEWHERE).cause == "forwarding-off"
    sh(twin, "sysctl -qw net.ipv4.ip_forward=1")
    await_answers(twin, shop, ELSEWHERE)
    assert trace(twin, shop, ELSEWHERE).loss == 0
