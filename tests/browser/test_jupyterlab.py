"""What a learner sees and types in JupyterLab."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Page, expect

from netlab.i18n import LANGUAGES
from netlab.keeper.address import HOME
from netlab.lessons.build import folder_of, metadata, notebook
from netlab.lessons.content import LABS, lesson
from netlab.lessons.progress import Progress
from tests.support.patience import eventually
from tests.support.server import Server

PICTURES = HOME / "build/browser"  # kept for people to look at
pytestmark = pytest.mark.usefixtures("picture")
# By language: the kernel's name, what a passed check says, and words of the two timelines.
LESSON_05 = {
    "en": ("netlab (lab host)", "✔ passed", "expected at host eth0 and not seen", "3 replies"),
    "zh": ("netlab（实验主机）", "✔ 通过", "本该在 host eth0 看到，却没有", "3 个应答"),
}


@pytest.fixture
def own_notebook() -> Iterator[Path]:
    """A place for a notebook beside the lessons, for one test."""
    file = LABS / "browser-test.ipynb"
    yield file
    file.unlink()


def open_page(page: Page, address: str) -> None:
    """Open a notebook, and wait until JupyterLab has come to rest and its kernel is there."""
    page.goto(address)
    expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=90_000)


def end_kernels(page: Page, server: Server) -> None:
    """End all kernels: one with a live view would follow the lab for as long as the server runs."""
    address, _, token = server.url.partition("/lab")[0], *server.url.partition("token=")[1:]
    asked = {"Authorization": f"token {token.partition('&')[0]}"}
    for session in page.request.get(f"{address}/api/sessions", headers=asked).json():
        page.request.delete(f"{address}/api/sessions/{session['id']}", headers=asked)


def choose(page: Page, *path: str) -> None:
    """Choose an entry of a menu, by the names on the way to it."""
    page.get_by_role("menuitem", name=path[0], exact=True).click()
    for name in path[1:]:
        page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).last.click()


def test_it_opens_on_the_landing_page(page: Page, server: Server) -> None:
    """Without a prompt for news. Its table follows what is done elsewhere; its links lead where they say."""
    open_page(page, server.page())
    expect(page.get_by_role("tab", name="00-start-here.ipynb")).to_be_visible()
    expect(page.get_by_text("official Jupyter news")).to_have_count(0)
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output").filter(has=page.locator("table"))
    expect(output).to_contain_text("0 of ", timeout=30_000)
    Progress(server.progress).record_passed("01", "01.1")
    expect(output).to_contain_text("✔ 01.1")
    output.get_by_role("link", name="01 · The problem").click()
    expect(page.get_by_role("tab", name="01-the-problem.ipynb")).to_be_visible()
    expect(page.get_by_role("heading", name="01.1 A container that runs")).to_be_visible()
    page.get_by_role("tab", name="00-start-here.ipynb").click()
    page.get_by_role("link", name="glossary").click()
    expect(page.locator(".jp-MarkdownViewer").get_by_role("cell", name="网络命名空间")).to_be_visible()
    server.progress.unlink()


def test_a_cell_acts_on_the_lab_host(page: Page, server: Server, own_notebook: Path) -> None:
    """What a %%bash cell does, it does in the lab host."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in ("%%bash\nip -br link", "print('in the lab')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata("en")), own_notebook)
    open_page(page, server.page(own_notebook.name))
    choose(page, "Run", "Run All Cells")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.filter(has_text="in the lab")).to_be_visible(timeout=90_000)
    expect(outputs.filter(has_text="docker0")).to_be_visible()


def test_a_browser_that_goes_does_not_end_the_server(page: Page, server: Server) -> None:
    """Who closes the browser in the middle of an answer finds JupyterLab there again."""
    open_page(page, server.page())
    address = urlsplit(server.url)
    files = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    script = urlsplit(next(name for name in files if "/static/lab/" in name and ".js" in name)).path
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port)) as gone:
            request = f"GET {script} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n"
            gone.sendall(request.encode() * 50)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # by RST
    page.reload()
    expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=30_000)


def test_a_terminal_is_a_shell_of_the_lab_host(page: Page, server: Server) -> None:
    """JupyterLab's terminal is where docker0 is."""
    open_page(page, server.page())
    choose(page, "File", "New", "Terminal")
    terminal = page.locator(".jp-Terminal")
    expect(terminal).to_be_visible()
    terminal.click()
    expect(terminal.locator("textarea")).to_be_focused()
    page.keyboard.type("ip -br link | tee /root/seen\n")
    assert eventually(lambda: "docker0" in server.lab.run(["cat", "/root/seen"]).stdout)


def keep_pages(page: Page, name: str) -> None:
    """Screenshots of the notebook from top to bottom, for people to look at."""
    page.keyboard.press("Control+b")  # without the list of files
    panel = page.locator(".jp-WindowedPanel-outer")
    panel.evaluate("e => { e.scrollTop = 0; }")
    for old in PICTURES.glob(f"{name}-[0-9]*.png"):
        old.unlink()
    for number in range(1, 40):
        page.wait_for_timeout(500)  # cells are laid out when they come into sight
        panel.screenshot(path=PICTURES / f"{name}-{number:02}.png")
        if not panel.evaluate(
            "e => { const was = e.scrollTop; e.scrollTop += e.clientHeight - 60; return e.scrollTop - was; }"
        ):
            return


@pytest.mark.parametrize("language", LANGUAGES)
def test_lesson_05_from_the_top(page: Page, server: Server, language: str) -> None:
    """With the solutions typed: the picture, the timeline of the death and of the cure, four green checks."""
    lesson_05, kernel, passed_words, death, cure = lesson("05"), *LESSON_05[language]
    folder = folder_of(language)
    file = folder / "browser-test.ipynb"
    file.write_text(notebook(lesson_05, solution=True, language=language))
    try:
        page.goto(server.page(str(file.relative_to(LABS))))
        expect(page.get_by_text(f"{kernel} | Idle")).to_be_visible(timeout=90_000)
        choose(page, "Run", "Run All Cells")
        passed = page.get_by_role("status").filter(has_text=passed_words)
        expect(passed).to_have_count(len(lesson_05.steps), timeout=120_000)
        died, cured = (page.locator(f"img[alt*='{words}']").first for words in (death, cure))
        for image in (died, cured):
            image.scroll_into_view_if_needed()
            expect(image).to_be_visible()
            assert image.evaluate("image => image.naturalWidth") > 0, "the picture is broken"
        keep_pages(page, f"lesson-05-{language}")
    finally:
        file.unlink()
