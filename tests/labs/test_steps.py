"""Every check on a real kernel: not yet on the untouched lesson, passed on the solution, named on each wrong turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlab.checks.verify import AS_TAUGHT, begin, check_solved, troubles, check_wrong_turn, check_untouched
from netlab.lab import Lab
from netlab.lessons.content import Lesson, Step, WrongTurn, lessons
from netlab.lessons.content import lesson as lesson_of


each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
TURNS = [(lesson, step, turn) for lesson in lessons() for step in lesson.steps for turn in step.wrong_turns]


@each_lesson
def test_untouched_every_check_says_not_yet_and_changes_nothing(lab: Lab, lesson: Lesson) -> None:
    """At the start of a lesson nothing is done, every check can say what is missing, and interfaces,
    addresses, routes and settings are the same after all checks as before."""
    learner = begin(lab, lesson)
    before = state(lab)
    assert list(check_untouched(learner, lesson)) == []
    assert state(lab) == before


@each_lesson
def test_the_solution_passes_step_by_step_and_to_the_end(lab: Lab, lesson: Lesson) -> None:
    """Each step's check passes after it, and still does when the lesson is over."""
    assert list(check_solved(lab, lesson)) == []


@pytest.mark.parametrize(("lesson", "step", "turn"), TURNS, ids=[f"{s.id} {t.name}" for _, s, t in TURNS])
def test_a_wrong_turn_fails_with_its_own_hint(lab: Lab, lesson: Lesson, step: Step, turn: WrongTurn) -> None:
    """What people are known to type instead is answered with what they did."""
    assert list(check_wrong_turn(lab, lesson, step, turn)) == []


def test_authors_are_told_what_is_wrong(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solution that does not solve, a wrong turn with another's hint, a check that is passed from the start."""
    sound = lesson_of("02")
    first = sound.steps[0]
    turn = replace(first.wrong_turns[0], hint="another")
    broken = replace(sound, steps=(replace(first, solution="true", wrong_turns=(turn,)), *sound.steps[1:]))
    said = list(troubles(lab, broken))
    assert any(line.startswith("with the solution, 02.1") for line in said), said
    assert any("another is its hint" in line for line in said), said
    begun = "docker run -d --name if-test --network none centos:8.1.1911 sleep 36000"
    monkeypatch.setattr("netlab.checks.verify.goto", lambda lab, id: (lab.reset(), lab.script(begun)))
    assert any(line.startswith("untouched, 02.1") for line in check_untouched(begin(lab, sound), sound))


def state(lab: Lab) -> list[object]:
    """What a learner builds: links, IPv4 addresses and routes, rules, the switch for forwarding.

    Without IPv6, whose link-local addresses come by themselves a moment after a link is up, and without counters.
    """
    found: list[object] = []
    for node in lab.snapshot().nodes:
        for i in node.interfaces:
            held = [str(a) for a in i.addresses if a.family == 4]
            up = i.is_up or i.name == "veth_shop"  # that one flaps, and is to: lesson 09
            found.append((node.name, i.name, i.kind, i.master, up, i.peer, held))
        routes = [str(route).removesuffix(" linkdown").removesuffix(" dead") for route in node.routes]
        found.append([route for route in routes if ":" not in route])
        found.append([(c.table, c.name, c.policy, [rule.text for rule in c.rules]) for c in node.chains])
        found.append(node.sysctls.get("net.ipv4.ip_forward"))
    return found


OTHER_WAYS: dict[str, dict[str, str]] = {
    "moved and renamed at once": {"03.2": "ip link set veth_container netns $pid name eth0"},
    "nsenter": {
        "03.3": "nsenter -t $pid -n ip addr add 172.17.1.2/16 dev eth0; nsenter -t $pid -n ip link set eth0 up",
        "03.4": "nsenter -t $pid -n ip route add 0.0.0.0/0 via 172.17.0.1 dev eth0",
    },
    "a route of its own": {
        "03.5": "ip link set veth_host up; ip addr add 172.17.1.1/16 dev veth_host\n"
        "ip route add 172.17.1.2/32 dev veth_host"
    },
    "other names, and made inside": {
        "03.1": "ip link add plug type veth peer name socket",
        "03.2": "ip link set socket netns $pid; nsenter -t $pid -n ip link set socket name eth0",
        "03.5": "ip addr add 172.17.1.1/16 dev plug; ip link set plug up; ip route del 172.17.0.0/16 dev docker0",
    },
    "made from the container's side": {
        "03.1": "nsenter -t $pid -n ip link add eth0 type veth peer name veth_host netns 1",
        "03.2": "true",
    },
    "plugged in first, the address taken after it": {
        "04.1": "ip link set veth_host master docker0; ip addr flush dev veth_host",
        "04.2": "true",
    },
    "off and on again": {
        "04.2": "ip link set veth_host down; ip link set dev veth_host master docker0; ip link set veth_host up"
    },
    "nft sets the policy": {"04.3": "nft chain ip filter FORWARD '{ policy accept; }'"},
    "a rule for everything": {"04.3": "iptables -A FORWARD -j ACCEPT"},
    "nft masquerades": {
        "04.3": "iptables -P FORWARD ACCEPT; iptables -t nat -F POSTROUTING\n"
        "nft add table ip mine\n"
        "nft add chain ip mine out '{ type nat hook postrouting priority 100; }'\n"
        "nft add rule ip mine out ip saddr 172.17.0.0/16 oifname eth0 masquerade"
    },
    "the source is named": {
        "04.3": "iptables -P FORWARD ACCEPT; iptables -t nat -F POSTROUTING\n"
        "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -o eth0 -j SNAT --to-source 192.0.2.10"
    },
    "sysctl": {"05.3": "sysctl -w net.ipv4.conf.all.forwarding=1"},
    "only where it is needed": {
        "05.3": "sysctl -w net.ipv4.conf.docker0.forwarding=1 net.ipv4.conf.eth0.forwarding=1"
    },
}


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_other_correct_ways_pass_as_well(lab: Lab, way: str) -> None:
    """nsenter instead of ip netns, another order, other names, nft instead of iptables, another cure."""
    ways = OTHER_WAYS[way]
    lesson = lesson_of(min(ways)[:2])
    learner = begin(lab, lesson)
    pid = "pid=$(ps -ef | grep 'sleep 36000' | grep -v grep | awk '{print $2}')\n"
    for step in lesson.steps:
        if step.id > max(ways):
            break
        learner.does(step, WrongTurn(way, "", pid + ways[step.id]) if step.id in ways else AS_TAUGHT)
        if step.id in ways:
            assert (result := learner.checks(step)).passed, result
