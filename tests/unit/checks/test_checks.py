"""The checks on snapshots made by hand: the solution passes, each state on the way gets its own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from netlab.checks import check
from netlab.model import Chain, InterfaceId, Node, Route, Rule
from tests.worlds.lessons import CONCLUDED, SAID, bare, docker_made, plugged, reaches_all, wired
from tests.worlds.stories import HOST, OUTSIDE, PretendLab, World, interface

Change = Callable[[World], object]


def reaches_nothing(node: str, destination: str) -> bool:
    return False


SOLVED: dict[str, tuple[Callable[[], World], Callable[[str, str], bool]]] = {
    "03.1": (lambda: bare().spare_cable(), reaches_nothing),
    "03.2": (lambda: bare().cable(), reaches_nothing),
    "03.3": (wired, reaches_nothing),
    "03.4": (wired, reaches_nothing),
    "03.5": (lambda: wired().address("host", "veth_host", "172.17.1.1/16"), reaches_all),
    "04.1": (wired, reaches_nothing),
    "04.2": (plugged, reaches_all),
    "04.3": (plugged, reaches_nothing),
    "04.4": (plugged, lambda node, destination: node == "host" or destination == "172.17.0.1"),
    "05.3": (lambda: plugged().sysctl("host", "net.ipv4.ip_forward", "1"), reaches_all),
}
DROPS = Chain("ip", "filter", "FORWARD", "ACCEPT", rules=(Rule("-j DROP", "DROP"),))
TWO_ROUTES = Route("172.17.0.0/16", "veth_host")


@pytest.mark.parametrize("step", SOLVED)
def test_the_solution_passes(step: str) -> None:
    """What the lecture builds is what the check wants."""
    make, reaches = SOLVED[step]
    result = check(PretendLab(make(), reaches), step, SAID, CONCLUDED, seconds=0)
    assert result.passed, result
    assert result.points > 0
    assert not result.hint


# step, what is different from its solution, the hint that names it
WRONG: list[tuple[str, Change, str]] = [
    ("03.1", lambda w: w.nodes.pop("if-test"), "not-running"),
    ("03.1", lambda w: w.change("host", "veth_host", kind="bridge", peer=None)
        .change("host", "veth_container", kind="bridge", peer=None), "not-veth"),
    ("03.2", lambda w: w.change("if-test", "eth0", name="veth_container"), "still-called"),
    ("03.3", lambda w: w.address("if-test", "eth0", "172.17.1.2/24"), "prefix"),
    ("03.3", lambda w: w.address("if-test", "eth0", "172.17.1.9/16"), "other-address"),
    ("03.3", lambda w: w.address("if-test", "eth0"), "no-address"),
    ("03.3", lambda w: w.address("if-test", "eth0").address("host", "veth_host", "172.17.1.2/16"),
        "address-elsewhere"),
    ("03.3", lambda w: w.down("if-test", "eth0"), "down"),
    ("03.4", lambda w: w.nodes.update({"if-test": replace(w.nodes["if-test"], routes=())}), "no-default"),
    ("03.4", lambda w: w.nodes.update(
        {"if-test": replace(w.nodes["if-test"], routes=(Route("default", "eth0", "172.17.1.1"),))}),
        "other-gateway"),
    ("03.4", lambda w: w.nodes.update(
        {"if-test": replace(w.nodes["if-test"], routes=(Route("default", "eth0"),))}), "no-gateway"),
    ("03.5", lambda w: w.down("host", "veth_host"), "host-end-down"),
    ("03.5", lambda w: w.address("host", "veth_host"), "no-host-address"),
    ("03.5", lambda w: w.address("host", "veth_host").address("host", "docker0", "172.17.1.1/16"),
        "address-elsewhere"),
    ("04.1", lambda w: w.address("host", "veth_host", "172.17.1.1/16"), "still-there"),
    ("04.1", lambda w: w.address("host", "docker0"), "docker0-lost"),
    ("04.2", lambda w: w.change("host", "veth_host", master=""), "not-a-port"),
    ("04.2", lambda w: w.change("host", "veth_host", master="br0"), "other-bridge"),
    ("04.2", lambda w: w.down("host", "veth_host"), "host-end-down"),
    ("04.3", lambda w: w.chain(Chain("ip", "filter", "FORWARD", "DROP")), "flushed"),
    ("04.3", lambda w: w.chain(replace(DROPS, policy="DROP")), "policy"),
    ("04.3", lambda w: w.chain(Chain("ip", "nat", "POSTROUTING", "ACCEPT")), "no-masquerade"),
    ("05.3", lambda w: w.address("host", "docker0", f"{OUTSIDE}/32"), "impostor"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "change", "hint"), WRONG, ids=[f"{s} {h}" for s, _, h in WRONG])
def test_a_wrong_turn_is_named(step: str, change: Change, hint: str) -> None:
    """Each state on the way to the solution is told apart, and says what was found and what to do."""
    make, reaches = SOLVED[step]
    world = make()
    change(world)
    result = check(PretendLab(world, reaches), step, SAID, CONCLUDED, seconds=0)
    assert not result.passed
    assert result.hint_id == hint, result
    assert result.found
    assert result.hint
    assert result.next_step


LOST: list[tuple[Change, str]] = [
    (lambda w: w.sysctl("host", "net.ipv4.ip_forward", "0"), "forwarding-off"),
    (lambda w: w.sysctl("host", "net.ipv4.ip_forward", "0").sysctl("if-test", "net.ipv4.ip_forward", "1"),
        "forwarding-in-container"),
    (lambda w: w.chain(replace(DROPS, name="DOCKER-USER")), "forward-drop"),
    (lambda w: w.chain(DROPS), "forward-drop"),
    (lambda w: w.chain(Chain("ip", "filter", "FORWARD", "DROP")), "forward-drop"),
    (lambda w: w.chain(Chain("ip", "nat", "POSTROUTING", "ACCEPT")), "no-masquerade"),
    (lambda w: w.route("host", Route("172.17.1.2", "veth_host")), "route-to-port"),
    (lambda w: None, "no-answer"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "hint"), LOST, ids=[hint for _, hint in LOST])
def test_a_lost_probe_looks_for_the_cause(change: Change, hint: str) -> None:
    """When the container is not answered, the first known cause on the packet's way is named."""
    world = plugged().sysctl("host", "net.ipv4.ip_forward", "1")
    change(world)
    result = check(PretendLab(world, reaches_nothing), "05.3", SAID, CONCLUDED, seconds=0)
    assert result.hint_id == hint, result


def test_two_connected_routes_are_the_reason_for_a_lost_answer() -> None:
    """The lecture's 172.17.1.1 step on a stock host: both routes, and the first wins."""
    world = wired().address("host", "veth_host", "172.17.1.1/16").route("host", TWO_ROUTES)
    result = check(PretendLab(world, reaches_nothing), "03.5", SAID, seconds=0)
    assert result.hint_id == "two-routes"
    assert "2 routes" in result.found
    assert "docker0's comes first" in result.found
    world.sysctl("host", "net.ipv4.conf.docker0.ignore_routes_with_linkdown", "1")
    assert check(PretendLab(world, reaches_nothing), "03.5", SAID, seconds=0).hint_id == "no-answer"


def test_any_cure_of_the_two_routes_will_do() -> None:
    """The check asks for the answer to the ping, not for one of the three ways to get it."""
    world = wired().address("host", "veth_host", "172.17.1.1/16").route("host", TWO_ROUTES)
    assert check(PretendLab(world, reaches_all), "03.5", SAID, seconds=0).passed


def test_the_names_that_a_lesson_leaves_free_are_free() -> None:
    """The host's end of the cable may be called anything."""
    world = bare().cable(outside="kabel")
    assert check(PretendLab(world), "03.2", seconds=0).passed


def test_a_rule_for_everything_is_as_good_as_the_policy() -> None:
    """iptables -A FORWARD -j ACCEPT, or nft in its own table family, opens the chain as well."""
    world = plugged().chain(Chain("ip", "filter", "FORWARD", "DROP", rules=(Rule("-j ACCEPT", "ACCEPT"),)))
    assert check(PretendLab(world), "04.3", {}, CONCLUDED, seconds=0).passed
    native = Chain("inet", "filter", "FORWARD", "ACCEPT", backend="native")
    assert check(PretendLab(plugged().chain(native)), "04.3", {}, CONCLUDED, seconds=0).passed


def test_what_must_not_reach_is_controlled_first() -> None:
    """If nobody reaches the internet, a container that does not proves nothing."""
    lab = PretendLab(plugged(), reaches_nothing)
    lab_reaches_gateway = PretendLab(plugged(), lambda node, to: to == "172.17.0.1")
    result = check(lab_reaches_gateway, "04.4", SAID, CONCLUDED, seconds=0)
    assert result.hint_id == "control-failed"
    assert ("if-test", OUTSIDE) not in lab_reaches_gateway.asked
    assert lab.asked == []


def test_a_cure_that_came_too_early_is_noticed() -> None:
    """Where the lesson expects a loss, an answer is not success."""
    result = check(PretendLab(plugged(), reaches_all), "04.4", SAID, CONCLUDED, seconds=0)
    assert result.hint_id == "reaches-already"
    assert "ip_forward is 0" in result.hint


def test_what_depends_on_a_failed_step_says_what_it_waits_for() -> None:
    """A learner who jumped ahead is sent to the first step that does not hold, with its hint."""
    result = check(PretendLab(bare().spare_cable()), "03.4", seconds=0)
    assert result.waiting_for.startswith("03.2")
    assert result.hint_id == "still-on-host"
    assert "waiting for 03.2" in str(result)


def test_where_the_other_end_of_the_cable_went() -> None:
    """A cable into another box, and one with both ends inside the container, are told apart."""
    world = bare().cable()
    other = Node(
        999, "box", "netns", interfaces=(replace(interface(999, 8, "eth0"), peer=InterfaceId(HOST, 9)),)
    )
    world.nodes["box"] = other
    world.change("host", "veth_host", peer=InterfaceId(999, 8))
    world.nodes["if-test"] = replace(world.nodes["if-test"], interfaces=world.nodes["if-test"].interfaces[:1])
    elsewhere = check(PretendLab(world), "03.2", seconds=0)
    assert (elsewhere.hint_id, "box" in elsewhere.found) == ("elsewhere", True)
    inside = check(PretendLab(bare().spare_cable("if-test")), "03.2", seconds=0)
    assert inside.hint_id == "both-inside"


def test_lesson_01_wants_a_container_on_docker0() -> None:
    """Running, on the bridge, with an address; each that is missing is named."""
    assert check(PretendLab(docker_made()), "01.1", seconds=0).passed
    assert check(PretendLab(World()), "01.1", seconds=0).hint_id == "not-running"
    assert check(PretendLab(World().container("lucid_bell")), "01.1", seconds=0).hint_id == "other-name"
    assert check(PretendLab(bare()), "01.1", seconds=0).hint_id == "no-network"
    loose = docker_made().change("host", "veth12ab", master="")
    assert check(PretendLab(loose), "01.1", seconds=0).hint_id == "not-a-port"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("veth12ab", ""), ("veth12ab@if8", ""), ("", "not-answered"), ("docker0", "bridge-not-port"),
        ("eth0", "same-name"), ("veth99", "no-such-interface"), ("lo", "no-such-interface"),
    ],
)  # fmt: skip
def test_the_other_end_has_to_be_named(answer: str, hint: str) -> None:
    """The name that only this lab knows is read from the kernel, not from the lesson."""
    result = check(PretendLab(docker_made()), "01.3", {}, {"01.3": answer}, seconds=0)
    assert (result.passed, result.hint_id) == (not hint, hint)


def test_lesson_02_wants_an_empty_namespace_with_a_name() -> None:
    """Only lo, then a name that `ip netns` knows; a name for the wrong namespace is not it."""
    assert check(PretendLab(docker_made()), "02.1", seconds=0).hint_id == "has-network"
    assert check(PretendLab(bare()), "02.1", seconds=0).passed
    assert check(PretendLab(bare()), "02.3", seconds=0).hint_id == "no-name"
    named, host, other = bare(), bare(), bare()
    named.nodes["if-test"] = replace(named.nodes["if-test"], aliases=("43",))
    host.nodes["host"] = replace(host.nodes["host"], aliases=("container",))
    other.nodes["x"] = Node(999, "x", "netns")
    assert check(PretendLab(named), "02.3", seconds=0).passed
    assert check(PretendLab(host), "02.3", seconds=0).hint_id == "host-named"
    assert check(PretendLab(other), "02.3", seconds=0).hint_id == "unrelated-namespace"


def test_a_prediction_is_wanted_right_or_wrong() -> None:
    """A wrong prediction passes, none does not; the conclusion has to be right."""
    world = plugged()
    wrong = check(PretendLab(world), "05.1", {"05.1": "host eth0"}, {"05.1": "docker0"}, seconds=0)
    none = check(PretendLab(world), "05.1", {}, {"05.1": "docker0"}, seconds=0)
    concluded = check(PretendLab(world), "05.1", {"05.1": "docker0"}, {"05.1": "host eth0"}, seconds=0)
    assert (wrong.passed, none.hint_id, concluded.hint_id) == (True, "not-predicted", "wrong-answer")
    assert "192.0.2.10" in concluded.hint


def test_an_answer_that_the_server_never_saw_the_request_of_does_not_count() -> None:
    """Somebody on the way answers in the server's name: named as what it is."""
    result = check(PretendLab(plugged(), lambda node, to: True, pretends=True), "05.3", seconds=0)
    assert not result.passed
    assert result.hint_id == "pretender"
