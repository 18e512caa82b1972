"""Who reaches whom, without a kernel: what is asked, what is expected, and who has the last word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Answer, Reach
from netlab.diagnosis.reach.ask import reach
from netlab.diagnosis.reach.course import Evaluator
from netlab.diagnosis.reach.differ import differ
from netlab.diagnosis.reach.question import MOST, Question, flights, parse
from netlab.diagnosis.reach.text import as_json, as_matrix, as_text
from netlab.errors import BadInput, LabError, NetlabError, UnknownName
from netlab.model import Chain, Listener, Node, Route, Rule, Snapshot
from netlab.packets.flight import Flight, Landing
from netlab.packets.flight import parse as parse_flights
from tests.worlds.builders import TARGET, UP, container, host, interface, internet, lab, world

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


def published(
    snapshot: Snapshot, port: int = 8080, *, forward: Sequence[Rule] = (), policy: str = "ACCEPT"
) -> Snapshot:
    """The snapshot with a container that listens on 80, published by its host as Docker does."""
    jump = Rule("-m addrtype --dst-type LOCAL -j DOCKER", "DOCKER")
    dnat = Rule(f"! -i docker0 -p tcp -m tcp --dport {port} -j DNAT --to-destination {C1}:80", "DNAT")
    chains = (
        Chain("ip", "nat", "PREROUTING", "ACCEPT", rules=(jump,)),
        Chain("ip", "nat", "DOCKER", rules=(dnat,)),
        Chain("ip", "filter", "FORWARD", policy, rules=tuple(forward)),
    )

    def change(node: Node) -> Node:
        if node.name == "if-test":
            return replace(node, listeners=(Listener("tcp", "0.0.0.0", 80), Listener("tcp", "127.0.0.1", 99)))
        if node.kind == "host":
            kept = tuple(c for c in node.chains if c.name != "FORWARD")
            return replace(node, chains=(*kept, *chains))
        return node

    return replace(snapshot, nodes=tuple(map(change, snapshot.nodes)))


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


# -- packets have the last word


class Replica:
    """Plays a replica in which packets arrive as they are told to."""

    def __init__(self, snapshot: Snapshot, landing: Landing) -> None:
        self._snapshot, self._landing = snapshot, landing
        self.asked: list[Flight] = []

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def burst(self, some: Sequence[Flight], timeout: float = 0.1) -> list[Landing]:
        self.asked += some
        return [self._landing] * len(some)

    def capture(self, **_: object) -> None:
        raise LabError("no capture here")

    def substitutes(self) -> tuple[str, ...]:
        return ()

    @contextmanager
    def replica(self) -> Iterator[Replica]:
        yield self


def ask(snapshot: Snapshot, landing: Landing, question: str) -> tuple[Answer, Replica]:
    """The one answer to a question."""
    played = Replica(snapshot, landing)
    (answer,) = reach(played, question).answers  # type: ignore[arg-type]
    return answer, played


def test_a_yes_has_been_seen_by_its_owner() -> None:
    """Expected or not: what tables say is no yes."""
    there = Landing(True, ("internet",))
    answer, played = ask(lab(1, "1"), there, f"if-test → {TARGET} ping")
    assert (answer.answer, answer.receiver) == (YES, "internet")
    assert played.asked == [answer.flight]
    answer, __ = ask(lab(1, "1"), Landing(), f"if-test → {TARGET} ping")
    assert (answer.answer, answer.expected) == (UNSURE, YES)
    assert "not answered" in answer.why


def test_tables_that_are_wrong_are_overruled() -> None:
    """They say no, and the owner has seen it; they say yes, and another has."""
    answer, __ = ask(lab(1), Landing(True, ("internet",)), f"if-test → {TARGET} ping")
    assert (answer.answer, answer.expected) == (YES, NO)
    answer, __ = ask(lab(1, "1"), Landing(True, ("host",)), f"if-test → {TARGET} ping")
    assert answer.answer == UNSURE and "host answers" in answer.why
    answer, __ = ask(lab(1, "1"), Landing(True, ()), f"if-test → {TARGET} ping")
    assert answer.answer == UNSURE


def test_a_no_is_sent_as_well() -> None:
    """And has the setting that says so."""
    answer, played = ask(lab(1), Landing(), f"if-test → {TARGET} ping")
    assert answer.answer == NO and "ip_forward" in answer.why and answer.sent
    assert played.asked == [answer.flight]


# -- what differs, and how it is told

PLACE = Flight("internet", "10.0.0.7", "tcp", 5432)


def test_what_is_open_now_and_was_not_is_told() -> None:
    """And what is closed, and what cannot be told; what was left out is neither."""
    before = [Answer(PLACE, NO, why="nobody listens"), Answer(Flight("a", C1), YES, "if-test")]
    now = [Answer(PLACE, YES, "db"), Answer(Flight("a", C2), UNSURE, why="x")]
    changes, unsure = differ(now, before, whole=True)
    assert [(change.now.flight, change.opens) for change in changes] == [
        (PLACE, True),
        (Flight("a", C1), False),
    ]
    assert [answer.flight for answer in unsure] == [Flight("a", C2)]
    changes, unsure = differ(now, before, whole=False)
    assert [change.now.flight for change in changes] == [PLACE] and unsure == ()
    text = as_text(Reach("internet → *", compared=True, changes=changes))
    assert "+ after the change 10.0.0.7 tcp 5432 is open from internet (before: nobody listens)" in text
    told = json.loads(as_json(Reach("internet → *", compared=True, changes=changes)))
    assert told["opened"][0]["port"] == 5432 and told["closed"] == []


def test_the_matrix_has_a_line_for_each_hole() -> None:
    """Marks in columns, reasons below; of many, a bounded number of lines."""
    answers = [Answer(Flight("a", C1), YES, "if-test"), Answer(Flight("b", C1), NO, why="rule 3")]
    text = as_matrix(Reach("* → *", tuple(answers)))
    assert f"{C1} ping  ✔  ✘" in text and f"✘ b → {C1} ping: rule 3" in text
    many = tuple(Answer(Flight(f"n{n}", C1), NO, why="x") for n in range(500))
    assert len(as_matrix(Reach("* → *", many)).splitlines()) < 600
    assert len(as_text(Reach("* → *", many)).splitlines()) < 70


def test_names_move_no_cursor() -> None:
    """Whatever a node is called, and whatever its rule says."""
    nasty = "a\x1b[2J\nb\u202e"
    answers = (Answer(Flight(nasty, C1), NO, why=nasty), Answer(Flight("x", C1), YES, nasty))
    for text in (as_text(Reach(nasty, answers)), as_matrix(Reach(nasty, answers))):
        assert not {"\x1b", "\u202e"} & set(text) and "\nb" not in text
    assert "\x1b" not in as_json(Reach(nasty, answers))


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
