"""A lesson in Chinese, as its learner sees it in JupyterLab."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import Page, expect

from netlab.keeper.address import HOME
from netlab.lessons.build import metadata
from netlab.lessons.content import LABS
from tests.support.server import Server

FILE = LABS / "zh/browser-test.ipynb"
PICTURES = HOME / "build/browser"  # kept for people to look at
pytestmark = pytest.mark.usefixtures("picture")
CELLS = (
    "from netlab import notebook\nlab = notebook.start('05')\n"
    "lab.progress.record_answer('05', '05.2', 'sysctl')\nlab.live(packets=True)",
    "with lab.capture() as seen:\n    !docker exec if-test ping -c 2 -i 0.2 -W 1 39.106.233.176",
    "lab.draw(seen)",
    "lab.timeline(seen)",
    "lab.trace('if-test', '39.106.233.176')",
    "lab.check('05.1')",
)
ENGLISH = ("Show packets", "Hide packets", "Pause", "echo request", "not forwarded", "Evidence", "not yet")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_a_chinese_notebook_speaks_chinese(page: Page, server: Server) -> None:
    """Its kernel, the live view and its buttons, pictures, the trace and the check."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata("zh")), FILE)
    try:
        page.goto(server.page("zh/browser-test.ipynb"))
        expect(page.get_by_text("netlab（实验主机） | Idle")).to_be_visible(timeout=90_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).last.click()
        expect(page.locator(".jp-OutputArea").get_by_text("… 还没有")).to_be_visible(timeout=90_000)
        view = page.locator(".netlab-live")
        expect(view.get_by_role("button", name="隐藏数据包")).to_be_visible()
        expect(view.get_by_role("button", name="暂停")).to_be_visible()
        expect(view.locator(".timeline")).to_contain_text("回显请求", timeout=30_000)
        expect(view.locator(".marks")).to_contain_text("没有转发", timeout=30_000)
        outputs = page.locator(".jp-OutputArea")
        expect(outputs.get_by_text("证据")).to_be_visible()
        pictures = outputs.locator("img[alt]")
        alts = [picture.get_attribute("alt") or "" for picture in pictures.all()]
        assert len(alts) >= 4
        assert all("个命名空间" in alt or "时间线" in alt for alt in alts), alts
        said = page.locator(".jp-Notebook").inner_text()
        assert [text for text in ENGLISH if text in said] == []
        labels = [node.get_attribute("aria-label") or "" for node in view.locator("[aria-label]").all()]
        assert [label for label in labels if not CHINESE.search(label)] == []
        page.screenshot(path=PICTURES / "chinese.png", full_page=True)
        view.screenshot(path=PICTURES / "chinese-live.png")
    finally:
        FILE.unlink()
