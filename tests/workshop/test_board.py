"""The board in a real Chromium, with thirty learners: read, clicked, used by keyboard alone."""

from __future__ import annotations

import csv
import io
import random
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from netlab.keeper.address import HOME
from netlab.lessons.content import lessons
from netlab.workshop.board.results import Results
from tests.browser.axe import violations
from tests.workshop.client import Client
from tests.workshop.house import House, opened, until

PICTURES = HOME / "build/workshop"
NAMES = """ada bob carol dave eva finn grace heidi ivan judy karl lena mallory nina oscar peggy quentin rosa
sybil trent ursula victor walter xenia yvonne zoe 张三 李四 王五""".split()
PROJECTOR = 14  # CSS pixels, the smallest that can be read from the last row


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Twenty-nine who are somewhere in lessons 01 to 05, as their servers reported it."""
    state = tmp_path_factory.mktemp("class") / "state"
    with opened(state, "--open", "01,02") as house:
        steps = [step.id for lesson in lessons() for step in lesson.steps]
        results, dice = Results(state / "board.sqlite", frozenset(steps)), random.Random(7)
        for name in NAMES:
            results.note_presence(name)
            done = dice.randrange(17)
            events = [_check(step, passed=True) for step in steps[:done]]
            events += [_check(steps[done], hint="no-cable", n=n) for n in range(dice.choice((0, 1, 2, 5)))]
            results.add(name, events)
        yield house


def _check(step: str, *, passed: bool = False, hint: str = "", n: int = 0) -> dict[str, object]:
    event = {"id": f"{step}-{n}", "kind": "checked", "lesson": step[:2], "step": step, "time": time.time()}
    return {**event, "passed": passed, "hint": hint}


@pytest.fixture(scope="module")
def live(class_: House) -> Client:
    return class_.learner("live").enter()


@pytest.fixture
def board(class_: House, page: Page) -> Page:
    """As the instructor sees it when he has logged in."""
    page.goto(f"{class_.url}/services/board/")
    page.fill("#username_input", "instructor")
    page.fill("#password_input", class_.settings["password"])
    page.click("#login_submit")
    expect(page.locator("tbody tr").first).to_be_visible()
    return page


def shot(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def test_thirty_learners_on_one_page(live: Client, board: Page) -> None:
    """Each has a row and each step a cell; who is stuck is told without colours, and in words."""
    expect(board.locator("tbody tr")).to_have_count(len(NAMES) + 1)
    shot(board, "board-all")
    stuck = board.locator("td.step.stuck")
    assert stuck.count() >= 3
    assert "stuck, no-cable" in stuck.first.inner_text() and stuck.first.inner_text().startswith("✗✗")
    sizes = board.locator("tbody td, tbody th button, thead th").evaluate_all(
        "cells => cells.map(cell => parseFloat(getComputedStyle(cell).fontSize))"
    )
    assert min(sizes) >= PROJECTOR
    board.select_option("#lesson", "03")
    expect(board.locator("tbody tr").first.locator("td.step")).to_have_count(5)
    shot(board, "board-lesson")


def test_the_page_is_accessible(live: Client, board: Page) -> None:
    """axe finds nothing, neither on the board nor in a learner's window."""
    assert violations(board, "body") == []
    board.get_by_role("button", name="live", exact=True).click()
    expect(board.locator("dialog")).to_be_visible()
    assert violations(board, "body") == []


def test_a_learners_lab_as_it_is_now(live: Client, board: Page) -> None:
    """A click on a name shows the topology; it follows what he types, and cannot change it."""
    kernel = live.kernel()
    kernel.run('from netlab import notebook\nlab = notebook.start("01")')
    board.get_by_role("button", name="live", exact=True).click()
    expect(board.locator("dialog .card")).not_to_have_count(0, timeout=15_000)
    kernel.run("!ip link add shown-now type bridge")
    expect(board.locator("dialog").get_by_text("shown-now", exact=True)).to_be_visible(timeout=15_000)
    shot(board, "board-topology")
    assert board.locator("dialog .toggle").is_hidden()
    board.keyboard.press("Escape")
    expect(board.locator("dialog")).to_have_count(0)
    assert board.evaluate("document.activeElement.dataset.name") == "live"
    kernel.close()


def test_orders_by_keyboard_alone(class_: House, live: Client, board: Page) -> None:
    """Announce, open a lesson, break a lab, put it back: with Tab and Enter; the learner sees and has it."""
    kernel = live.kernel()
    board.locator("#words").focus()
    board.keyboard.type("Five minutes left")
    board.keyboard.press("Enter")
    expect(board.locator(".said").first).to_have_text("Sent.")
    until(lambda: "Five minutes left" in live.get(f"{live.base}/netlab/announcements").text, what="the words")
    assert "03-a-veth-pair.ipynb" not in kernel.run("!ls")
    board.get_by_role("button", name="Open the next lesson").focus()
    board.keyboard.press("Enter")
    expect(board.get_by_text("Open: 01 02 03")).to_be_visible()
    until(lambda: "03-a-veth-pair.ipynb" in kernel.run("!ls"), what="the notebook of lesson 03")
    board.on("dialog", lambda dialog: dialog.accept())
    board.get_by_role("button", name="live", exact=True).focus()
    board.keyboard.press("Enter")
    board.locator("dialog select").focus()
    board.keyboard.press("ArrowDown")
    board.locator("dialog").get_by_role("button", name="Break").focus()
    board.keyboard.press("Enter")
    until(lambda: "if-test" in kernel.run("!docker ps"), what="the gym's container")
    board.locator("dialog").get_by_role("button", name="Put back").focus()
    board.keyboard.press("Enter")
    until(lambda: "if-test" not in kernel.run("!docker ps"), what="the lab put back")
    kernel.close()


def test_a_learner_reads_what_is_announced(class_: House, live: Client, board: Page) -> None:
    """At the top of his JupyterLab, one below the other, until he closes it; and his server has failed
    nowhere."""
    mine = board.context.browser.new_context().new_page()  # type: ignore[union-attr]
    failed: list[str] = []
    mine.on("response", lambda answer: failed.append(answer.url) if answer.status >= 500 else None)
    mine.goto(f"{class_.url}/hub/login")
    mine.fill("#username_input", "live")
    mine.fill("#password_input", live.password)
    mine.click("#login_submit")
    mine.wait_for_url("**/user/live/lab/**")
    board.fill("#words", "Look at the <b>board</b>, please")
    board.get_by_role("button", name="Announce").click()
    alert = mine.get_by_role("alert").filter(has_text="Look at the <b>board</b>, please")
    expect(alert).to_be_visible(timeout=30_000)
    mine.wait_for_selector(".jp-NotebookPanel, .jp-Launcher", timeout=60_000)
    board.fill("#words", "And then have a break")
    board.get_by_role("button", name="Announce").click()
    second = mine.get_by_role("alert").filter(has_text="And then have a break")
    expect(second).to_be_visible(timeout=30_000)
    shot(mine, "announcement")
    first, below = alert.bounding_box(), second.bounding_box()
    assert first and below and below["y"] >= first["y"] + first["height"]
    alert.get_by_role("button").click()
    expect(alert).to_have_count(0)
    expect(second).to_be_visible()
    mine.reload()
    expect(second).to_be_visible(timeout=60_000)
    assert re.search(r"\d\d?:\d\d", second.locator("time").inner_text())
    expect(alert).to_have_count(0)
    expect(board.locator("details pre")).to_contain_text("And then have a break")
    assert failed == []
    mine.close()


def test_a_fault_is_an_activity(class_: House, live: Client, board: Page) -> None:
    """Its learner is told the story; the board shows the fault and when it is mended; what it builds passes
    no step."""
    kernel = live.kernel()
    kernel.run('from netlab import notebook\nlab = notebook.start("01")')
    board.on("dialog", lambda dialog: dialog.accept())
    board.get_by_role("button", name="live", exact=True).click()
    board.locator("dialog select").select_option("ip-forward-off")
    shot(board, "board-fault")
    board.locator("dialog").get_by_role("button", name="Break").click()
    told = f"{live.base}/netlab/announcements"
    until(lambda: "There is a fault in your lab" in live.get(told).text, what="the story")
    row = board.locator("tbody tr").filter(has=board.get_by_role("button", name="live", exact=True))
    expect(row.locator(".where")).to_contain_text("fault for", timeout=15_000)
    kernel.run('lab.check("01.1")')
    assert "if-test" in kernel.run("!docker ps")
    kernel.run("!sysctl -w net.ipv4.ip_forward=1")
    expect(row.locator(".where")).to_contain_text("fixed after", timeout=60_000)
    board.keyboard.press("Escape")
    expect(board.get_by_text("fixed: 1.")).to_be_visible()
    shot(board, "board-mended")
    assert "Fixed after" in live.get(told).text
    assert "01.1" not in class_.board(class_.instructor())["live"]["steps"]
    kernel.close()


def test_collect_grade_and_export(class_: House, live: Client, board: Page, tmp_path: Path) -> None:
    """What the learner changed is collected and graded, and everything is in one table for a spreadsheet."""
    kernel = live.kernel()
    kernel.run(
        "import json\nbook = json.load(open('01-the-problem.ipynb'))\n"
        "book['cells'].append({**book['cells'][0], 'source': 'mine'})\n"
        "json.dump(book, open('01-the-problem.ipynb', 'w'))\n"
        "open('02-an-empty-namespace.ipynb', 'w').write('{')"
    )
    board.get_by_role("button", name="Collect and grade").click()
    expect(board.get_by_text("Graded; all about it is in")).to_be_visible(timeout=120_000)
    collected = [
        str(file.relative_to(file.parents[1])) for file in class_.state.glob("collected/*/*/*.ipynb")
    ]
    assert sorted(collected) == ["live/01-the-problem.ipynb", "live/02-an-empty-namespace.ipynb"]
    expect(board.get_by_text("1 submission was not graded")).to_be_visible()
    until(lambda: kernel.run("!ls feedback").count(".html") == 2, what="the learner's pages")
    until(lambda: "were graded" in live.get(f"{live.base}/netlab/announcements").text, what="the words")
    with board.expect_download() as download:
        board.get_by_role("link", name="Results (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        found = list(csv.DictReader(io.StringIO(packed.read("grades.csv").decode())))
        assert {(row["student_id"], row["assignment"]) for row in found} == {("live", "01"), ("live", "02")}
        assert all(int(row["max_score"]) > 0 for row in found) and "workshop.csv" in packed.namelist()
    with board.expect_download() as download:
        board.get_by_role("link", name="Export CSV").click()
    download.value.save_as(tmp_path / "workshop.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "workshop.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(NAMES) + 1
    mine = next(row for row in rows if row["learner"] == "live")
    assert mine["01 points"] == "0.0" and float(mine["01 max"]) > 0
    assert sum(bool(row["01.1"]) for row in rows) > 20
    kernel.close()
