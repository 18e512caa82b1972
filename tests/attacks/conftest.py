"""A lab to be attacked: made for one test, and ended after it whatever state it is in."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import PRECIOUS, Lab, end, running


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the exchange folders of this test's labs are: what is left in one must not meet another test."""
    made = Path(tempfile.mkdtemp(prefix="nla-", dir="/tmp"))
    os.chmod(made, 0o711)
    monkeypatch.setenv("NETLAB_EXCHANGE", str(made / "x"))
    yield made
    subprocess.run(["chmod", "-R", "u+rwX", str(made)], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", str(made)], check=False)


@pytest.fixture
def lab(lab_name: str, leakproof: None, folder: Path) -> Iterator[Lab]:
    """A fresh lab, ended by whatever it takes."""
    before = running()
    yield Lab.up(lab_name)
    end(Lab(lab_name), before)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """A folder on the machine, in no lab's sight. Where it appears, an attacker's code has run there."""
    place = tmp_path / "taken"
    yield place
    with suppress(FileNotFoundError):
        place.rmdir()


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the machine's user that no lab has any business with."""
    file = tmp_path / "victim"
    file.write_text(PRECIOUS)
    yield file
    assert file.read_text() == PRECIOUS, "a file of the machine was written to"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("victim.")] == []
