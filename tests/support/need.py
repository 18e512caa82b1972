"""A tier whose tool is missing says so by name. On CI that is an error: nothing is skipped silently."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / ".venv/tools"


def need(*commands: str) -> str:
    """The path of the first of these commands that is there; otherwise the test is skipped, on CI failed."""
    for command in commands:
        if path := shutil.which(command):
            return path
    missing(f"{' or '.join(commands)} is not installed; ./run test installs what it can.")


def tools() -> Path:
    """The folder of Debian's ufw, firewalld, dnsmasq and CNI plugins, unpacked as they are."""
    if not (TOOLS / ".ready").exists():
        missing(f"{TOOLS} is not there; ./run test makes it where there is apt-get.")
    return TOOLS


def module(name: str) -> ModuleType:
    """That module, for a whole file of tests."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if os.environ.get("CI") and os.geteuid() == 0:
            raise  # a workshop is root's, so it is installed for root alone
        pytest.skip(f"{error.name} is not installed: ./run test attacks installs it", allow_module_level=True)


def missing(reason: str) -> None:
    """Skip the test for that reason; on CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
