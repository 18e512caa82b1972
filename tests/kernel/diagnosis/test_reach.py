"""Who reaches whom in a lab: by packets that are really sent, in a copy; and what differs from before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from netlab.cli.main import main
from netlab.diagnosis.reach import ask as asking
from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Answer, Forecast
from netlab.diagnosis.reach.ask import reach
from netlab.errors import BadInput, UnknownName
from netlab.lab import Lab
from netlab.model.pack import Listener, Pack
from netlab.packets.flight import Flight
from tests.kernel.conftest import sh

THERE, OUTSIDE, WEB = "39.106.233.176", "192.0.2.10", "172.17.0.2"
LISTENERS = (Listener("tcp", "0.0.0.0", 80), Listener("udp", "0.0.0.0", 53), Listener("tcp", "::", 90))
LISTENERS += (Listener("udp", "::", 91),)
BUILT = (
    "docker run -d --name web -p 8080:80 centos:8 sleep 36000; docker run -d --name two centos:8 sleep 36000"
)


@pytest.fixture
def twin(lab: Lab, lab_name: str) -> Iterator[Lab]:
    """Two containers of which one is published; a twin has somebody who listens."""
    sh(lab, f"{BUILT}; sysctl -qw net.ipv4.ip_forward=1")
    made = Lab.unpack(with_listeners(lab.pack(), "web", *LISTENERS), lab_name)
    yield made
    made.down()


@pytest.fixture
def lab_name(request: pytest.FixtureRequest) -> str:
    """Of a lab beside the module's."""
    return f"reach{abs(hash(request.node.nodeid)) % 100_000}"


def with_listeners(found: Pack, name: str, *listeners: Listener) -> Pack:
    """That network, with programs there that listen."""
    nodes = (replace(n, listeners=listeners) if n.name == name else n for n in found.nodes)
    return replace(found, nodes=tuple(nodes))


def answers(lab: Lab, question: str) -> dict[Flight, Answer]:
    """Each by its packet."""
    return {answer.flight: answer for answer in reach(lab, question).answers}


def test_what_gets_through_has_been_seen_by_its_owner(twin: Lab) -> None:
    """Ping, TCP, UDP, and a published port, whose owner is the container behind it."""
    found = answers(twin, "* → *")
    for flight, owner in (
        (Flight("internet", OUTSIDE), "host"),
        (Flight("internet", OUTSIDE, "tcp", 8080), "web"),
        (Flight("two", WEB), "web"),
        (Flight("two", WEB, "tcp", 80), "web"),
        (Flight("two", WEB, "udp", 53), "web"),
        (Flight("two", THERE), "internet"),
    ):
        assert (found[flight].answer, found[flight].receiver) == (YES, owner), found[flight]
    closed = found[Flight("internet", WEB, "tcp", 80)]
    assert (closed.answer, closed.why) == (NO, f"internet has no route to {WEB}")
    assert not [answer for answer in found.values() if answer.answer == UNSURE]


def test_tables_and_packets_agree(twin: Lab) -> None:
    """In a healthy lab and in a broken one: nothing that was expected is otherwise."""
    for change in (
        "true",
        "iptables -P FORWARD DROP",
        "sysctl -qw net.ipv4.ip_forward=0; ip link set docker0 down",
    ):
        sh(twin, change)
        found = answers(twin, "* → *").values()
        assert [each for each in found if each.expected in (YES, NO) and each.answer != each.expected] == []


def test_a_no_names_the_rule(twin: Lab) -> None:
    """By number and words; the lab itself has counted nothing."""
    sh(twin, "iptables -I FORWARD -i eth0 -p tcp --dport 80 -j DROP")
    closed = answers(twin, "internet → host tcp 8080")[Flight("internet", OUTSIDE, "tcp", 8080)]
    assert closed.answer == NO and "rule 1 of filter/FORWARD on host drops it" in closed.why
    assert "[0:0] -A FORWARD -i eth0 -p tcp -m tcp --dport 80 -j DROP" in sh(twin, "iptables-save -c")


def test_rules_that_are_not_read_are_asked_by_packets(twin: Lab) -> None:
    """nft's own: a doubt, which packets decide; what drops it is found by a trace in the copy."""
    sh(twin, "nft add table inet z; nft add chain inet z c '{ type filter hook forward priority 5; }'")
    sh(twin, "nft add rule inet z c tcp dport 80 counter drop")
    found = answers(twin, "internet → host")
    assert found[Flight("internet", OUTSIDE)].answer == YES
    closed = found[Flight("internet", OUTSIDE, "tcp", 8080)]
    assert (closed.answer, closed.expected) == (NO, UNSURE) and "inet z/c" in closed.why


@pytest.mark.parametrize("wrong", [YES, NO])
def test_an_evaluation_that_is_wrong_is_caught_by_packets(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Whichever way it errs: what it says is told beside what is so."""
    sh(lab, f"{BUILT}; sysctl -qw net.ipv4.ip_forward={0 if wrong == YES else 1}")
    monkeypatch.setattr(asking.Evaluator, "forecast", lambda *_: Forecast(wrong, "lies", "internet"))
    (found,) = answers(lab, f"two → {THERE} ping").values()
    assert found.expected == wrong and found.answer != wrong
    assert found.answer == (NO if wrong == YES else YES) and "lies" not in found.why


def test_what_was_opened_since_a_mark_is_told(twin: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for what is open, one for what is closed, and as JSON; without a change nothing."""
    sh(twin, "iptables -I DOCKER-USER -p tcp --dport 80 -j DROP")
    twin.mark("before")
    assert main(["--lab", twin.name, "reach", "internet → *", "--since", "before"]) == 0
    assert "nothing was opened, and nothing closed" in capsys.readouterr().out
    sh(twin, "iptables -F DOCKER-USER; sysctl -qw net.ipv4.icmp_echo_ignore_all=1")
    assert main(["--lab", twin.name, "reach", "internet → *", "--since", "before"]) == 1
    told = capsys.readouterr().out
    assert f"+ after the change {OUTSIDE} tcp 8080 is open from internet" in told
    assert f"- after the change {OUTSIDE} ping is closed from internet: net.ipv4.icmp_echo_ignore_all" in told
    assert main(["--lab", twin.name, "reach", "internet → *", "--since", "before", "--json"]) == 1
    words = json.loads(capsys.readouterr().out)
    assert [(each["destination"], each["port"]) for each in words["opened"]] == [(OUTSIDE, 8080)]
    assert main(["--lab", twin.name, "reach", "--since", "never"]) == 2
    assert "There is no mark 'never'" in capsys.readouterr().err


def test_what_differs_from_a_file_is_told(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that is gone is closed; one that has come is open."""
    sh(lab, BUILT)
    file = tmp_path / "before.netpack"
    lab.pack(file)
    sh(lab, "docker rm -f two; docker run -d --name three centos:8 sleep 36000")
    assert (
        main(["--lab", lab.name, "reach", "web → *", "--against", str(file)]) == 0
    )  # the same address answers
    sh(lab, "docker rm -f three")
    assert main(["--lab", lab.name, "reach", "web → *", "--against", str(file)]) == 1
    assert "172.17.0.3 ping is closed from web: who asks or is asked is not there" in capsys.readouterr().out
    assert main(["--lab", lab.name, "reach", "two → *", "--against", str(file)]) == 1
    assert "ping is closed from two" in capsys.readouterr().out


def test_the_matrix_of_a_lab(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody, and a line for each hole; the exit status says whether there is one."""
    sh(lab, f"{BUILT}; sysctl -qw net.ipv4.ip_forward=0")
    assert main(["--lab", lab.name, "trace", "--all"]) == 1
    told = capsys.readouterr().out
    assert f"✘ two → {THERE} ping: net.ipv4.ip_forward = 0 on host: it is not passed on" in told
    assert main(["--lab", lab.name, "trace", "--all", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["answers"]) > 10
    assert main(["--lab", lab.name, "trace", "--all", THERE]) == 2


def test_an_address_as_the_asker_is_the_packets_source(lab: Lab) -> None:
    """A second address of the host's, for which the far end has no way back."""
    sh(lab, "ip addr add 10.7.7.7/32 dev lo")
    (found,) = answers(lab, f"10.7.7.7 → {THERE} ping").values()
    assert found.answer == NO and "internet has no route to 10.7.7.7" in found.why
    (found,) = answers(lab, f"{OUTSIDE} → {THERE} ping").values()
    assert found.answer == YES


@pytest.mark.parametrize(
    ("service", "word"), [("ping", YES), ("tcp 90", YES), ("udp 91", YES), ("udp 53", NO)]
)
def test_ipv6_is_asked_as_well(twin: Lab, service: str, word: str) -> None:
    """Over one bridge; who listens on 0.0.0.0 alone does not on ::."""
    for name, number in (("web", 2), ("two", 3)):
        enter = f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {name}) -n"
        sh(twin, f"{enter} sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0")
        sh(twin, f"{enter} ip -6 addr add fd00::{number}/64 dev eth0 nodad")
    (found,) = answers(twin, f"two → fd00::2 {service}").values()
    assert found.answer == word, found


def test_what_is_not_there_is_told_in_a_line(lab: Lab) -> None:
    """And no copy of the lab stays."""
    with pytest.raises(UnknownName, match="There is no node 'nobody'"):
        reach(lab, "nobody → *")
    with pytest.raises(BadInput, match="neither an address nor a network"):
        reach(lab, "host → 1.2.3.999")
    with pytest.raises(UnknownName):
        lab.pack_at("never")
    assert reach(lab, "host → *").answers
