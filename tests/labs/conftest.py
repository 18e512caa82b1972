"""One lab for a module's tests of the lessons; each test brings it to where it needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netlab.lab import Lab


@pytest.fixture(scope="module")
def module_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of the tests' own, ended after them."""
    lab = Lab.up(f"t{os.getpid()}-{request.module.__name__.rpartition('.')[2][5:20]}")
    yield lab
    lab.down()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The same lab, put back afterwards."""
    yield module_lab
    module_lab.reset()
