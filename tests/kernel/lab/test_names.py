"""Questions for names that the keeper asks from a node, and the files there that say whom to ask."""

from __future__ import annotations

import time

import pytest

from netlab.errors import BadInput, UnknownName
from netlab.lab import Lab
from netlab.lessons.start import goto
from netlab.packets.dns import NAME_ERROR, NO_ERROR
from tests.kernel.conftest import sh

NAME, SERVER, DOCKERS = "example.com", "198.51.100.53", "127.0.0.11"


def test_a_server_tells_an_address_and_the_witness_has_heard_the_question(lab: Lab) -> None:
    """Also a no is an answer; a question that a rule drops has none, in the time that is given."""
    goto(lab, "12")
    told = lab.ask("if-test", SERVER, NAME, "names")
    assert (told.code, told.addresses, told.confirmed) == (NO_ERROR, ("39.106.233.176",), True)
    told = lab.ask("if-test", SERVER, "example", "names")
    assert (told.code, told.addresses, told.confirmed) == (NAME_ERROR, (), True)
    begun = time.monotonic()
    told = lab.ask("other", SERVER, NAME, "names", timeout=0.2)
    assert not told.came and not told.confirmed and time.monotonic() - begun < 2
    assert not lab.ask("if-test", "203.0.113.1", NAME, timeout=0.2).came


def test_who_answers_in_the_server_s_name_is_not_confirmed(lab: Lab) -> None:
    """The same words from a program on the lab host, with and without a copy for the server."""
    goto(lab, "12")
    sh(lab, "sed 's/198.51.100.53/172.17.0.1/' /root/names.py > /root/liar.py")
    sh(lab, "setsid python3 /root/liar.py > /dev/null 2>&1 < /dev/null &")
    sh(lab, "until ss -lun | grep -q 172.17.0.1:53; do sleep 0.02; done")
    sh(lab, "iptables -t nat -A PREROUTING -p udp --dport 53 -j DNAT --to-destination 172.17.0.1:53")
    told = lab.ask("other", SERVER, NAME, "names", timeout=0.3)
    assert told.addresses == ("39.106.233.176",) and not told.confirmed
    sh(
        lab,
        f"iptables -t mangle -A PREROUTING -i docker0 -p udp --dport 53 -j TEE --gateway {SERVER}",
    )
    told = lab.ask("other", SERVER, NAME, "names", timeout=0.3)
    assert told.addresses == ("39.106.233.176",) and not told.confirmed


def test_a_question_that_docker_passes_on_is_known_by_its_letters(lab: Lab) -> None:
    """Its number is another one then; what it knows itself, nobody else has heard."""
    goto(lab, "12")
    sh(lab, "docker network create lan; docker run -d --name db --network lan centos sleep 1000")
    sh(lab, f"docker run -d --name web --network lan --dns {SERVER} centos sleep 1000")
    assert lab.ask("web", DOCKERS, NAME, "names").confirmed
    told = lab.ask("web", DOCKERS, "db", "names")
    assert lab.snapshot().node("db").owns(told.addresses[0]) and not told.confirmed


def test_files_are_read_as_they_lie_in_the_container(lab: Lab) -> None:
    """No link leads out of it, no device and no FIFO is waited for, and nothing else can be asked for."""
    sh(lab, f"docker run -d --name c --dns {SERVER} centos sleep 1000")
    assert lab.etc("c", "resolv.conf") == f"nameserver {SERVER}\n"
    assert "localhost" in lab.etc("c", "hosts")
    inside = "docker exec c sh -c 'cd /tmp; {0}; umount /etc/hosts 2>/dev/null; rm -f /etc/hosts; {1}'"
    for made in ("ln -s /etc/shadow /etc/hosts", "mkfifo /etc/hosts", "mkdir /etc/hosts"):
        sh(lab, inside.format("true", made))
        assert lab.etc("c", "hosts") == ""
        sh(lab, "docker exec c sh -c 'rm -rf /etc/hosts'")
    sh(lab, "docker exec c sh -c 'yes 10.0.0.1 a | head -c 100000 > /etc/hosts'")
    assert lab.etc("c", "hosts") == ""
    for file in ("shadow", "../etc/passwd", ""):
        with pytest.raises(BadInput):
            lab.etc("c", file)
    with pytest.raises(UnknownName):
        lab.etc("nobody", "hosts")
    for server, name in (("x", NAME), (SERVER, "a..b"), (SERVER, "")):
        with pytest.raises(BadInput):
            lab.ask("c", server, name)
