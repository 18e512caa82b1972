"""The live view's figures: from the kernel's event to the page's pixels, under a storm, and at rest.

Not part of the default run: ./run test bench, on an idle machine. Method: a process in the lab host adds and
deletes a bridge over its own netlink socket, and notes the time when the kernel has done it. In the page, an
observer notes the time after the frame in which the view drew next. Both clocks are the machine's. At rest,
the processor time is that of the notebook's kernel and of all of the lab's keepers, by /proc.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect
from server import Server

from netlab import keeper
from netlab.build_lessons import metadata
from netlab.lessons import LABS
from netlab.text import alt_text
from tests.browser.conftest import browser_context_args, browser_type_launch_args, server
from tests.browser.test_jupyterlab import choose, open_page
from tests.patience import eventually

__all__ = ["browser_context_args", "browser_type_launch_args", "server"]

MEDIAN, P95 = 30.0, 100.0  # ms, at ten changes a second
CELL = 0.5  # seconds that a cell may take during a storm
IDLE = 0.01  # of one core
WATCHED_FOR = 30  # seconds
FILE = LABS / "live-bench.ipynb"
BLINK = """
import json, sys, time
sys.path.insert(0, {home!r})
from netlab.kernel import Kernel
times, begin = [], time.monotonic()
with Kernel() as kernel:
    for number in range({changes}):
        time.sleep(max(begin + number / {rate} - time.monotonic(), 0))
        kernel.delete_link("blink") if number % 2 else kernel.add_bridge("blink")
        times.append(time.time_ns() / 1e6)
print(json.dumps(times))
"""
OBSERVE = """view => {
    window.drawn = [];
    const after = new MessageChannel();
    after.port1.onmessage = () => window.drawn.push(performance.timeOrigin + performance.now());
    new MutationObserver(() => requestAnimationFrame(() => after.port2.postMessage(0)))
        .observe(view, { attributes: true, attributeFilter: ['data-drawn'] });
}"""


@pytest.fixture
def view(page: Page, server: Server) -> Iterator[Locator]:
    """The live view in JupyterLab, and a cell below it."""
    source = ["from netlab import notebook\nlab = notebook.start('05')\nlab.live()", "print('in time')"]
    cells = [nbformat.v4.new_code_cell(cell) for cell in source]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata("en")), FILE)
    open_page(page, server.page(FILE.name))
    choose(page, "Run", "Run All Cells")
    found = page.locator(".netlab-live")
    expect(found.get_by_label("docker0 in host")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=60_000)
    found.evaluate(OBSERVE)
    yield found
    FILE.unlink()


def blink(server: Server, rate: int, seconds: float) -> list[float]:
    """Changes at that rate; when each was done, in ms."""
    code = BLINK.format(home=str(keeper.HOME), changes=int(rate * seconds) // 2 * 2, rate=rate)
    done = server.lab.run(["python3", "-c", code], timeout=60)
    assert done.returncode == 0, done.stderr
    times: list[float] = json.loads(done.stdout)
    return times


def test_from_the_event_to_the_pixels(page: Page, server: Server, view: Locator) -> None:
    """A hundred changes, ten a second."""
    times = blink(server, 10, 10)
    page.wait_for_timeout(500)
    drawn: list[float] = page.evaluate("window.drawn")
    taken = [min((d for d in drawn if d > at), default=float("inf")) - at for at in times]
    median, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    print(f"event to pixels: median {median:.1f} ms, p95 {p95:.1f} ms; load {os.getloadavg()[0]:.1f}")
    assert median <= MEDIAN and p95 <= P95


def test_a_storm_leaves_the_view_right_and_the_kernel_at_hand(
    page: Page,
    server: Server,
    view: Locator,
) -> None:
    """Two hundred changes a second for ten seconds; cells are run all the while."""
    page.get_by_text("print('in time')").click()
    code = BLINK.format(home=str(keeper.HOME), changes=2000, rate=200)
    storm = server.lab.run(["bash", "-c", 'nohup python3 -c "$0" >/root/storm 2>&1 &', code])
    assert storm.returncode == 0
    taken = []
    for _ in range(8):
        number = page.evaluate("document.querySelectorAll('.jp-InputPrompt')[1].textContent")
        began = time.monotonic()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "was => /\\d/.test(document.querySelectorAll('.jp-InputPrompt')[1].textContent)"
            " && document.querySelectorAll('.jp-InputPrompt')[1].textContent !== was",
            arg=number,
        )
        taken.append(time.monotonic() - began)
        page.wait_for_timeout(500)
    print(f"a cell under a storm: worst {max(taken):.2f} s; load {os.getloadavg()[0]:.1f}")
    assert eventually(lambda: server.lab.run(["cat", "/root/storm"]).stdout.startswith("["), 60)
    server.lab.script("ip link add after type bridge")
    topology = view.locator(".topology")
    assert eventually(lambda: topology.get_attribute("aria-label") == alt_text(server.lab.snapshot()), 20)
    server.lab.script("ip link del after")
    assert max(taken) <= CELL


def spent(server: Server) -> tuple[float, int]:
    """Processor seconds so far, and KiB in memory, of the notebook's kernel and the lab's keepers."""
    with keeper.connect(server.lab_name) as sock:
        import socket
        import struct

        above = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    ticks, pages = 0, 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/cmdline") as line:
                fields, command = stat.read().rpartition(")")[2].split(), line.read()
        except OSError:
            continue
        if int(name) == above or int(fields[1]) == above or "ipykernel" in command:
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * 4


@pytest.mark.parametrize("packets", [False, True])
def test_at_rest_it_costs_next_to_nothing(
    page: Page,
    server: Server,
    view: Locator,
    packets: bool,
) -> None:
    """Nobody types anything."""
    if packets:
        view.get_by_role("button", name="Show packets").click()
    page.wait_for_timeout(8000)
    before, held = spent(server)
    page.wait_for_timeout(WATCHED_FOR * 1000)
    after, holds = spent(server)
    share = (after - before) / WATCHED_FOR
    print(f"at rest, packets {packets}: {share:.2%} of a core, {holds - held:+d} KiB in {WATCHED_FOR} s")
    assert share < IDLE
