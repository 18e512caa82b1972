"""JupyterLab as `./run` opens it, in a real Chromium."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from netlab.errors import LabNotFound
from netlab.keeper.address import HOME, exchange_folder
from netlab.lab import Lab
from tests.browser.chromium import QUIET
from tests.browser.live_view import notebook, view
from tests.support.need import need
from tests.support.server import Server

__all__ = ["notebook", "view"]
PICTURES = HOME / "build/browser"
URL = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": need("chromium", "chromium-browser", "google-chrome"), "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1400, "height": 1000}}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`./run` with nothing but a lab's name, on somebody's first day; stopped by Ctrl-C."""
    with serving(f"browser-{os.getpid()}", tmp_path_factory.mktemp("server")) as running:
        yield running


@contextmanager
def serving(lab: str, folder: Path, *words: str) -> Iterator[Server]:
    """JupyterLab by `./run` and those words, in a lab of that name; `folder` keeps what it says."""
    progress = exchange_folder(lab) / "progress.json"  # where both the machine and the lab host see it
    environment = {**os.environ, "NETLAB_PROGRESS": str(progress)}
    log = (folder / "log").open("w+b")
    with (
        log,
        subprocess.Popen(
            [HOME / "run", "--lab", lab, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            lines = (line.decode() for line in process.stdout)
            found = next((match for line in lines if (match := URL.search(line))), None)
            log.seek(0)
            assert found, log.read().decode()
            yield Server(lab, found.group())
        finally:
            process.send_signal(signal.SIGINT)
            said = process.stdout.read().decode()
            with suppress(LabNotFound):
                Lab.find(lab).down()
    assert process.returncode == 0
    assert f"The lab '{lab}' stays up" in said


@pytest.fixture
def picture(page: Page, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A screenshot of how the test ended, kept in build/browser."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / f"{request.node.originalname}.png"
    yield file
    page.screenshot(path=file)
