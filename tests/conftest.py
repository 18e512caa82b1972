"""The tiers, and what is watched around every test of them.

A tier is a folder of tests/; its name is a marker too (`-m kernel`). They run from the quick to the slow, and
those with a browser, which stays open to the end, after those that look for what is left behind.
"""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.errors import LabNotFound
from netlab.lab import Lab
from tests.support import reaper
from tests.support.leaks import Belongings, left_behind
from tests.support.machine import MachineWatch
from tests.support.parts import deal

TIERS = {
    "unit": "no privileges, no namespaces",
    "kernel": "real namespaces; ./run test as root runs them as root and as an ordinary user",
    "attacks": "what was ever tried against a lab, a grade or a workshop; a test fails when it succeeds",
    "labs": "every notebook, with its solutions and untouched",
    "docker": "a real dockerd",
    "browser": "JupyterLab in a real Chromium",
    "vm": "a real vagrant up",
    "workshop": "a real JupyterHub with learners, as root",
    "graders": "a real nbgrader, a real otter-grader",
    "bench": "how long things take",
}
WATCHED = ("kernel", "attacks", "labs", "browser", "docker", "vm")  # nothing of the machine may change
LEAKPROOF = ("kernel", "attacks", "labs", "docker")  # nothing may be left behind
REAPER = pytest.StashKey[int]()
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    for tier, meaning in TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {meaning}")
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where ip and nft are; not in every user's PATH
    os.environ.pop("NETLAB_LANG", None)  # tests compare English, whoever runs them
    os.environ["LC_ALL"] = "C.UTF-8"
    config.stash[REAPER] = reaper.stand_above()
    gc.disable()  # until all tests are collected, which are there to stay


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", default="1/1", help="2/3: every third test, from the second on")


def pytest_collection_finish() -> None:
    """What is there now stays: who looks for garbage, a test or Python itself, need not go through it."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why what was run again had failed; and what this part cost, as it runs beside others: in processor
    time, with keepers and other orphans."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
    seconds = reaper.seconds(terminalreporter.config.stash[REAPER])
    terminalreporter.write_line(f"processor time: {seconds / 60:.1f} min")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(tier_of(item))
    order = list(TIERS)
    items.sort(key=lambda item: order.index(tier_of(item)))
    items[:] = deal(items, config.getoption("--share"))


def tier_of(item: pytest.Item) -> str:
    """The name of the folder right below tests/."""
    name = item.path.relative_to(Path(__file__).parent).parts[0]
    if name not in TIERS:
        raise pytest.UsageError(f"{item.path} is in no tier: put it in one of {', '.join(TIERS)}.")
    return name


@pytest.fixture(scope="session")
def machine() -> Iterator[MachineWatch]:
    """Watches the machine's own network namespace as long as the tests run."""
    with MachineWatch() as watch:
        yield watch


@pytest.fixture(autouse=True)
def untouched(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine is not touched."""
    if tier_of(request.node) not in WATCHED:
        yield
        return
    watch: MachineWatch = request.getfixturevalue("machine")
    yield
    assert watch.news() == [], "this changed on the machine itself"


@pytest.fixture(autouse=True)
def leakproof(request: pytest.FixtureRequest, untouched: None) -> Iterator[None]:
    """Nothing is left behind, but by stories of one workshop that serves them all, and ends with the last."""
    if tier_of(request.node) not in LEAKPROOF or "attacked" in request.fixturenames:
        yield
        return
    above = request.config.stash[REAPER]
    before = Belongings.now(above)
    yield
    assert left_behind(before, above) == {}, "this was left behind"


@pytest.fixture
def lab_name() -> str:
    """A name that no other lab has."""
    return f"test-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def lab(lab_name: str, leakproof: None) -> Iterator[Lab]:
    """A fresh lab of the test's own."""
    yield Lab.up(lab_name)
    with suppress(LabNotFound):  # the test has ended it itself
        Lab.find(lab_name).down()
