"""Who reaches whom, without a kernel: what is asked, what is expected, and who has the last word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from netlab.diagnosis.reach.answer import NO, UNSURE, YES
from netlab.diagnosis.reach.course import Evaluator
from netlab.diagnosis.reach.question import MOST, Question, flights, parse
from netlab.errors import BadInput, NetlabError, UnknownName
from netlab.model import Chain, Route, Rule, Snapshot
from netlab.packets.flight import Flight
from netlab.packets.flight import parse as parse_flights
from tests.worlds.builders import TARGET, UP, container, host, interface, internet, lab, published, world

C1, C2, HOST_OUTSIDE = "172.17.0.2", "172.17.0.3", "192.0.2.10"


def test_a_question_has_two_ends_and_perhaps_a_port() -> None:
    """Either arrow, any end, and what is asked for behind it."""
    assert parse("internet → *") == Question("internet", "*")
    assert parse(" if-test ->172.17.0.0/16  tcp 5432") == Question("if-test", "172.17.0.0/16", "tcp", 5432)
    assert parse("* -> fd00::1 ping") == Question("*", "fd00::1", "icmp")
    assert parse("netns blue → pid 47 udp") == Question("netns blue", "pid 47", "udp")
    assert str(parse("a->b tcp 80")) == "a → b tcp 80"


@pytest.mark.parametrize(
    "text",
    ["", "internet", "→", "a → ", "a → b → c", "a → b tcp x", "a → b tcp 0", "a → b tcp 65536"]
    + ["a → b ping 7", "a → b tcp ٣", "a" * 500 + " → b"],
)  # fmt: skip
def test_what_is_no_question_is_told_in_a_line(text: str) -> None:
    """With what would be one."""
    with pytest.raises(BadInput) as refused:
        parse(text)
    assert "\n" not in refused.value.what and refused.value.next_step


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("if-test → 999.1.1.1", BadInput),
        ("if-test → 172.17.0.0/99", BadInput),
        ("if-tst → *", UnknownName),
        ("10.9.9.0/24 → *", BadInput),
        ("if-test → 10.9.9.0/24", BadInput),
    ],
)
def test_an_end_that_is_not_there_is_told(text: str, kind: type[NetlabError]) -> None:
    """A name that nobody has, what is no address, a network in which nobody is."""
    with pytest.raises(kind):
        flights(parse(text), lab(1))


def test_what_is_asked_for_is_ping_listeners_and_published_ports() -> None:
    """At each address of each other node; a port alone where one is named."""
    snapshot = published(lab(1, "1"))
    found, left = flights(parse("internet → *"), snapshot)
    assert left == 0
    assert Flight("internet", HOST_OUTSIDE, "tcp", 8080) in found
    assert Flight("internet", C1, "tcp", 80) in found and Flight("internet", C1) in found
    assert not any(flight.destination in (TARGET, "192.0.2.1") for flight in found)
    (one,), __ = flights(parse(f"if-test → {TARGET} tcp 443"), snapshot)
    assert one == Flight("if-test", TARGET, "tcp", 443)
    (own,), __ = flights(parse(f"172.17.0.0/24 → {TARGET} ping"), replace(snapshot, nodes=snapshot.nodes[:1]))
    assert own == Flight("if-test", TARGET, source=C1)


def test_what_is_too_much_is_counted_and_left_out() -> None:
    """Fifty containers ask each other for more than one question holds."""
    found, left = flights(Question(), lab(50))
    assert len(found) == MOST and left == 50 * 51 + 4 * 51 - MOST


def expect(snapshot: Snapshot, node: str, destination: str, *service: Any) -> tuple[str, str]:
    """(answer, why or by whom)."""
    found = Evaluator(snapshot).forecast(Flight(node, destination, *service))
    return found.answer, found.why or found.receiver


def test_tables_tell_the_way_there_and_back() -> None:
    """Through the bridge, the host, its NAT and back; and what stops it on the way."""
    assert expect(lab(2), "if-test", C2) == (YES, "c2")
    assert expect(lab(1, "1"), "if-test", TARGET) == (YES, "internet")
    assert expect(lab(1), "if-test", TARGET) == (NO, "net.ipv4.ip_forward = 0 on host: it is not passed on")
    assert expect(lab(1, "1"), "internet", C1) == (NO, f"internet has no route to {C1}")
    assert expect(published(lab(1, "1")), "internet", HOST_OUTSIDE, "tcp", 8080) == (YES, "if-test")
    assert expect(published(lab(1, "1")), "internet", HOST_OUTSIDE, "tcp", 8081)[0] == NO


def test_without_translation_the_answer_does_not_come_back() -> None:
    """The far end has no way to a private address."""
    snapshot = lab(1, "1")
    nodes = [replace(n, chains=()) if n.kind == "host" else n for n in snapshot.nodes]
    answer, why = expect(replace(snapshot, nodes=tuple(nodes)), "if-test", TARGET)
    assert (answer, why) == (NO, f"its answer does not come back: internet has no route to {C1}")


def test_the_rule_is_named_by_its_number() -> None:
    """The second one drops; an accept before it for somebody else changes nothing, one for this one does."""
    drop = Rule("-p tcp -m tcp --dport 80 -j DROP", "DROP")
    other, this = (Rule(f"-s {who} -j ACCEPT", "ACCEPT") for who in ("10.0.0.1/32", "192.0.2.1/32"))
    where = ("internet", HOST_OUTSIDE, "tcp", 8080)
    answer, why = expect(published(lab(1, "1"), forward=(other, drop)), *where)
    assert answer == NO and "rule 2 of filter/FORWARD on host drops it" in why
    assert expect(published(lab(1, "1"), forward=(this, drop)), *where)[0] == YES
    answer, why = expect(published(lab(1, "1"), forward=(this,), policy="DROP"), *where)
    assert (
        answer == NO and why == "its answer does not come back: the policy of filter/FORWARD on host is DROP"
    )


def test_a_rule_that_is_not_read_makes_a_doubt_only_where_it_matters() -> None:
    """Whether it matches cannot be told: it matters before a drop, and not before what accepts as well."""
    odd = Rule("-p tcp -m multiport --dports 80,443 -j ACCEPT", "ACCEPT")
    where = ("internet", HOST_OUTSIDE, "tcp", 8080)
    assert expect(published(lab(1, "1"), forward=(odd,)), *where)[0] == YES
    answer, why = expect(published(lab(1, "1"), forward=(odd,), policy="DROP"), *where)
    assert answer == UNSURE and "rule 1 of filter/FORWARD on host" in why


def test_nfts_own_chains_are_not_guessed() -> None:
    """One at the hook on the way is a doubt; one at another hook is none."""

    def with_chain(hook: str) -> Snapshot:
        own = Chain("inet", "z", "c", "ACCEPT", rules=(Rule("drop", "DROP"),), backend="native", hook=hook)
        snapshot = lab(1, "1")
        nodes = [replace(n, chains=(*n.chains, own)) if n.kind == "host" else n for n in snapshot.nodes]
        return replace(snapshot, nodes=tuple(nodes))

    assert expect(with_chain("forward"), "if-test", TARGET)[0] == UNSURE
    assert expect(with_chain("input"), "if-test", TARGET)[0] == YES


def test_who_listens_on_one_address_alone_is_told() -> None:
    """A program on 127.0.0.1 answers nobody else; and where nobody listens, that is said."""
    snapshot = published(lab(2))
    assert expect(snapshot, "c2", C1, "tcp", 80) == (YES, "if-test")
    assert "on 127.0.0.1 alone" in expect(snapshot, "c2", C1, "tcp", 99)[1]
    assert "nobody listens" in expect(snapshot, "c2", C1, "udp", 80)[1]


def test_links_that_are_down_and_reverse_paths_are_told() -> None:
    """The card itself, the port of the bridge, the setting that looks at the way back."""
    snapshot = lab(2)
    first = snapshot.node("if-test")
    down = replace(
        first, interfaces=(first.interfaces[0], replace(first.interface("eth0"), flags=frozenset()))
    )
    nodes = (down, *snapshot.nodes[1:])
    assert expect(replace(snapshot, nodes=nodes), "if-test", C2) == (NO, "eth0 on if-test is down")
    answer, why = expect(replace(snapshot, nodes=nodes), "c2", C1)
    assert answer == NO and "is down: if-test eth0" in why
    routes = (Route("default", "docker0"), Route("172.17.0.0/16", "docker0"))
    strict = {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "1"}
    odd = [replace(n, routes=routes, sysctls=strict) if n.kind == "host" else n for n in snapshot.nodes]
    answer, why = expect(replace(snapshot, nodes=tuple(odd)), "internet", HOST_OUTSIDE)
    assert answer == NO and why.startswith("rp_filter on host")


def test_a_circle_ends() -> None:
    """Two routers that send to each other do so for no longer than a time to live."""
    one, port = container(1, "one")
    two, other = container(2, "two")
    nodes = [
        replace(node, routes=(Route("default", "eth0", via),), sysctls={"net.ipv4.ip_forward": "1"})
        for node, via in ((one, C2), (two, C1))
    ]
    answer, why = expect(world(*nodes, host(port, other), internet()), "one", "10.1.1.1")
    assert answer == NO and "circles" in why


@pytest.mark.parametrize(
    "plain",
    [
        None,
        "x",
        [{}],
        [{"node": "a", "destination": "example.org"}],
        [{"node": "a", "destination": C1, "proto": "tcp"}],
        [{"node": "a", "destination": C1, "port": 80}],
        [{"node": "a", "destination": C1, "proto": "sctp", "port": 1}],
        [{"node": "a", "destination": C1, "source": "::1"}],
        [{"node": "a", "destination": C1}] * 5000,
    ],
)
def test_what_makes_no_sense_is_not_sent(plain: Any) -> None:
    """Names are not looked up, and many are too many."""
    with pytest.raises((ValueError, TypeError)):
        parse_flights(plain)


def test_a_published_port_of_one_address_is_asked_for_there_alone() -> None:
    """-p 127.0.0.1:8080:80 is no port of the card's."""
    snapshot = published(lab(1, "1"))
    text = f"-d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {C1}:80"
    nodes = [
        replace(
            n,
            chains=tuple(
                replace(c, rules=(Rule(text, "DNAT"),)) if c.name == "DOCKER" else c for c in n.chains
            ),
        )
        for n in snapshot.nodes
    ]
    found, __ = flights(parse("internet → host"), replace(snapshot, nodes=tuple(nodes)))
    assert not any(flight.port == 8080 for flight in found)


def test_a_second_card_is_another_end() -> None:
    """Each address of a node is asked for by itself."""
    node, port = container(2, "two")
    more = replace(
        node, interfaces=(*node.interfaces, interface(node.netns, 3, "eth1", "veth", "10.1.0.2/24", flags=UP))
    )
    found, __ = flights(parse("host → two"), world(more, host(port), internet()))
    assert [flight.destination for flight in found] == [C2, "10.1.0.2"]
