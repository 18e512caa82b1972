"""A lesson on the learner's desk, and what a person does there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from netlab.lessons.content import LABS, lesson
from tests.support.server import Server

from .test_jupyterlab import end_kernels

WAIT = 90_000  # ms; on an idle machine it takes well under five seconds
FOLDER = LABS.joinpath("desk-test")  # each test makes it


@pytest.fixture
def desk(page: Page, server: Server) -> Iterator[Desk]:
    """Somebody who has never been there."""
    server.progress.unlink(missing_ok=True)
    FOLDER.mkdir(exist_ok=True)
    try:
        yield Desk(page, server)
    finally:
        end_kernels(page, server)
        shutil.rmtree(FOLDER)


class Desk:
    """A page with the desk. Its methods are what a person does, and its properties what they look at."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.bar = page.locator(".netlab-bar:not(.lm-mod-hidden)")
        self.line = self.bar.locator(".netlab-line")
        self.pane = page.locator(".netlab-pane:not(.lm-mod-hidden)")
        self.live = self.pane.locator(".netlab-live")
        self.terminal = page.locator(".jp-Terminal:not(.lm-mod-hidden)")
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def copy(self, id: str) -> Path:
        """A lesson's notebook under its own name, so that the lesson's own stays as it is."""
        name = f"{lesson(id).stem}.ipynb"
        return Path(shutil.copy(LABS / name, FOLDER / name))

    def open(self, id: str, width: int = 1440, height: int = 900) -> None:
        """Open a lesson in a window of that size."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.goto(self.server.page(str(self.copy(id).relative_to(LABS))))
        expect(self.bar).to_be_visible(timeout=WAIT)

    def begin(self) -> None:
        """Press the one button that a beginner sees."""
        self.bar.get_by_role("button", name="Begin").click()
        expect(self.bar.get_by_role("button", name="Begin")).to_have_count(0, timeout=WAIT)

    def step(self, id: str) -> Locator:
        return self.bar.get_by_role("button", name=id)

    def cell(self, text: str, number: int = 0) -> Locator:
        """The code cell with that text."""
        return self.notebook.locator(".jp-CodeCell").filter(has_text=text).nth(number)

    def run(self, text: str, typed: str = "", number: int = 0) -> Locator:
        """Type something at the end of a cell, and run it; the cell."""
        cell = self.cell(text, number)
        cell.locator(".cm-content").click()
        if typed:
            self.page.keyboard.press("Control+End")
            self.page.keyboard.type(f"\n{typed}")
        self.page.keyboard.press("Shift+Enter")
        return cell

    def type(self, command: str) -> None:
        """Type a command in the terminal."""
        self.terminal.click()
        expect(self.terminal.locator("textarea")).to_be_focused()
        self.page.keyboard.type(f"{command}\n")

    def command(self, name: str) -> None:
        """Choose a command in the palette."""
        self.page.keyboard.press("Control+Shift+C")
        palette = self.page.locator(".lm-CommandPalette-input")
        palette.fill(name)
        self.page.keyboard.press("Enter")


def box(found: Locator) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    seen = found.bounding_box()
    assert seen is not None
    return seen["x"], seen["y"], seen["x"] + seen["width"], seen["y"] + seen["height"]
