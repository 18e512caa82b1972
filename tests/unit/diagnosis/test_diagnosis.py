"""Verdicts from recorded frames and tables: no kernel, no privileges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlab.cli.main import main
from netlab.diagnosis import trace as tracing
from netlab.diagnosis.finding import STRONG, WEAK, Finding
from netlab.diagnosis.focus import ROUTE, Focus
from netlab.diagnosis.judge import judge
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.report import Report, path_of
from netlab.diagnosis.suspects.duplicates import twins
from netlab.diagnosis.suspects.nat import listens
from netlab.diagnosis.verdict import LIKELY, UNDECIDED
from netlab.lab import Lab
from netlab.model import Capture, Chain, Listener, Node, PolicyRule, Route, Rule, Snapshot
from netlab.packets.forwarding.iptables import Flow, matches, walk
from netlab.packets.forwarding.routing import decide
from tests.worlds.builders import (
    HOST,
    TARGET,
    addresses,
    capture,
    container,
    host,
    internet,
    lab,
    lecture_death,
    ping,
    world,
)

UNREACHABLE = ("ip route get", "RTNETLINK answers: Network is unreachable")


def scene(capture: Capture, *, sent: int = 3, received: int = 0) -> Observation:
    """Three probes as ./run trace sends them; the kernel knows no route when asked."""
    token = (b"netlab" * 8)[:16]
    told = {"proto": "icmp", "size": 56, "refused": 0, "errors": (), "tokens": (token,), "ports": ()}
    ends = {"source": "if-test", "destination": TARGET, "sent": sent, "received": received}
    return Observation(**ends, **told, capture=capture, route=lambda *_: UNREACHABLE)  # type: ignore[arg-type]


def changed(capture: Capture, **counters: int) -> Capture:
    """The capture, with counters of the host that rose meanwhile."""
    nodes = [replace(n, counters=counters) if n.netns == HOST else n for n in capture.before.nodes]
    return replace(capture, after=replace(capture.before, nodes=tuple(nodes)))


def with_forwarding_setting(capture: Capture) -> Capture:
    """Docker0's own setting stands beside ip_forward in what was read."""

    def set_in(snapshot: Snapshot) -> Snapshot:
        own = {"net.ipv4.conf.docker0.forwarding": "0"}
        nodes = [replace(n, sysctls={**n.sysctls, **own}) if n.netns == HOST else n for n in snapshot.nodes]
        return replace(snapshot, nodes=tuple(nodes))

    return replace(capture, before=set_in(capture.before), after=set_in(capture.after))


def test_the_lectures_death_is_likely_forwarding_off() -> None:
    """The setting, and a counter that rose with every packet: nobody has tried anything yet."""
    capture = with_forwarding_setting(changed(lecture_death(), **{"Ip.InAddrErrors": 3}))
    verdict = judge(scene(capture))
    assert (verdict.cause, verdict.certainty, str(verdict.last_seen)) == (
        "forwarding-off",
        LIKELY,
        "host docker0",
    )
    assert [step.argv for step in verdict.cure] == [("sysctl", "-w", "net.ipv4.ip_forward=1")]


def test_without_any_evidence_nothing_is_called_proved() -> None:
    """The same capture, forwarding on, no counter that moved: undecided, with what is left of the causes."""
    capture = lecture_death()
    on = replace(capture.before.by_netns(HOST), sysctls={"net.ipv4.conf.docker0.forwarding": "1"})  # type: ignore[type-var]
    nodes = tuple(on if n.netns == HOST else n for n in capture.before.nodes)
    snapshot = replace(capture.before, nodes=nodes)  # type: ignore[arg-type]
    verdict = judge(scene(replace(capture, before=snapshot, after=snapshot)))
    assert (verdict.cause, verdict.certainty) == ("", UNDECIDED)
    assert "firewall-drop" not in verdict.candidates and "random-loss" in verdict.candidates


def test_strong_evidence_goes_before_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked first; where there is none, all that may be is named."""
    found = [
        Finding("no-route", WEAK, "", ()),
        Finding("arp-off", STRONG, "", ()),
        Finding("too-big", STRONG, "", ()),
    ]
    for said, cause, certainty in (
        (found, "arp-off", LIKELY),
        (found[:1], "no-route", LIKELY),
        ([found[0], replace(found[1], strength=WEAK)], "no-route", UNDECIDED),
    ):
        suspects = [lambda scene, focus, finding=finding: finding for finding in said]
        monkeypatch.setitem(judge.__globals__, "SUSPECTS", suspects)
        verdict = judge(scene(lecture_death()))
        assert (verdict.cause, verdict.certainty) == (cause, certainty)


@pytest.mark.parametrize(
    ("address", "is_heard"),
    [("0.0.0.0", True), ("::", True), ("172.17.0.2", True), ("127.0.0.1", False), ("172.17.0.3", False)],
)
def test_who_listens_everywhere_listens_at_an_address(address: str, is_heard: bool) -> None:
    """At :: a program takes IPv4 connections, too."""
    node = replace(lab().node("if-test"), listeners=(Listener("tcp", address, 80),))
    assert listens(node, "tcp", "172.17.0.2", 80) is is_heard
    assert not listens(node, "udp", "172.17.0.2", 80) and not listens(node, "tcp", "172.17.0.2", 81)


@pytest.mark.parametrize(("received", "status"), [(3, 0), (2, 1), (0, 1)])
def test_the_status_of_a_trace_is_0_when_all_was_answered(
    monkeypatch: pytest.MonkeyPatch, received: int, status: int
) -> None:
    """For scripts, some of the probes are not all of them."""
    verdict = judge(scene(ping(replies=received), received=received))
    monkeypatch.setattr(tracing, "trace", lambda *_, **__: verdict)
    monkeypatch.setattr(Lab, "find", lambda name: None)
    assert main(["trace", "--from", "if-test", TARGET]) == status


@pytest.mark.parametrize("number", [2, -90], ids=["numbered after the host", "numbered before the host"])
def test_the_gateway_keeps_its_address_and_the_neighbour_gives_it_up(number: int) -> None:
    """Whichever of the two namespaces the kernel happened to give the smaller number."""
    first, port = container()
    other, other_port = container(number, "other", "172.17.0.9")
    lo, eth0 = other.interfaces
    eth0 = replace(eth0, addresses=(*eth0.addresses, *addresses("172.17.0.1/16")))
    other = replace(other, interfaces=(lo, eth0))
    recorded = capture(world(first, other, host(port, other_port), internet()), [])
    found = twins(scene(recorded), Focus(ROUTE, other, eth0, None, None, None))
    assert found is not None and found.cause == "duplicate-address"
    assert (found.cure[0].node, found.cure[0].argv[-1]) == ("other", "eth0")


def test_the_page_has_pictures_evidence_and_cure() -> None:
    """Topology and timeline as images with words for who cannot see them, a table of evidence, the cure."""
    capture = with_forwarding_setting(changed(lecture_death(), **{"Ip.InAddrErrors": 3}))
    report = Report.of(judge(scene(capture)))
    page = report._repr_html_()
    assert page.count("<img alt=") == 2 and "<script" not in page
    assert f"✘ if-test → {TARGET}: not forwarded" in page and "host# sysctl -w net.ipv4.ip_forward=1" in page
    assert "IpInAddrErrors +3" in page and "causes were ruled out" in page
    assert str(path_of(report)[0].last_seen.frame.point) == "host docker0"
    assert str(report).startswith("0 of 3 probes")


def test_the_page_of_a_healthy_network_blames_nobody() -> None:
    """Reached, with the request and its answer drawn, and neither evidence nor cure."""
    report = Report.of(judge(scene(ping(), received=3)))
    page = report._repr_html_()
    assert "✔" in page and "Cure" not in page and "Evidence" not in page
    assert [journey.reached for journey in path_of(report)] == [True, True]


TABLES = (
    Route("default", "eth0", "192.0.2.1"),
    Route("default", "eth1", "10.0.0.1", table="100"),
    Route("39.0.0.0/8", kind="throw", table="100"),
    Route("39.106.0.0/16", kind="blackhole", table="7"),
)


@pytest.mark.parametrize(
    ("rule", "source", "iif", "device", "refuses"),
    [
        (PolicyRule(10, table="100", source="172.17.0.0/16"), "10.1.1.1", "", "eth0", False),
        (PolicyRule(10, table="100", source="172.17.0.0/16"), "172.17.0.2", "docker0", "eth0", False),
        (PolicyRule(10, table="7", iif="docker0"), "172.17.0.2", "docker0", "", True),
        (PolicyRule(10, table="7", iif="docker0"), "172.17.0.2", "eth9", "eth0", False),
        (PolicyRule(10, "prohibit", source="172.17.0.0/16"), "172.17.0.2", "", "", True),
        (PolicyRule(10, "prohibit", source="172.17.0.0/16", inverted=True), "172.17.0.2", "", "eth0", False),
        (PolicyRule(10, "prohibit", mark=1, mask=0xFF), "172.17.0.2", "", "eth0", False),
        (PolicyRule(10, "goto", goto=32767), "172.17.0.2", "", "", False),
    ],
)
def test_rules_choose_the_table(rule: PolicyRule, source: str, iif: str, device: str, refuses: bool) -> None:
    """Source, interface, mark, not, goto; throw goes on with the next rule; the first refusal ends it."""
    main, default = PolicyRule(32766, table="main"), PolicyRule(32767, table="default")
    node = Node(1, "host", "host", routes=TABLES, policies=(rule, main, default))
    found = decide(node, TARGET, source, iif)
    assert (found.route.device if found.route else "", found.refuses) == (device, refuses)


FLOW = Flow("172.17.0.2", TARGET, iif="docker0", oif="eth0")


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("-i docker0 ! -o docker0 -j ACCEPT", True),
        ("! -s 172.17.0.0/16 -j DROP", False),
        ("-o eth+ -p icmp -m icmp --icmp-type 8 -j DROP", True),
        ("-p tcp -m tcp --dport 80 -j DROP", False),
        ("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", False),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", False),
        ('-m comment --comment "a b" -j DROP', True),
        ("-m length --length 100 -j DROP", None),
        ("-s 10.0.0.0/8 -m length --length 100 -j DROP", False),
    ],
)
def test_whether_a_rule_is_for_a_packet(text: str, met: bool | None) -> None:
    """Yes, no, or not to be told."""
    assert matches(text, FLOW) is met


def test_a_walk_goes_into_chains_and_comes_back() -> None:
    """RETURN goes on behind the jump; a match that cannot be told makes the outcome unsure."""
    user = Chain("ip", "filter", "USER", rules=(Rule("-p icmp -j RETURN", "RETURN"), Rule("-j DROP", "DROP")))
    first = Rule("-j USER", "USER")
    guess = Rule("-m length --length 9 -j DROP", "DROP")
    node = replace(host(), chains=(Chain("ip", "filter", "FORWARD", "ACCEPT", rules=(first, guess)), user))
    (outcome,) = walk(node, "filter", "FORWARD", FLOW)
    assert (outcome.target, outcome.number, outcome.sure) == ("DROP", 2, False)
    (outcome,) = walk(node, "filter", "FORWARD", FLOW, without=guess)
    assert (outcome.target, outcome.rule) == ("ACCEPT", None)
    (outcome,) = walk(node, "filter", "FORWARD", replace(FLOW, protocol="tcp"))
    assert (outcome.target, outcome.chain.name) == ("DROP", "USER")
    assert walk(lab().node("if-test"), "filter", "FORWARD", FLOW) == []
