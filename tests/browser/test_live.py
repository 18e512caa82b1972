"""The live view, in the real JupyterLab: each of the lecture's commands shows on the page by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect
from server import Server

from netlab.build_lessons import KERNELSPEC
from netlab.lessons import LABS
from netlab.text import alt_text

from .test_jupyterlab import PICTURES, choose, open_page

WAIT = 30_000  # ms; on an idle machine it takes well under one second
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


@pytest.fixture
def view(page: Page, server: Server) -> Iterator[Locator]:
    """A notebook whose one cell shows the live view of a lab that was just put back."""
    file: Path = LABS / "live-test.ipynb"
    source = "from netlab import notebook\nlab = notebook.start('01')\nlab.live()"
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), file)
    open_page(page, server.page(file.name))
    choose(page, "Run", "Run All Cells")
    found = page.locator(".netlab-live")
    expect(found.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    yield found
    file.unlink()


def test_each_command_of_the_lecture_shows_by_itself(page: Page, server: Server, view: Locator) -> None:
    """Typed elsewhere; the page tells it in words and draws it, and the moved interface is the same one."""
    for command, words in LECTURE:
        done = server.lab.script(command)
        assert done.returncode == 0, done.stderr
        expect(view.locator(".said li").filter(has_text=words).last).to_be_attached(timeout=WAIT)
        if words == "veth_container appeared in host":
            view.get_by_label("veth_container in host").evaluate("card => { card.dataset.was = 'here'; }")
    moved = view.get_by_label("eth0 in if-test")
    expect(moved).to_have_attribute("data-was", "here")
    expect(moved.locator("text").filter(has_text="172.17.1.2/16")).to_be_visible()
    view.screenshot(path=PICTURES / "live.png")


def test_keyboard_words_and_a_lab_that_is_put_back(page: Page, server: Server, view: Locator) -> None:
    """An interface in focus is read out in full; after a reset the view shows the base lab again."""
    card = view.get_by_label("docker0 in host")
    card.focus()
    expect(view.locator(".details")).to_contain_text("docker0 in host: bridge")
    expect(view.locator("svg")).to_have_attribute("aria-label", alt_text(server.lab.snapshot()), timeout=WAIT)
    server.lab.script("ip link add seen type bridge")
    expect(view.get_by_label("seen in host")).to_be_visible(timeout=WAIT)
    server.lab.reset()
    expect(view.get_by_label("seen in host")).to_have_count(0, timeout=WAIT)
    expect(card).to_be_visible()
