"""A slip in what was typed is told by its name, and nothing else is called one."""

from __future__ import annotations

import pytest

from netlab.lessons.content import lessons, step
from netlab.notebook.typed import find_slip

BASH = "%%bash\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ip link set veth_container netns $pid", "$pid is empty"),
        ("ip link set veth_conatiner netns if-test", "did you mean veth_container"),
        ("ip lnik add name veth_host type veth", "did you mean"),
        ("iptables -P FORWARD accept", "in capitals"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j masquerade", "in capitals"),
        ("echo 1 > /proc/sys/net/ipv4/ip_foward", "did you mean proc/sys/net/ipv4/ip_forward"),
        ("docker run -d --name if-test --network none centos:8.1.1911 sleep 3600", "sleep 36000"),
        ("docker exec if-test sysctl -w net.ipv4.ip_forward=1", "inside the container"),
        ("", "Nothing was typed yet"),
        ("# your turn: move it", "Nothing was typed yet"),
    ],
)
def test_a_slip_is_named(typed: str, said: str) -> None:
    """The commonest ones, each with what to type instead."""
    assert said in find_slip(step("03.2"), [BASH + typed, "lab.draw()"])


def test_what_the_lessons_type_is_no_slip() -> None:
    """Nor are the solutions, nor the hints that are typed as they stand."""
    for lesson in lessons():
        for each in lesson.steps:
            if each.solution:
                assert find_slip(each, [BASH + each.solution]) == "", each.id


@pytest.mark.parametrize(
    "typed",
    [
        "pid=$(pgrep -f 'sleep 36000'); ip link set veth_container netns $pid",
        "for pid in 7 8; do echo $pid; done",
        "ls -l /etc; uptime; whoami; cat /proc/net/route",
        "ip -br link; ethtool -S eth0; traceroute 39.106.233.176",
        "python3 -c 'print(1)'",
    ],
)
def test_what_somebody_looks_at_besides_is_no_slip(typed: str) -> None:
    """A learner who is curious is not corrected."""
    assert find_slip(step("03.2"), [BASH + typed]) == ""


def test_only_the_last_cells_are_looked_at() -> None:
    """What went wrong long ago has been dealt with."""
    old = [BASH + "iptables -P FORWARD accept"]
    assert find_slip(step("03.2"), old + [BASH + "ip -br link"] * 4) == ""
    assert find_slip(step("01.2"), []) == "", "a step in which nothing is to be typed"
