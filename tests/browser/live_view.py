"""A notebook that shows the live view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from netlab.lessons.build import metadata
from netlab.lessons.content import LABS
from tests.support.server import Server

from .test_jupyterlab import choose, end_kernels, open_page

WAIT = 60_000  # ms; on an idle machine it takes well under one second
FILE = LABS / "live-test.ipynb"


def show(page: Page, server: Server, *cells: str) -> Locator:
    """Run a notebook of these cells, the first of which shows the live view; the view."""
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata("en")), FILE)
    open_page(page, server.page(FILE.name))
    choose(page, "Run", "Run All Cells")
    found = page.locator(".netlab-live").first
    expect(found.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    return found


def first_cell(id: str, live: str = "lab.live()") -> str:
    """A lesson's beginning, for somebody who has answered what no picture tells before."""
    answered = "lab.progress.record_answer('05', '05.2', 'sysctl')"
    return f"from netlab import notebook\nlab = notebook.start('{id}')\n{answered}\n{live}"


@pytest.fixture
def notebook(page: Page, server: Server) -> Iterator[Path]:
    """A place for one test's notebook."""
    yield FILE
    FILE.unlink()
    end_kernels(page, server)


@pytest.fixture
def view(page: Page, server: Server, notebook: Path) -> Locator:
    """A notebook whose one cell shows the live view of a lab that was just put back."""
    return show(page, server, first_cell("01"))


def type_(server: Server, command: str) -> None:
    done = server.lab.script(command)
    assert done.returncode == 0, done.stderr
