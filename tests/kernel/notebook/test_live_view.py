"""The live view without a page: what it would send there when the lab goes, comes back, or refuses."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from netlab.errors import CaptureRefused, LabNotFound
from netlab.lab import Lab
from netlab.lab.tap import Tap
from netlab.lessons.start import goto
from netlab.notebook.live import Live
from netlab.notebook.live.view import ANEW, DOWN, LiveView
from netlab.notebook.veil import Veil
from tests.kernel.conftest import sh
from tests.support.patience import eventually

PING = "docker exec if-test ping -q -c 1 -W 1 39.106.233.176 || true"


@contextmanager
def live(lab: Lab, **words: Any) -> Iterator[LiveView]:
    view = LiveView(lab, **words)
    try:
        assert eventually(lambda: bool(view.picture)), view.status
        yield view
    finally:
        view.close()
        assert eventually(lambda: not any(thread.is_alive() for thread in view.threads))


def packets(view: LiveView) -> list[str]:
    return [track["words"] for track in view.lanes.get("tracks", ()) if "echo request" in track["words"]]


def test_a_lab_that_goes_is_told_its_picture_stays_and_the_view_comes_back(
    lab_name: str, leakproof: None
) -> None:
    """With packets again as before, of the new lab; they had been of the old one."""
    lab = Lab.up(lab_name)
    try:
        goto(lab, "05")
        with live(lab, packets=True) as view:
            # It listens a moment after the lanes are there.
            assert eventually(lambda: len((sh(lab, PING), packets(view))[1]) >= 1)
            last, seen = view.picture, len(packets(view))
            lab.down()
            assert eventually(lambda: view.status == DOWN)
            assert view.picture == last and len(packets(view)) == seen
            Lab.up(lab_name)
            assert eventually(lambda: view.status == "" and view.picture != last)
            goto(lab, "05")
            assert eventually(lambda: "if-test" in str(view.picture["words"]))
            assert eventually(lambda: len((sh(lab, PING), packets(view))[1]) >= 1)
    finally:
        with suppress(LabNotFound):
            lab.down()


def test_it_is_made_when_a_page_shows_it(lab: Lab) -> None:
    """Until then, as where a notebook is graded, nothing is watched; a second page shows the same one."""
    before = threading.active_count()
    shown = Live(lab, packets=False, veil=Veil())
    try:
        assert repr(shown) and threading.active_count() == before
        bundles = [shown._repr_mimebundle_()[0] for _ in range(2)]
        assert threading.active_count() > before
        assert bundles[0] == bundles[1] and "application/vnd.jupyter.widget-view+json" in bundles[0]
    finally:
        shown.close()
    assert eventually(lambda: threading.active_count() == before)


class Refusing(Lab):
    """A lab in which nobody may capture."""

    def tap(self, on_batch: Callable[[bytes], object]) -> Tap:
        raise CaptureRefused("The kernel refused a packet socket.", "Look at: ./run doctor")


def test_a_capture_that_is_refused_is_told_and_the_topology_goes_on(lab: Lab) -> None:
    """The button is off again, and it says what and why; the picture moves as before."""
    with live(Refusing(lab.name), packets=True) as view:
        assert eventually(lambda: "refused a packet socket. Look at: ./run doctor" in view.status)
        assert view.packets is False
        sh(lab, "ip link add seen type bridge")
        assert eventually(lambda: "seen appeared in host" in view.said)


def test_a_capture_that_ends_by_itself_is_told_and_begun_anew(lab: Lab) -> None:
    """Where memory ends, the lab's child that captures may be killed alone: later packets are shown again."""
    goto(lab, "05")
    with live(lab, packets=True) as view:
        assert eventually(lambda: len((sh(lab, PING), packets(view))[1]) >= 1)
        os.kill(capturing(lab), signal.SIGKILL)
        assert eventually(lambda: view.status == ANEW), view.status
        before = packets(view)
        assert eventually(lambda: (sh(lab, PING), packets(view))[1] not in ([], before))
        assert view.packets is True


def capturing(lab: Lab) -> int:
    """The process of the lab that reads packet sockets."""
    raw = {line.split()[8] for line in lab.script("cat /proc/net/packet").stdout.splitlines()[1:]}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            held = {os.readlink(file) for file in (process / "fd").iterdir()}
            if held & {f"socket:[{inode}]" for inode in raw}:
                return int(process.name)
    raise AssertionError("nobody captures")


def test_what_the_front_end_wants_is_done_in_the_thread_that_draws(lab: Lab) -> None:
    """Pause, step, choose, go on: as messages and values from the page would arrive, in another thread."""
    goto(lab, "05")
    with live(lab, packets=True) as view:
        # It listens a moment after the lanes are there.
        assert eventually(lambda: len((sh(lab, PING), packets(view))[1]) >= 1)
        seen = len(packets(view))
        view.at = view.lanes["recorded"][1]
        sh(lab, PING)
        assert eventually(lambda: view.lanes["at"] == view.at) and len(packets(view)) == seen
        view._handle_custom_msg({"step": 1}, [])
        assert eventually(lambda: view.chosen == view.headers.get("id") != "")
        first = view.chosen
        view._handle_custom_msg({"step": 1}, [])
        assert eventually(lambda: view.chosen != first and view.chosen == view.headers["id"])
        view._handle_custom_msg({"step": -1}, [])
        assert eventually(lambda: view.chosen == first == view.headers["id"])
        view.chosen, view.at = "", None
        assert eventually(lambda: len(packets(view)) == seen + 1 and view.headers == {})
        view.packets = False
        assert eventually(lambda: view.lanes == {})


def test_a_view_that_nobody_looks_at_rests_until_somebody_does(lab: Lab) -> None:
    """Two pages show it; when both have gone nothing is followed, and later all is there again."""
    with live(lab) as view:
        for said in ("hello", "hello", "bye"):
            view._handle_custom_msg({said: True}, [])
        sh(lab, "ip link add one type bridge")
        assert eventually(lambda: "one" in view.picture["words"])
        view._handle_custom_msg({"bye": True}, [])
        assert eventually(lambda: not view._awake.is_set())
        sh(lab, "ip link add two type bridge")
        view._handle_custom_msg({"hello": True}, [])
        assert eventually(lambda: "two" in view.picture["words"])
        assert view.status == "" and view.said == ["one appeared in host"]
