"""Every check on a real kernel: not yet on the untouched lesson, passed on the solution, named on each wrong turn."""

from __future__ import annotations

import pytest

from netlab.lab import Lab
from netlab.lessons import Lesson, Step, WrongTurn, lessons

from .walk import begin

each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
TURNS = [(lesson, step, turn) for lesson in lessons() for step in lesson.steps for turn in step.wrong_turns]


@each_lesson
def test_untouched_every_check_says_not_yet(lab: Lab, lesson: Lesson) -> None:
    """At the start of a lesson nothing is done, and every check can say what is missing."""
    learner = begin(lab, lesson)
    for step in lesson.steps:
        result = learner.checks(step)
        assert not result.passed, result
        assert "not yet" in str(result) or "waiting for" in str(result)
        assert result.found
        assert result.next_step


@each_lesson
def test_the_solution_passes_step_by_step_and_to_the_end(lab: Lab, lesson: Lesson) -> None:
    """Each step's check passes after it, and still does when the lesson is over."""
    learner = begin(lab, lesson)
    for step in lesson.steps:
        learner.does(step)
        assert (result := learner.checks(step)).passed, result
    for step in lesson.steps:
        assert (result := learner.checks(step)).passed, result


@pytest.mark.parametrize(("lesson", "step", "turn"), TURNS, ids=[f"{s.id} {t.name}" for _, s, t in TURNS])
def test_a_wrong_turn_fails_with_its_own_hint(lab: Lab, lesson: Lesson, step: Step, turn: WrongTurn) -> None:
    """What people are known to type instead is answered with what they did."""
    learner = begin(lab, lesson)
    for before in lesson.steps:
        if before.id < step.id:
            learner.does(before)
    learner.does(step, turn)
    result = learner.checks(step, seconds=0.2)
    assert not result.passed, result
    assert result.hint_id == turn.hint, result


@each_lesson
def test_a_check_changes_nothing(lab: Lab, lesson: Lesson) -> None:
    """Interfaces, addresses, routes and settings are the same after all checks as before."""
    learner = begin(lab, lesson)
    before = state(lab)
    for step in lesson.steps:
        learner.checks(step)
    assert state(lab) == before


def state(lab: Lab) -> list[object]:
    """What a learner builds: links, IPv4 addresses and routes, rules, the switch for forwarding.

    Without IPv6, whose link-local addresses come by themselves a moment after a link is up, and without counters.
    """
    found: list[object] = []
    for node in lab.snapshot().nodes:
        for i in node.interfaces:
            held = [str(a) for a in i.addresses if a.family == 4]
            found.append((node.name, i.name, i.kind, i.master, i.is_up, i.peer, held))
        found.append([str(route) for route in node.routes if ":" not in str(route)])
        found.append([(c.table, c.name, c.policy, [rule.text for rule in c.rules]) for c in node.chains])
        found.append(node.sysctls.get("net.ipv4.ip_forward"))
    return found


OTHER_WAYS = {
    "03.2": "ip link set veth_container netns $pid name eth0",
    "03.3": "nsenter -t $pid -n ip addr add 172.17.1.2/16 dev eth0; nsenter -t $pid -n ip link set eth0 up",
    "03.4": "nsenter -t $pid -n ip route add 0.0.0.0/0 via 172.17.0.1 dev eth0",
    "03.5": "ip link set veth_host up; ip addr add 172.17.1.1/16 dev veth_host\n"
    "ip route add 172.17.1.2/32 dev veth_host",
    "04.2": "ip link set dev veth_host master docker0; ip link set veth_host up",
    "04.3": "nft chain ip filter FORWARD '{ policy accept; }'",
    "05.3": "sysctl -w net.ipv4.conf.all.forwarding=1",
}


@pytest.mark.parametrize("id", OTHER_WAYS)
def test_other_correct_ways_pass_as_well(lab: Lab, id: str) -> None:
    """nsenter instead of ip netns, one command instead of two, nft instead of iptables, another cure."""
    lesson = next(lesson for lesson in lessons() if lesson.id == id[:2])
    learner = begin(lab, lesson)
    for before in lesson.steps:
        if before.id < id:
            learner.does(before)
    pid = "pid=$(ps -ef | grep 'sleep 36000' | grep -v grep | awk '{print $2}')\n"
    learner.does(lesson.step(id), WrongTurn("another way", "", pid + OTHER_WAYS[id]))
    assert (result := learner.checks(lesson.step(id))).passed, result
