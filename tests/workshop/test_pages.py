"""What a Chinese learner sees of the Hub itself, in a real Chromium: no page is left in English."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from netlab.keeper.address import HOME
from netlab.workshop.hub.spawner import STARTS
from tests.browser.axe import violations
from tests.workshop.house import CODE, House, opened, until

PICTURES = HOME / "build/workshop"
OURS = re.compile(r"netlab|root|ada|bob|carol|dave", re.IGNORECASE)  # what is the same in every language
ENGLISH = re.compile(r"[A-Za-z]{3,}")


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETLAB_LANG", "zh")
        with opened(tmp_path_factory.mktemp("chinese") / "state") as house:
            yield house


def is_chinese(page: Page, name: str) -> None:
    """Every text that can be read there, but for what the Hub itself said in an error, which says so."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"zh-{name}.png")
    assert page.evaluate("document.documentElement.lang") == "zh"
    said = page.evaluate(
        """() => {
            for (const other of document.querySelectorAll('[lang=en]')) other.remove();
            const said = [document.title, document.body.innerText];
            for (const labelled of document.querySelectorAll('[title], [aria-label], [alt]'))
                if (labelled.checkVisibility())
                    said.push(labelled.title, labelled.ariaLabel, labelled.getAttribute('alt'));
            return said.join('\\n');
        }"""
    )
    assert not ENGLISH.findall(OURS.sub("", said)), said
    assert violations(page, "body") == []


@contextmanager
def stopped(house: House, part: str) -> Iterator[None]:
    """Meanwhile it answers nobody."""
    number = house.pid(part)
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


def enter(house: House, page: Page, name: str = "ada") -> None:
    page.goto(f"{house.url}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", "secret-word")
    page.fill("#code_input", CODE)
    page.click("#login_submit")


def test_the_way_in_and_out(chinese: House, page: Page) -> None:
    """Log in, wait, work, end the lab, start it again, log out."""
    page.goto(f"{chinese.url}/hub/login")
    is_chinese(page, "login")
    with stopped(chinese, "forkserver"):  # nobody is quicker than the picture
        enter(chinese, page)
        expect(page.get_by_text("正在为你准备实验环境")).to_be_visible(timeout=30_000)
        is_chinese(page, "pending")
    page.wait_for_url("**/user/ada/lab**", timeout=90_000)
    page.goto(f"{chinese.url}/hub/home")
    is_chinese(page, "home")
    page.click("#stop")
    expect(page.get_by_text("你的实验环境没有在运行")).to_be_visible(timeout=60_000)
    is_chinese(page, "stopped")
    page.goto(f"{chinese.url}/user/ada/lab")
    expect(page.get_by_text("你的实验环境没有在运行")).to_be_visible()
    page.click("#start")
    page.wait_for_url("**/user/ada/lab**", timeout=90_000)
    page.goto(f"{chinese.url}/hub/home")
    page.click("#logout")
    expect(page.locator("#username_input")).to_be_visible()


def test_what_goes_wrong(chinese: House, page: Page) -> None:
    """A wrong word, a page that is not there, one that is another's, a server that cannot be started."""
    enter(chinese, page)
    page.wait_for_url("**/user/ada/lab**", timeout=90_000)
    page.goto(f"{chinese.url}/hub/nothing")
    is_chinese(page, "none")
    page.goto(f"{chinese.url}/hub/admin")
    is_chinese(page, "forbidden")
    until(lambda: chinese.learners("ada"), what="ada's server")
    page.goto(f"{chinese.url}/hub/logout")
    page.goto(f"{chinese.url}/hub/login")
    page.fill("#username_input", "ada")
    page.fill("#password_input", "guessed")
    page.click("#login_submit")
    expect(page.get_by_role("alert")).to_be_visible()
    is_chinese(page, "refused")


def test_a_lab_that_does_not_start(chinese: House, page: Page) -> None:
    """The learner is told so at once, and what to tell whom; his next try goes well."""
    chinese.learner("bob").log_in()  # he has a number now
    image = chinese.state / f"learners/{chinese.number('bob')}/disk.img"
    image.mkdir(parents=True)  # where his disk should be
    page.goto(f"{chinese.url}/hub/login")
    page.fill("#username_input", "bob")
    page.fill("#password_input", "secret-word")
    page.click("#login_submit")
    expect(page.get_by_text("你的实验环境没能启动")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("无法创建学员的磁盘")).to_be_visible()
    is_chinese(page, "failed")
    image.rmdir()
    page.click("#start")
    page.wait_for_url("**/user/bob/lab**", timeout=90_000)


def test_many_come_in_at_once(chinese: House, page: Page) -> None:
    """Who has to wait reads how many are before him, and comes in without doing anything."""
    with stopped(chinese, "forkserver"):
        line_up(chinese, "first")
        enter(chinese, page, "carol")
        expect(page.get_by_role("status")).to_contain_text("排在你前面的还有", timeout=30_000)
        is_chinese(page, "many")
    page.wait_for_url("**/user/carol/lab**", timeout=120_000)


def test_the_hub_falls_while_somebody_waits(chinese: House, page: Page) -> None:
    """His page finds the new Hub by itself, and says how he goes on."""
    with stopped(chinese, "forkserver"):
        line_up(chinese, "second")
        enter(chinese, page, "dave")
        expect(page.get_by_role("status")).to_contain_text("排在你前面的还有", timeout=30_000)
        chinese.kill("hub")
        expect(page.get_by_text("你的实验环境没有在运行")).to_be_visible(timeout=90_000)
    page.click("#start")
    page.wait_for_url("**/user/dave/lab**", timeout=120_000)


def line_up(house: House, name: str) -> None:
    """Others than the one whom the test looks at: more than have their turn at once."""
    for number in range(2 * STARTS + 1):
        other = house.learner(f"{name}-{number}")
        other.log_in()
        other.get("/hub/spawn")
