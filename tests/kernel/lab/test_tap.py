"""A tap captures also where an interface comes later or moves; and a view's packets say why they died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from netlab.drawing.edges import Trails
from netlab.lab import Lab
from netlab.lessons.start import goto
from netlab.model import InterfaceId
from netlab.model.points import path_order
from netlab.notebook.live.frame_store import FrameStore
from netlab.notebook.live.history import History
from netlab.notebook.live.packets import Packets
from netlab.notebook.live.picture import cabling
from netlab.notebook.veil import Veil
from netlab.packets.batch import INCOMING, OUTGOING, unpack
from tests.kernel.conftest import sh
from tests.support.patience import eventually

PING = "docker exec if-test ping -q -c {} -i 0.01 -W 1 39.106.233.176 || true"
MOVE = """
docker run -d --name if-test --network none x sleep 36000
ip link add veth_host type veth peer name veth_container
pid=$(docker inspect -f '{{.State.Pid}}' if-test)
ip link set veth_container netns $pid
nsenter -t $pid -n ip link set veth_container name eth0
nsenter -t $pid -n ip addr add 172.17.1.2/16 dev eth0
nsenter -t $pid -n ip link set eth0 up
nsenter -t $pid -n ip route add default via 172.17.0.1
ip link set veth_host up
ip link set veth_host master docker0
"""


def test_interfaces_that_come_later_and_move_are_captured_at(lab: Lab) -> None:
    """The lecture's cable was not there when the tap began; a flood is seen on it, and nothing is lost."""
    store = FrameStore(1 << 28)
    with lab.tap(store.add) as tap:
        tap.follow(path_order(lab.snapshot()))
        sh(lab, MOVE)
        sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward")
        snapshot = lab.snapshot()
        tap.follow(path_order(snapshot))
        inside = snapshot.node("if-test").interface("eth0")
        number = next(n for n, p in tap.points.items() if InterfaceId(p.netns, p.index) == inside.id)
        # Whether it listens there yet is seen by what it hears.
        assert eventually(lambda: bool(lab.script(PING.format(1))) and number in heard(store))
        before = heard(store).get(number, 0)
        sh(lab, PING.format(500).replace("-i 0.01", "-f"))
        assert eventually(lambda: heard(store)[number] >= before + 1000), heard(store)
        assert store.lost == {} and store.refused == set()


def heard(store: FrameStore) -> dict[int, int]:
    """How many frames of IPv4 each point saw, by number."""
    found: dict[int, int] = {}
    for batch in store.batches():
        for number, kind, _, _, data in unpack(batch.data):
            if kind in (INCOMING, OUTGOING) and data[12:14] == b"\x08\x00":
                found[number] = found.get(number, 0) + 1
    return found


def test_a_point_that_is_not_there_is_refused_by_name_and_the_others_go_on(lab: Lab) -> None:
    """An interface that went before the tap came to it."""
    store = FrameStore()
    with lab.tap(store.add) as tap:
        sh(lab, "ip link add short type bridge")
        points = path_order(lab.snapshot())
        sh(lab, "ip link del short")
        tap.follow(points)
        number = next(n for n, p in tap.points.items() if p.interface == "short")
        assert eventually(lambda: store.refused == {number})


@pytest.fixture
def shown(lab: Lab) -> Iterator[Callable[[], dict[str, object]]]:
    """What a live view with packets would draw now, of the lecture's lab."""
    goto(lab, "05")
    history = History()
    history.add(lab.snapshot())
    trails = Trails(cabling(history.latest))
    with Packets(lab, history, threading.Event().set, Veil()) as packets:

        def show() -> dict[str, object]:
            if (latest := lab.snapshot()) != history.latest:
                history.add(latest)
            return packets.show(None, trails)

        assert eventually(lambda: bool(packets._looks))
        yield show


def test_the_kernel_says_why_the_lectures_ping_died(lab: Lab, shown: Callable[[], dict[str, object]]) -> None:
    """The mark names the setting, though nobody but the learner has sent anything; then the ping passes."""
    sh(lab, PING.format(2))

    def reason() -> object:
        return [text for mark in shown()["marks"] for *_, text, _ in mark["note"]]  # type: ignore[attr-defined]

    assert eventually(lambda: reason() == ["not forwarded (likely)", "net.ipv4.ip_forward = 0"]), reason()
    sent = [t for t in shown()["tracks"] if t["words"].startswith("echo request")]  # type: ignore[attr-defined]
    assert len(sent) == 2, "somebody else has sent something"
    sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward; " + PING.format(2))
    assert eventually(lambda: shown()["marks"] == [])
    notes = [p.get("note", ()) for m in shown()["motions"] for p in m["pieces"]]  # type: ignore[attr-defined]
    assert "src 172.17.1.2 → 192.0.2.10" in [" ".join(text for *_, text in lines) for lines in notes]
