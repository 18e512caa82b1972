"""What counts as a proof: one command, about the cause, whose output differs with the fault and only so."""

from __future__ import annotations

import pytest

from netlab.diagnosis.causes import CAUSES
from netlab.errors import BadInput
from netlab.faults.fault import Command
from netlab.faults.proof import ENTRY, SHOWN_BY, _parts, differ, is_about, parse


def look(*pairs: tuple[str, str]) -> frozenset[tuple[str, int, str]]:
    """What a command printed in two runs, line by line."""
    return frozenset(part for pair in pairs for part in _parts(*pair))


def test_the_node_is_named_before_the_command() -> None:
    """Without one it is the lab host's."""
    assert parse("if-test: ip route") == Command("if-test", ("ip", "route"))
    assert parse("!iptables -S 'DOCKER-USER'") == Command("host", ("iptables", "-S", "DOCKER-USER"))


@pytest.mark.parametrize("text", ["", "ip r; sysctl -a", "ip r && nft list ruleset", "echo $(ip r)",
                                  "ip r\nip l", "cat 'x", "ip r | grep x", "ip " + "x" * 500])  # fmt: skip
def test_more_or_less_than_one_command_is_no_proof(text: str) -> None:
    """What prints all there is names nothing."""
    with pytest.raises(BadInput):
        parse(text)


@pytest.mark.parametrize(("cause", "text", "wanted"), [
    ("firewall-drop", "iptables -nvL DOCKER-USER", True),
    ("firewall-drop", "docker exec -i if-test iptables -S", True),
    ("firewall-drop", "nsenter -t @pid:web -n iptables -S", True),
    ("firewall-drop", "/usr/sbin/iptables-save", True),
    ("firewall-drop", "echo iptables nft ebtables", False),
    ("firewall-drop", "bash -c iptables-save", False),
    ("firewall-drop", "ip route", False),
    ("no-route", "ip -4 route get 39.106.233.176", True),
    ("forwarding-off", "cat /proc/sys/net/ipv4/ip_forward", True),
    ("forwarding-off", "cat /root/sysctl", False),
])  # fmt: skip
def test_a_proof_is_about_the_cause(cause: str, text: str, wanted: bool) -> None:
    """The tool that is run decides, and no word that stands in the line."""
    assert is_about(cause, parse(text)) == wanted


def test_every_cause_can_be_shown() -> None:
    """By one tool at least."""
    assert set(SHOWN_BY) == set(CAUSES)
    assert ENTRY


def test_a_counter_that_stands_still_differs_from_one_that_moves() -> None:
    """Whatever numbers they hold by then; the time of day moves in any case."""
    off = [
        look(("pkts 10 at 12:00:01", "pkts 12 at 12:00:02")),
        look(("pkts 30 at 12:00:07", "pkts 32 at 12:00:08")),
    ]
    on = [
        look(("pkts 21 at 12:00:03", "pkts 21 at 12:00:04")),
        look(("pkts 44 at 12:00:09", "pkts 44 at 12:01:10")),
    ]
    assert differ(on, off)
    clock = [look((f"12:00:0{n}", f"12:00:0{n + 1}")) for n in range(6)]
    assert not differ(clock[:3], clock[3:])


def test_a_line_that_comes_and_goes_by_itself_proves_nothing() -> None:
    """It has to be there each time with the fault on, and never without it, or the other way round."""
    with_it, without = look(("a", "a"), ("drop 1", "drop 1")), look(("a", "a"))
    assert differ([with_it, with_it], [without])
    assert differ([without], [with_it, with_it])
    assert not differ([with_it, without], [without])
    assert not differ([with_it], [with_it, without])


def test_a_counter_that_stands_still_under_other_faults_too_shows_the_symptom() -> None:
    """What it stands at is another number each time, and says nothing."""
    off, on = [look(("pkts 1", "pkts 3"))], [look(("pkts 4", "pkts 4")), look(("pkts 9", "pkts 9"))]
    elsewhere = [look(("pkts 12", "pkts 12"))] * 2
    assert differ(on, off)
    assert not differ(on, elsewhere, off)
