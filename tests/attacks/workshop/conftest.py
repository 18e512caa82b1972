"""One workshop for all attacks at a running one, and a place to grade in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.attacks.workshop.grading import SECRET
from tests.support.need import missing
from tests.workshop.house import House, opened


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if os.geteuid() != 0:
        pytest.skip("a workshop needs root: it gives each learner a user of their own")
    if not find_spec("jupyterhub"):
        missing("JupyterHub is not installed: ./run test attacks installs it")
    with opened(tmp_path_factory.mktemp("attacked") / "state") as running:
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for hand-ins and their results, with a secret beside them."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "handed-in").mkdir()
    return tmp_path
