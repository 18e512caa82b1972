"""Labs with a real dockerd; where Docker is not installed the tier says so."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from need import missing

from netlab.engines.docker import tools, users
from netlab.errors import NetlabError
from netlab.lab import Lab


@pytest.fixture(scope="session", autouse=True)
def docker() -> None:
    """The engine can work here."""
    try:
        tools.require()
        users.identity()
    except NetlabError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def module_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One lab for a module's tests, ended after them."""
    lab = Lab.up(f"d{os.getpid()}-{request.module.__name__.rpartition('.')[2][5:20]}", engine="docker")
    yield lab
    lab.down()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The base lab, as it is after `up`, and put back afterwards."""
    yield module_lab
    module_lab.reset()
