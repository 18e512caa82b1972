"""From `./run` on a machine that is set up to a notebook that can be used."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from netlab.errors import LabNotFound
from netlab.lab import Lab
from tests.bench.harness import OURS, Goal, Row
from tests.bench.peer import ROOT
from tests.browser.chromium import QUIET

URL = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
PLAIN = "plain jupyter lab"
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
TOKEN = "bench"
LONGEST = 90_000  # ms


@contextmanager
def opening(small: bool) -> Iterator[Row]:
    """The command is typed; a Chromium that is open already shows the notebook, its kernel idle.

    Beside it the same JupyterLab without netlab, with a notebook of one cell: what is more is our own share,
    which is to be at most 10 % of ours, so ours at most 1.11 of theirs.
    """
    row = Row("./run to a usable notebook", "ms", [Goal(1 / 0.9, PLAIN, floor=True)])
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        contenders = {OURS: lambda: by_run(browser), PLAIN: lambda: by_jupyter(browser)}
        yield row.measure(contenders, 1 if small else 5)
        browser.close()


def by_run(browser: Browser) -> float:
    name = f"bench-{os.getpid()}"
    environment = {**os.environ, "NETLAB_PROGRESS": f"/tmp/netlab-{os.geteuid()}/{name}/progress.json"}
    try:
        return opened(
            browser, [str(ROOT / "run"), "--lab", name], ROOT, environment, "netlab (lab host) | Idle"
        )
    finally:
        with suppress(LabNotFound):
            Lab.find(name).down()


def by_jupyter(browser: Browser) -> float:
    cells = [nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(notebook, Path(folder, "plain.ipynb"))
        own = {f"JUPYTER_{name}_DIR": f"{folder}/{name.lower()}" for name in ("CONFIG", "RUNTIME")}
        words = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            f"--IdentityProvider.token={TOKEN}",
        ]
        words += ["--ServerApp.jpserver_extensions={'jupyterlab_jupytext': False}", "--LabApp.news_url=None"]
        words += ["--LabApp.default_url=/lab/tree/plain.ipynb", "--ServerApp.ip=127.0.0.1"]
        return opened(browser, words, Path(folder), {**os.environ, **own}, "Python 3 (ipykernel) | Idle")


def opened(
    browser: Browser, words: Sequence[str], folder: Path, environment: dict[str, str], idle: str
) -> float:
    """Milliseconds from the command to that text of JupyterLab's status bar."""
    began = time.perf_counter()
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=environment,
    ) as process:
        assert process.stdout is not None
        page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
        try:
            address = next(m.group() for line in process.stdout if (m := URL.search(line)))
            visit(page, address.replace("token=...", f"token={TOKEN}"))  # a plain one hides it
            expect(page.get_by_text(idle)).to_be_visible(timeout=LONGEST)
            return (time.perf_counter() - began) * 1000
        finally:
            page.context.close()
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=10)
            process.kill()


def visit(page: Page, address: str) -> None:
    """A server on a busy machine says its address a moment before it listens."""
    deadline = time.monotonic() + LONGEST / 1000
    while True:
        try:
            page.goto(address, timeout=LONGEST)
            return
        except Error as error:
            if "ERR_CONNECTION_REFUSED" not in error.message or time.monotonic() > deadline:
                raise
