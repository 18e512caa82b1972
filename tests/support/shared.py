"""One lab for a whole module's tests, put back after each: for tiers with many tests of the same lab."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netlab.lab import Lab


@pytest.fixture(scope="module")
def module_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of the module's own, ended after it; in the tier docker one with a real dockerd."""
    engine = "docker" if "docker" in request.path.parts else "namespaces"
    lab = Lab.up(f"t{os.getpid()}-{request.path.stem[5:20]}-{engine[0]}", engine=engine)
    if engine == "namespaces":
        lab.reset()  # the child that does it stays, and no test has left it behind
    lab.pack()  # so does the one that packs
    yield lab
    lab.down()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The base lab, as it is after `up`, and put back afterwards."""
    yield module_lab
    module_lab.reset()
