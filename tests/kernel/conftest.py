"""Labs for the tests of this tier: one for a whole module, put back before each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netlab.lab import Lab


@pytest.fixture(scope="module")
def module_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One lab for a module's tests, ended after them."""
    lab = Lab.up(f"t{os.getpid()}-{request.module.__name__.rpartition('.')[2][5:20]}")
    yield lab
    lab.down()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The base lab, as it is after `up`, and put back afterwards."""
    yield module_lab
    module_lab.reset()


def sh(lab: Lab, text: str, node: str = "host") -> str:
    """Run lines of bash that must succeed; what they printed."""
    done = lab.script(text, node)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout
