"""Whose answer it was: the one who is asked answers with the keeper's secret, which has to come back."""

from __future__ import annotations

from netlab.lab import Lab
from netlab.lessons.start import goto
from tests.kernel.conftest import sh
from tests.worlds.cheats import RESPONDER

OUTSIDE = "39.106.233.176"


def test_the_owners_answer_counts_and_no_answer_does_not(lab: Lab) -> None:
    """By ICMP, one and several in a row, from the container, to the internet and to the lab host."""
    goto(lab, "05")
    assert not lab.is_witnessed("if-test", OUTSIDE, "internet", 0.3)
    sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert lab.is_witnessed("if-test", OUTSIDE, "internet")
    assert lab.is_witnessed("if-test", OUTSIDE, "internet", count=6, interval=0.02)
    assert lab.is_witnessed("if-test", "172.17.0.1", "host")
    assert not lab.is_witnessed("if-test", "172.17.0.1", "internet", 0.3)


def test_an_echo_alone_is_no_answer_of_the_witness(lab: Lab) -> None:
    """The kernel's own echo comes back, and what is sent with the secret is lost on the way."""
    goto(lab, "05")
    sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    which = "-i eth0 -p icmp --icmp-type echo-reply -m statistic --mode nth --every 2 --packet 1"
    rule = f"PREROUTING {which} -j DROP"
    sh(lab, f"iptables -t raw -A {rule}")
    assert not lab.is_witnessed("if-test", OUTSIDE, "internet", 0.3)
    sh(lab, f"iptables -t raw -D {rule}; iptables -t raw -A {rule.replace('DROP', 'ACCEPT')}")
    assert lab.is_witnessed("if-test", OUTSIDE, "internet")


def test_who_answers_in_its_name_does_not_know_the_secret(lab: Lab) -> None:
    """A program on docker0 sends back what the request holds: an answer, and not the internet's."""
    goto(lab, "05")
    sh(
        lab,
        f"cat > /root/r.py <<'END'\n{RESPONDER}\nEND\nsetsid python3 /root/r.py docker0 >/dev/null 2>&1 &",
    )
    assert (
        lab.run(
            ["sh", "-c", "until grep -Eq '0003 +[1-9][0-9]* +1 ' /proc/net/packet; do :; done"], timeout=20
        ).returncode
        == 0
    )
    assert lab.probe("if-test", OUTSIDE, 1).received == 1
    assert not lab.is_witnessed("if-test", OUTSIDE, "internet", 0.3)
