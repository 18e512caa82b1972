"""Labs with a real dockerd; where Docker is not installed the tier says so."""

from __future__ import annotations

import pytest

from netlab.engines.docker import tools, users
from netlab.errors import NetlabError
from tests.support.need import missing
from tests.support.shared import lab, module_lab

__all__ = ["lab", "module_lab"]


@pytest.fixture(scope="session", autouse=True)
def docker() -> None:
    """The engine can work here."""
    try:
        tools.require()
        users.identity()
    except NetlabError as error:
        missing(str(error))
