"""A monitor tells what the kernel notifies, in every namespace, at once."""

from __future__ import annotations

import sys
import threading

from netlab.lab import Lab
from netlab.linux.netlink.notifications import Notice
from netlab.model import Address, Interface, Route
from tests.support.patience import eventually

SECONDS = 20.0


def test_what_the_kernel_notifies_is_told_as_it_says_it(lab: Lab) -> None:
    """A link, an address, a route, a rule of either kind, a setting; deleted again; in a container, too."""
    heard: list[Notice] = []
    inside = "nsenter --net=/proc/$(docker inspect -f '{{.State.Pid}}' if-test)/ns/net"

    def told(node: str, kind: str, text: str = "", deleted: bool = False) -> bool:
        def is_there() -> bool:
            wanted = (node, kind, deleted)
            return any((n.node, n.kind, n.deleted) == wanted and text in str(n) for n in list(heard))

        return eventually(is_there, SECONDS)

    with lab.monitor(heard.append):
        for command, node, kind, text, deleted in (
            ("ip link add seen type bridge", "host", "link", "seen: <BROADCAST", False),
            ("ip addr add 10.9.0.1/24 dev seen", "host", "address", "[host] 10.9.0.1/24 dev seen", False),
            ("ip link set seen up", "host", "link", "UP", False),
            ("ip route add 10.8.0.0/24 via 10.9.0.2", "host", "route", "10.8.0.0/24 via 10.9.0.2", False),
            ("ip rule add from 10.9.0.7 table 7", "host", "rule", "10.9.0.7", False),
            ("echo 1 > /proc/sys/net/ipv4/ip_forward", "host", "setting", "", False),
            ("iptables -A FORWARD -s 10.9.0.9 -j DROP", "host", "firewall", "", False),
            ("ip link del seen", "host", "link", "Deleted", True),
            ("docker run -d --name if-test x sleep 36000", "if-test", "namespace", "", False),
            (f"{inside} ip addr add 10.7.0.1/32 dev lo", "if-test", "address", "10.7.0.1/32", False),
            ("docker rm -f if-test", "if-test", "namespace", "", True),
        ):
            assert lab.script(command).returncode == 0
            assert told(node, kind, text, deleted), [command, *map(str, heard)]
    values = {type(notice.value) for notice in heard}
    assert {Interface, Address, Route} <= values


def test_who_is_slow_is_told_that_he_missed_something(lab: Lab) -> None:
    """The kernel keeps so many notices and no more; that some are missing is a notice, too."""
    heard: list[str] = []
    may_go_on = threading.Event()

    def slowly(notice: Notice) -> None:
        may_go_on.wait(SECONDS)
        heard.append(notice.kind)

    with lab.monitor(slowly):
        numbers = "for n in {1..3000}; do echo addr add 10.$((n/250)).$((n%250)).1/32 dev lo; done"
        assert lab.script(f"ip -batch <({numbers})").returncode == 0
        may_go_on.set()
        assert eventually(lambda: "missed" in heard, SECONDS)
    assert heard.count("address") < 3000


INTRUDE = """
import errno, socket
from netlab.keeper import address, protocol
from netlab.linux.netlink import messages as rt
DOWN = rt.message(rt.RTM_SETLINK, rt.NLM_F_ACK, 1, rt.IFINFO.pack(0, 0, 2, 0, rt.IFF_UP))
door = address.connect("")
protocol.ask(door, "monitor")
while "ready" not in (told := protocol.receive(door))[0]:
    about, fds = told
    route = socket.socket(fileno=fds[0])
    route.setblocking(True)
    route.send(DOWN)
    heard = (message for data in iter(lambda: route.recv(1 << 16), b"") for message in rt.messages(data))
    answer = next(body for kind, _, body in heard if kind == rt.NLMSG_ERROR)
    print(about["name"], errno.errorcode.get(rt.error(answer), "done"))
"""


def test_a_learner_changes_nothing_with_what_he_listens_at(lab: Lab) -> None:
    """Inside the lab a monitor has a socket of `internet`, too: it tells, and takes no orders from there."""
    done = lab.run([sys.executable, "-c", INTRUDE])
    assert done.returncode == 0, done.stderr
    assert dict(line.split() for line in done.stdout.splitlines()) == {"internet": "EPERM", "host": "done"}
    snapshot = lab.snapshot()
    assert "UP" in snapshot.node("internet").interface("uplink").flags
    assert "UP" not in snapshot.node("host").interface("eth0").flags


def test_the_labs_end_is_told(lab_name: str, leakproof: None) -> None:
    """Who monitors holds nothing of the lab: it ends, and he hears of it."""
    lab, ended = Lab.up(lab_name), []
    with lab.monitor(lambda notice: None, lambda: ended.append(True)):
        lab.down()
        assert eventually(lambda: bool(ended), SECONDS)
