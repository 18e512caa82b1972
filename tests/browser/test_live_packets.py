"""The live view's packets, in the real JupyterLab: they die, pass, are held, chosen and outlive a reload."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.live_view import FILE, WAIT, first_cell, show, type_
from tests.support.patience import eventually
from tests.support.server import Server

from .axe import violations
from .test_jupyterlab import PICTURES, choose, open_page

pytestmark = pytest.mark.usefixtures("picture")
PING = "docker exec if-test ping -c 2 -i 0.5 -W 1 39.106.233.176 || true"


@pytest.fixture
def traffic(page: Page, server: Server, notebook: Path) -> Locator:
    """The live view of lesson 05's lab, with packets."""
    view = show(page, server, first_cell("05", "lab.live(packets=True)"))
    expect(view.locator(".lanes text").filter(has_text="host docker0")).to_be_visible(timeout=WAIT)
    return view


def test_the_lectures_ping_dies_and_passes_after_the_cure(
    page: Page, server: Server, traffic: Locator
) -> None:
    """A cross between docker0 and eth0 with the reason; then the packets pass, and NAT rewrites them."""
    type_(server, PING)
    mark = traffic.locator(".mark")
    expect(mark).to_have_attribute(
        "aria-label", re.compile("not forwarded \\(likely\\) — net.ipv4.ip_forward = 0"), timeout=WAIT
    )
    expect(mark).to_have_attribute(
        "aria-label", re.compile("last seen on host docker0, expected on host eth0")
    )
    dead = traffic.get_by_role("button", name=re.compile("echo request.*expected at host eth0 and not seen"))
    expect(dead).to_have_count(2, timeout=WAIT)
    expect(dead.first.locator(".ring")).to_be_attached()
    traffic.screenshot(path=PICTURES / "live-death.png")

    type_(server, "echo 1 > /proc/sys/net/ipv4/ip_forward\n" + PING)
    answered = traffic.get_by_role("button", name=re.compile("echo reply.*It arrived"))
    expect(answered).to_have_count(2, timeout=WAIT)
    expect(mark).to_have_count(0)
    notes = traffic.locator(".timeline text")
    expect(notes.filter(has_text="src 172.17.1.2 → 192.0.2.10")).to_have_count(1)
    expect(traffic.locator(".head")).to_contain_text("no capture loss")
    traffic.screenshot(path=PICTURES / "live-cure.png")


def test_packets_are_seen_moving_and_are_rewritten_on_their_way(
    page: Page, server: Server, traffic: Locator
) -> None:
    """A dot on the cable, and the words of the rewrite beside the interface where it happens."""
    type_(server, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    seen = """view => new Promise(done => {
        const found = new Set(), places = new Set();
        const look = () => {
            for (const dot of view.querySelectorAll('.moving circle.request')) {
                places.add(dot.getAttribute('transform'));
            }
            for (const text of view.querySelectorAll('.notes text')) found.add(text.textContent);
            const all = [...found].join(' ');
            if (places.size > 5 && all.includes('192.0.2.10')) done(all); else requestAnimationFrame(look);
        };
        look();
    })"""
    promise = traffic.evaluate_handle(f"view => {{ view.seen = ({seen})(view); return view; }}")
    type_(server, PING)
    assert promise.evaluate("view => view.seen") == "src 172.17.1.2 → 192.0.2.10"


def test_pause_go_back_step_and_choose(page: Page, server: Server, traffic: Locator) -> None:
    """Paused, nothing new is shown, but recorded; the picture is that of then; headers stand hop by hop."""
    type_(server, PING)
    requests = traffic.get_by_role("button", name=re.compile("^echo request"))
    expect(requests).to_have_count(2, timeout=WAIT)
    traffic.get_by_role("button", name="Pause").click()
    expect(traffic.locator(".when")).to_contain_text("at ")
    type_(server, "echo 1 > /proc/sys/net/ipv4/ip_forward\n" + PING)
    expect(traffic.locator(".said li").filter(has_text="from 0 to 1")).to_be_attached(timeout=WAIT)
    expect(requests).to_have_count(2)
    expect(traffic.locator(".topology text").filter(has_text="net.ipv4.ip_forward = 0").first).to_be_visible()

    requests.last.press("Enter")
    headers = traffic.locator(".headers")
    expect(headers).to_contain_text("echo request seq=2", timeout=WAIT)
    expect(headers.locator("thead th")).to_have_count(3)
    for _ in range(6):  # an ARP request may come between the two
        said = headers.locator(".title").inner_text()
        traffic.get_by_role("button", name="Step ▶").click()
        expect(headers.locator(".title")).not_to_have_text(said, timeout=WAIT)
        if "echo request seq=1" in headers.inner_text():
            break
    expect(headers.locator("thead th")).to_have_count(5)
    changed = headers.get_by_role("row").filter(has=page.get_by_role("rowheader", name="IP ttl"))
    expect(changed.locator(".changed")).to_have_text("→ 63")
    traffic.screenshot(path=PICTURES / "live-chosen.png")
    traffic.get_by_role("button", name="◀ Step").click()
    expect(headers).not_to_contain_text("echo request seq=1", timeout=WAIT)
    traffic.get_by_role("button", name="Live").click()
    expect(traffic.get_by_role("button", name=re.compile("echo reply"))).to_have_count(2, timeout=WAIT)
    expect(headers).to_be_hidden()


def test_light_and_dark_nothing_is_seriously_inaccessible(
    page: Page, server: Server, traffic: Locator
) -> None:
    """axe-core finds no serious or critical violation, with a death, a table and changes on the page."""
    type_(server, PING + "\nip link add bridge_of_15_ch type bridge")
    request = traffic.get_by_role("button", name=re.compile("^echo request seq=2.*not seen"))
    expect(traffic.locator(".mark")).to_be_attached(timeout=WAIT)
    request.press("Enter")
    expect(traffic.locator(".headers td").first).to_be_attached(timeout=WAIT)
    assert violations(page, ".netlab-live") == []
    choose(page, "Settings", "Theme", "JupyterLab Dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=WAIT)
    traffic.screenshot(path=PICTURES / "live-dark.png")
    assert violations(page, ".netlab-live") == []
    choose(page, "Settings", "Theme", "JupyterLab Light")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true", timeout=WAIT)


def executions(cell: int) -> int | None:
    """How often a cell of the saved notebook had run; None while JupyterLab writes the file."""
    try:
        return int(nbformat.read(FILE, 4).cells[cell].execution_count or 0)
    except nbformat.reader.NotJSONError:
        return None


def test_a_button_works_while_a_cell_is_busy_and_a_reloaded_page_goes_on(
    page: Page, server: Server, notebook: Path
) -> None:
    """Packets are switched on while the kernel is busy; after a reload the view is there with all of it."""
    wait = "%%bash\nrm -f /root/enough\nuntil [ -e /root/enough ]; do sleep 0.2; done"
    view = show(page, server, first_cell("05"), wait)
    busy = page.locator(".jp-InputPrompt").last  # the status bar says Idle when the view has been answered
    expect(busy).to_have_text("[*]:")
    view.get_by_role("button", name="Show packets").click()
    type_(server, PING)
    request = re.compile("^echo request seq=2")
    expect(view.get_by_role("button", name=request)).to_be_attached(timeout=WAIT)
    expect(busy).to_have_text("[*]:")
    type_(server, "touch /root/enough")
    expect(busy).to_have_text("[2]:", timeout=WAIT)
    choose(page, "File", "Save Notebook")
    assert eventually(lambda: executions(1) == 2, WAIT / 1000)
    page.reload()
    expect(view.get_by_label("docker0 in host")).to_be_visible(timeout=WAIT)
    expect(view.get_by_role("button", name=request)).to_be_attached(timeout=WAIT)
    type_(server, "ip link add seen type bridge")
    expect(view.get_by_label("seen in host")).to_be_visible(timeout=WAIT)


def test_two_pages_agree(page: Page, server: Server, traffic: Locator) -> None:
    """What one shows the other shows; paused in one, paused in both."""
    choose(page, "File", "Save Notebook")
    other = page.context.new_page()
    open_page(other, server.page(FILE.name))
    second = other.locator(".netlab-live").first
    type_(server, PING)
    for view in (traffic, second):
        expect(view.get_by_role("button", name=re.compile("^echo request seq=2"))).to_be_attached(
            timeout=WAIT
        )
    second.get_by_role("button", name="Pause").click()
    expect(traffic.locator(".when")).to_contain_text("at ", timeout=WAIT)
    assert traffic.locator(".topology").get_attribute("aria-label") == second.locator(
        ".topology"
    ).get_attribute("aria-label")
    other.close()


def test_the_kernels_death_is_told_and_a_picture_stays(page: Page, server: Server, traffic: Locator) -> None:
    """The last picture stays on the page; reopened without trust or kernel, an image with words is there."""
    type_(server, PING)
    expect(traffic.locator(".mark")).to_be_attached(timeout=WAIT)
    still = page.locator(".netlab-still img")
    expect(still.last).to_have_attribute("alt", re.compile("^Timeline: 2 requests, 0 replies"), timeout=WAIT)
    expect(still.first).to_be_hidden()
    choose(page, "File", "Save Notebook")
    type_(server, "kill -9 $(pgrep -f ipykernel)")
    expect(traffic.locator(".status")).to_contain_text("kernel", timeout=WAIT)
    expect(traffic.get_by_label("docker0 in host")).to_be_visible()
    traffic.screenshot(path=PICTURES / "live-kernel-gone.png")
    assert eventually(lambda: "netlab-still" in FILE.read_text(), 10)
    kept = nbformat.read(FILE, 4)
    kept.cells[0].outputs = [o for o in kept.cells[0].outputs if "text/html" in o.get("data", {})]
    kept.cells[0].source = "# reopened"
    kept.metadata["kernelspec"] = {"name": "none", "display_name": "none", "language": "python"}
    elsewhere = FILE.with_name("live-reopened.ipynb")
    nbformat.write(kept, elsewhere)
    try:
        page.goto(server.page(elsewhere.name))
        images = page.locator(".netlab-still img")
        expect(images.first).to_be_visible(timeout=WAIT)
        expect(images.first).to_have_attribute("alt", re.compile("^Network of 3 namespaces"))
        assert images.last.evaluate("image => image.naturalWidth") > 0
        page.screenshot(path=PICTURES / "live-reopened.png")
    finally:
        elsewhere.unlink()
