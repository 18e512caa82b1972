"""The learner's desk in the real JupyterLab: it comes up, stays, goes, and is brought back."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from netlab.lessons.content import LABS

from .axe import violations
from .conftest import serving
from .desk import FOLDER, WAIT, Desk, box, desk
from .test_jupyterlab import PICTURES, choose

__all__ = ["desk"]
pytestmark = pytest.mark.usefixtures("picture")


def in_place(desk: Desk) -> None:
    """The lesson on the left, the live view on the upper right, the terminal below it; nothing overlaps."""
    expect(desk.terminal).to_be_visible(timeout=WAIT)
    expect(desk.live.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    lesson, live, terminal = box(desk.notebook), box(desk.pane), box(desk.terminal)
    assert lesson[2] <= live[0] and lesson[2] <= terminal[0]
    assert live[3] <= terminal[1]
    assert lesson[2] - lesson[0] > 0.4 * (live[2] - lesson[0])
    assert desk.page.locator(".jp-FileBrowser:visible").count() == 0


def is_kept(request: Request, words: str, there: bool) -> bool:
    """Whether JupyterLab keeps the workspace, with those words in it or without them: half a second later."""
    kept = request.method == "PUT" and "/workspaces/" in request.url
    return kept and (words in (request.post_data or "")) is there


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720)])
def test_it_comes_up(desk: Desk, width: int, height: int) -> None:
    """No dialogue, no news, one button; then all is in sight, and the cell does not show the view twice."""
    desk.open("01", width, height)
    expect(desk.line).to_contain_text("Run the first cell")
    expect(desk.pane).to_contain_text("Run the first cell")
    assert desk.page.locator(".jp-Dialog").count() == 0
    desk.begin()
    in_place(desk)
    cell = desk.cell("notebook.start")
    expect(cell.locator(".beside")).to_be_visible(timeout=WAIT)
    expect(cell.locator(".topology")).to_be_hidden()
    expect(desk.line).to_contain_text("no container if-test", timeout=WAIT)
    desk.page.screenshot(path=PICTURES / f"desk-{width}.png")
    line, lesson = box(desk.line), box(desk.notebook)
    assert lesson[0] <= line[0] and line[2] <= lesson[2]
    desk.step("01.3").click()
    expect(desk.notebook.get_by_role("heading", name="01.3")).to_be_in_viewport()


def test_on_a_narrow_screen_the_live_view_is_a_drawer(desk: Desk) -> None:
    """The lesson has the width; the cell shows the view until the drawer is opened, and when it is closed."""
    desk.open("01", 1024, 768)
    desk.begin()
    own = desk.cell("notebook.start").locator(".topology")
    expect(own).to_be_visible(timeout=WAIT)
    lesson = box(desk.notebook)
    assert lesson[2] - lesson[0] > 850
    desk.page.screenshot(path=PICTURES / "desk-1024.png")
    desk.bar.get_by_role("button", name="Live view").click()
    expect(desk.live.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    expect(own).to_be_hidden()
    assert box(desk.notebook)[2] <= box(desk.pane)[0]
    desk.page.screenshot(path=PICTURES / "desk-1024-drawer.png")
    desk.page.locator(".jp-SideBar.jp-mod-right").get_by_role("tab", name="Live view").click()
    expect(own).to_be_visible(timeout=WAIT)


def test_it_survives_a_reload_and_a_restart_of_the_kernel(desk: Desk) -> None:
    """Where it was, with the lab as it is; and a restart is told, in the bar and in the pane."""
    desk.open("01")
    desk.begin()
    in_place(desk)
    choose(desk.page, "File", "Save Notebook")
    was = box(desk.pane), box(desk.terminal)
    desk.page.reload()
    in_place(desk)
    assert (box(desk.pane), box(desk.terminal)) == was
    expect(desk.line).to_contain_text("no container if-test", timeout=WAIT)
    desk.server.lab.script("ip link add seen type bridge")
    expect(desk.live.get_by_label("seen in host")).to_be_visible(timeout=WAIT)
    choose(desk.page, "Kernel", "Restart Kernel…")
    desk.page.locator(".jp-Dialog").get_by_role("button", name="Confirm").click()
    expect(desk.line).to_contain_text("Run the first cell", timeout=WAIT)
    desk.page.screenshot(path=PICTURES / "desk-restarted.png")
    desk.begin()
    in_place(desk)


def test_a_part_that_was_closed_stays_so_until_all_is_brought_back(desk: Desk) -> None:
    """Closed, the live view is in its cell again; after a reload, too; one command brings back every part."""
    desk.open("01")
    desk.begin()
    in_place(desk)
    tab = desk.page.locator(".lm-TabBar-tab").filter(has_text="Live view")
    with desk.page.expect_request(lambda it: is_kept(it, "netlab-desk:live", False)):
        tab.locator(".lm-TabBar-tabCloseIcon").click()
    expect(desk.pane).to_have_count(0)
    expect(desk.cell("notebook.start").locator(".topology")).to_be_visible(timeout=WAIT)
    choose(desk.page, "File", "Save Notebook")
    desk.page.reload()
    expect(desk.bar).to_be_visible(timeout=WAIT)
    expect(desk.terminal).to_be_visible(timeout=WAIT)
    expect(desk.pane).to_have_count(0)
    desk.command("netlab: desk")
    in_place(desk)


def test_plain_jupyterlab_is_one_click_away(desk: Desk) -> None:
    """And stays so when the page is opened again, until one asks for the desk."""
    desk.open("01")
    desk.begin()
    in_place(desk)
    with desk.page.expect_request(lambda it: is_kept(it, '"plain"', True)):
        desk.bar.get_by_role("button", name="Plain JupyterLab").click()
    expect(desk.bar).to_be_hidden()
    expect(desk.pane).to_have_count(0)
    expect(desk.cell("notebook.start").locator(".topology")).to_be_visible(timeout=WAIT)
    desk.page.screenshot(path=PICTURES / "desk-plain.png")
    choose(desk.page, "File", "Save Notebook")
    desk.page.reload()
    expect(desk.cell("notebook.start").locator(".topology")).to_be_visible(timeout=WAIT)
    expect(desk.bar).to_be_hidden()
    expect(desk.pane).to_have_count(0)
    desk.command("netlab: desk")
    expect(desk.bar).to_be_visible()
    in_place(desk)


def test_two_tabs_of_one_lesson_agree(desk: Desk) -> None:
    """What is said on one page stands on the other."""
    desk.open("05")
    desk.begin()
    asked = desk.run('lab.predict("05.1"')
    expect(asked.get_by_role("radio").first).to_be_enabled(timeout=WAIT)
    choose(desk.page, "File", "Save Notebook")
    other = Desk(desk.page.context.new_page(), desk.server)
    other.page.set_viewport_size({"width": 1440, "height": 900})
    other.page.goto(desk.server.page(f"{FOLDER.name}/05-where-does-it-die.ipynb"))
    expect(other.cell('lab.predict("05.1"').get_by_role("radio").first).to_be_enabled(timeout=WAIT)
    asked.get_by_role("radio", name="docker0").check()
    asked.get_by_role("button", name="Say so").click()
    expect(other.cell('lab.predict("05.1"').get_by_role("radio", name="docker0")).to_be_checked(timeout=WAIT)
    expect(other.live.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    other.page.screenshot(path=PICTURES / "desk-second-tab.png")
    other.page.close()


def test_a_server_that_goes_away_is_told(page: Page, tmp_path: Path) -> None:
    """In the bar: a page that answers nothing must not look as if it did."""
    with serving("browser-desk-gone", tmp_path) as server:
        desk = Desk(page, server)
        FOLDER.mkdir(exist_ok=True)
        try:
            desk.open("01")
            desk.begin()
            in_place(desk)
        finally:
            shutil.rmtree(FOLDER)
    expect(desk.line).to_contain_text("The server does not answer", timeout=WAIT)
    page.screenshot(path=PICTURES / "desk-server-gone.png")


def test_a_notebook_of_no_lesson_has_no_desk(page: Page, desk: Desk) -> None:
    """Nor has one of a kernel that is none of netlab's."""
    for name, kernel in (("mine.ipynb", "netlab"), ("01-the-problem.ipynb", "none")):
        text = desk.copy("01").read_text().replace('"name": "netlab"', f'"name": "{kernel}"')
        (FOLDER / name).write_text(text)
        page.goto(desk.server.page(f"{FOLDER.name}/{name}"))
        expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=WAIT)
        if kernel == "netlab":
            expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=WAIT)
        page.wait_for_timeout(2000)  # nothing comes, and nothing tells that
        expect(desk.bar).to_have_count(0)
        expect(desk.pane).to_have_count(0)


def test_without_the_extension_all_is_as_before(page: Page, desk: Desk) -> None:
    """The view in its cell, the question as a card, and what is typed is kept."""
    page.route("**/netlab-desk/static/**", lambda route: route.abort())
    page.goto(desk.server.page(str(desk.copy("01").relative_to(LABS))))
    expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=WAIT)
    desk.run("notebook.start")
    expect(page.locator(".netlab-live .topology")).to_be_visible(timeout=WAIT)
    asked = desk.run('lab.predict("01.2"')
    expect(asked).to_contain_text("with one of", timeout=WAIT)
    page.unroute_all()


def test_light_and_dark_nothing_is_seriously_inaccessible(desk: Desk) -> None:
    """axe-core on the bar, the pane and a question; at the end all of it by keyboard alone."""
    desk.open("05")
    desk.begin()
    in_place(desk)
    asked = desk.run('lab.predict("05.1"')
    expect(asked.get_by_role("radio").first).to_be_enabled(timeout=WAIT)
    for theme, light in (("Dark", "false"), ("Light", "true")):
        choose(desk.page, "Settings", "Theme", f"JupyterLab {theme}")
        expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-light", light, timeout=WAIT)
        expect(desk.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=WAIT)
        desk.page.screenshot(path=PICTURES / f"desk-{theme.lower()}.png")
        for part in (".netlab-bar", ".netlab-pane", ".netlab-question"):
            assert violations(desk.page, part) == []
    radio = asked.get_by_role("radio", name="docker0")
    radio.focus()
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    expect(asked.get_by_role("status")).to_contain_text("You say", timeout=WAIT)
    expect(asked.get_by_role("group", name=re.compile("last"))).to_be_visible()


def test_lesson_01_as_a_person_does_it(desk: Desk) -> None:
    """With a mistake first at each step: the bar says what is missing, and then that it is done."""
    desk.open("01")
    desk.begin()
    in_place(desk)
    desk.type("docker run -d centos:8.1.1911 sleep 36000")  # without its name
    expect(desk.live.locator(".said li").first).to_be_attached(timeout=WAIT)
    expect(desk.line).to_contain_text("01.1: ")
    desk.type("docker run -d --name if-test centos:8.1.1911 sleep 36000")
    expect(desk.step("01.1")).to_have_class(re.compile("holds"), timeout=WAIT)
    expect(desk.line).to_contain_text('lab.check("01.1") notes it', timeout=WAIT)
    desk.run('lab.check("01.1")')
    expect(desk.step("01.1")).to_have_class(re.compile("passed"), timeout=WAIT)

    asked = desk.run('lab.predict("01.2"')
    asked.get_by_role("radio", name="answers come back").check(timeout=WAIT)
    asked.get_by_role("button", name="Say so").click()
    expect(desk.line).to_contain_text("no answer yet", timeout=WAIT)
    asked = desk.run('lab.answer("01.2"')
    for key in ("both of them", "the lab host, not the container"):
        asked.get_by_role("radio", name=key).check(timeout=WAIT)
        asked.get_by_role("button", name="Say so").click()
        said = "your answer: both" if key.startswith("both") else 'lab.check("01.2") notes it'
        expect(desk.line).to_contain_text(said, timeout=WAIT)
    desk.run('lab.check("01.2")')
    expect(desk.step("01.2")).to_have_class(re.compile("passed"), timeout=WAIT)

    asked = desk.run('lab.answer("01.3"')
    asked.locator("input").fill("docker0", timeout=WAIT)
    asked.get_by_role("button", name="Say so").click()
    expect(desk.line).to_contain_text("your answer: docker0", timeout=WAIT)
    port = desk.server.lab.script("ip -br link show master docker0 | tail -1 | cut -d@ -f1").stdout.strip()
    asked.locator("input").fill(port)
    asked.get_by_role("button", name="Say so").click()
    expect(desk.line).to_contain_text("01.3 is done", timeout=WAIT)
    desk.run('lab.check("01.3")')
    expect(desk.line).to_contain_text("All steps of this lesson are passed", timeout=WAIT)
    desk.page.screenshot(path=PICTURES / "desk-lesson-01.png")


def test_lesson_05_as_a_person_does_it(desk: Desk) -> None:
    """Wrong answers first; the cure in the terminal, which the bar sees by itself; a prediction too late."""
    desk.open("05")
    desk.begin()
    in_place(desk)
    asked = desk.run('lab.predict("05.1"')
    asked.get_by_role("radio", name="docker0").check(timeout=WAIT)
    asked.get_by_role("button", name="Say so").click()
    for step, wrong, right in (("05.1", "veth_host", "docker0"), ("05.2", "route", "sysctl")):
        asked = desk.run(f'lab.answer("{step}"')
        for key in (wrong, right):
            radio = asked.locator(f'input[value="{key}"]')
            radio.check(timeout=WAIT)
            asked.get_by_role("button", name="Say so").click()
            said = f"your answer: {wrong}" if key == wrong else f'lab.check("{step}") notes it'
            expect(desk.line).to_contain_text(said, timeout=WAIT)
        desk.run(f'lab.check("{step}")')
        expect(desk.step(step)).to_have_class(re.compile("passed"), timeout=WAIT)
    expect(desk.line).to_contain_text("ip_forward is 0", timeout=WAIT)
    desk.type("docker exec if-test sysctl -w net.ipv4.ip_forward=1")  # in the wrong place
    desk.type("echo 1 > /proc/sys/net/ipv4/ip_forward")
    expect(desk.step("05.3")).to_have_class(re.compile("holds"), timeout=WAIT)
    desk.run('lab.check("05.3")')
    expect(desk.step("05.3")).to_have_class(re.compile("passed"), timeout=WAIT)
    asked = desk.run('lab.answer("05.4"')
    asked.locator('input[value="192.0.2.10"]').check(timeout=WAIT)
    asked.get_by_role("button", name="Say so").click()
    expect(asked.get_by_role("status")).to_contain_text("Your answer", timeout=WAIT)
    asked = desk.run('lab.predict("05.4"')
    asked.locator('input[value="192.0.2.10"]').check(timeout=WAIT)
    asked.get_by_role("button", name="Say so").click()
    expect(asked.get_by_role("status")).to_contain_text("Said late", timeout=WAIT)
    desk.run('lab.check("05.4")')
    expect(desk.line).to_contain_text("All steps of this lesson are passed", timeout=WAIT)
    desk.page.screenshot(path=PICTURES / "desk-lesson-05.png")
