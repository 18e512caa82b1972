"""One workshop for all tests that do not break it for others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import QUIET
from tests.support.need import need
from tests.workshop.house import House, opened


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if os.geteuid() != 0:
        pytest.skip("a workshop needs root: it gives each learner a user of his own")
    with opened(tmp_path_factory.mktemp("workshop") / "state") as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": need("chromium", "chromium-browser", "google-chrome"), "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    # As a projector has it; axe-core is put into the page, which the page's own policy forbids.
    return {"viewport": {"width": 1600, "height": 1000}, "bypass_csp": True}
