"""The live view, in the real JupyterLab: each of the lecture's commands shows on the page by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from netlab.drawing.text import alt_text
from netlab.lessons.content import lesson
from netlab.lessons.start import goto
from netlab.model.changes import describe_changes
from tests.browser.live_view import WAIT, first_cell, show, type_
from tests.support.patience import eventually
from tests.support.server import Server

from .test_jupyterlab import PICTURES

pytestmark = pytest.mark.usefixtures("picture")
PID = "pid=$(docker inspect -f '{{.State.Pid}}' if-test)\n"
# What is typed, and what the page says then, word for word.
LECTURE = (
    ("docker run -d --name if-test --network none centos:8.1.1911 sleep 36000", "if-test"),
    ("ip link add veth_host type veth peer name veth_container", "veth_container appeared in host"),
    (PID + "ip link set veth_container netns $pid", "veth_container moved to if-test"),
    (PID + "nsenter -t $pid -n ip link set veth_container name eth0", "is now called eth0"),
    (PID + "nsenter -t $pid -n ip addr add 172.17.1.2/16 dev eth0", "address 172.17.1.2/16 added to eth0"),
    (PID + "nsenter -t $pid -n ip link set eth0 up", "eth0 in if-test came up"),
    ("ip link set veth_host up", "veth_host in host came up"),
    ("ip link set veth_host master docker0", "veth_host became a port of docker0"),
    ("iptables -P FORWARD ACCEPT", "policy of FORWARD went from DROP to ACCEPT"),
    ("echo 1 > /proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward went from 0 to 1"),
)


def is_as_the_kernel(view: Locator, server: Server) -> None:
    """The words of the picture are those of a fresh snapshot."""
    topology = view.locator(".topology")
    assert eventually(
        lambda: topology.get_attribute("aria-label") == alt_text(server.lab.snapshot()), WAIT / 1000
    )


def test_each_command_of_the_lecture_shows_by_itself(page: Page, server: Server, view: Locator) -> None:
    """Typed elsewhere; the page tells it in words and draws it, and the moved interface is the same one."""
    for command, words in LECTURE:
        type_(server, command)
        expect(view.locator(".said li").filter(has_text=words).last).to_be_attached(timeout=WAIT)
        if words == "veth_container appeared in host":
            view.get_by_label("veth_container in host").evaluate("card => { card.dataset.was = 'here'; }")
    moved = view.get_by_label("eth0 in if-test")
    expect(moved).to_have_attribute("data-was", "here")
    expect(moved.locator("text").filter(has_text="172.17.1.2/16")).to_be_visible()
    view.screenshot(path=PICTURES / "live.png")


def test_every_command_of_the_lessons_shows(page: Page, server: Server, view: Locator) -> None:
    """Lessons 02 to 05, line by line: whenever the kernel has something new, the page has it, too."""
    shown = 0
    for id in ("02", "03", "04", "05"):
        goto(server.lab, id)
        is_as_the_kernel(view, server)
        for step in lesson(id).steps:
            lines = step.solution.splitlines()
            known = "\n".join(line for line in lines if re.match(r"\w+=", line))
            for line in lines:
                before, said = server.lab.snapshot(), view.locator(".said").inner_text()
                type_(server, f"{known}\n{line}")
                is_as_the_kernel(view, server)
                if describe_changes(before, server.lab.snapshot()):
                    shown += 1
                    expect(view.locator(".said")).not_to_have_text(said, timeout=WAIT)
        view.screenshot(path=PICTURES / f"live-lesson-{id}.png")
    assert shown > 12


def test_keyboard_words_and_a_lab_that_is_put_back(page: Page, server: Server, view: Locator) -> None:
    """An interface in focus is read out in full; after a reset the view shows the base lab again."""
    card = view.get_by_label("docker0 in host")
    card.focus()
    expect(view.locator(".details")).to_contain_text("docker0 in host: bridge")
    is_as_the_kernel(view, server)
    type_(server, "ip link add seen type bridge")
    expect(view.get_by_label("seen in host")).to_be_visible(timeout=WAIT)
    server.lab.reset()
    expect(view.get_by_label("seen in host")).to_have_count(0, timeout=WAIT)
    expect(card).to_be_visible()


def test_two_hundred_containers_with_long_names_are_grouped(
    page: Page, server: Server, view: Locator
) -> None:
    """A storm of events; at the end the page is right, has few boxes, and each name is whole."""
    storm = "\n".join(
        f"ip netns add container_{n:04}\n"
        f"ip link add veth_port_{n:05} master docker0 up type veth peer name eth0 netns container_{n:04}\n"
        f"ip -n container_{n:04} link set eth0 up"
        for n in range(200)
    )
    assert server.lab.script(storm, timeout=240).returncode == 0
    expect(view.locator(".box text").filter(has_text="more namespaces")).to_be_attached(timeout=120_000)
    is_as_the_kernel(view, server)
    assert view.locator(".box").count() < 12
    expect(view.get_by_label("veth_port_00000 in host").locator("text.name")).to_have_text("veth_port_00000")
    view.screenshot(path=PICTURES / "live-200.png")
    server.lab.reset()
    expect(view.get_by_label("veth_port_00000 in host")).to_have_count(0, timeout=120_000)


def test_an_undo_shows_the_step_back(page: Page, server: Server, notebook: Path) -> None:
    """What a cell has broken is whole again in the picture, and the page says each thing that came back."""
    view = show(page, server, first_cell("01"), "")
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.type("!ip link del docker0; iptables -P FORWARD ACCEPT; sysctl -w net.ipv4.ip_forward=1")
    page.keyboard.press("Shift+Enter")  # and a new cell has the focus
    expect(view.get_by_label("docker0 in host")).to_have_count(0, timeout=WAIT)
    expect(view.locator(".said li").filter(has_text="docker0 is gone").last).to_be_attached(timeout=WAIT)
    page.keyboard.type("lab.undo()")
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("the lab is as before cell 2")).to_be_visible(timeout=WAIT)
    for words in ("docker0 appeared in host", "from ACCEPT to DROP", "ip_forward went from 1 to 0"):
        expect(view.locator(".said li").filter(has_text=words).last).to_be_attached(timeout=WAIT)
    expect(view.get_by_label("docker0 in host")).to_be_visible()
    is_as_the_kernel(view, server)
    view.screenshot(path=PICTURES / "live-undo.png")
    page.screenshot(path=PICTURES / "live-undo-page.png")
