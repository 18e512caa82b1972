"""A twin is the same network: said by the tools, line by line, and by what gets through it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.model.pack import Chain, Node, Pack, Table
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh
from tests.kernel.twin.world import VARIED, listings, wait_for_rest

INTERNET = "39.106.233.176"
WEB = "docker run -d --name web centos:8.1.1911 sleep 36000"
LISTEN = "import socket; s = socket.create_server(('', 8000)); print('up', flush=True); s.accept()"
SERVER = f'mkfifo up; setsid docker exec web python3 -c "{LISTEN}" >up & read -r said <up'
CALL = "s = socket.create_connection(('172.17.0.2', {port}), 2); s.send(b'hello'); print(s.recv(99))"
ASK = f'python3 -c "import socket; {CALL}"'


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a second lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def is_answered(lab: Lab, node: str = "if-test", address: str = INTERNET) -> bool:
    return lab.run(["ping", "-c", "1", "-W", "1", address], node=node).returncode == 0


def test_the_tools_say_the_same_of_a_lab_and_its_copy(lab: Lab, twin_name: str) -> None:
    """Every line of ip, bridge, tc, iptables-save, nft and sysctl, of every node; 99 of 100 at least."""
    sh(lab, VARIED)
    wait_for_rest(lab)
    twin = lab.copy(twin_name)
    wait_for_rest(twin)  # its spanning tree begins anew
    for node in ("host", "internet", "if-test", "two", "blue"):
        ours, theirs = (Counter(listings(each, node)) for each in (lab, twin))
        others = (ours - theirs).total() + (theirs - ours).total()
        assert others <= ours.total() / 100, [*(ours - theirs), "", *(theirs - ours)]
    assert twin.status().about == (f"a twin of {lab.name}",)


def test_a_copy_packs_to_what_it_was_made_of(lab: Lab, twin_name: str) -> None:
    """Nothing is lost on the way, and the original has not changed either."""
    sh(lab, VARIED)
    before = lab.pack()
    twin = lab.copy(twin_name)
    assert differences(before, twin.pack()) == []
    assert differences(before, lab.pack()) == []


def test_containers_of_a_copy_are_containers(lab: Lab, twin_name: str) -> None:
    """docker knows them, and what is typed in them happens in the copy alone."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000; sysctl -qw net.ipv4.ip_forward=1")
    twin = lab.copy(twin_name)
    assert is_answered(twin)
    assert sh(
        twin, "docker inspect -f '{{.Config.Image}} {{.NetworkSettings.IPAddress}}' if-test"
    ).split() == [
        "centos:8.1.1911",
        "172.17.0.2",
    ]
    sh(twin, "docker exec if-test ip link show eth0; iptables -I FORWARD -j DROP")
    assert not is_answered(twin)
    assert is_answered(lab)


def test_a_file_is_unpacked_to_the_same_network(lab: Lab, twin_name: str, tmp_path: Path) -> None:
    """pack writes it, and unpack reads it without the lab that it was made of."""
    sh(lab, VARIED)
    file = tmp_path / "broken.netpack"
    before = lab.pack(file)
    lab.reset()
    twin = Lab.unpack(file, twin_name)
    assert differences(before, twin.pack()) == []


def test_a_listener_is_played(lab: Lab, twin_name: str) -> None:
    """Who connects is answered, as at the original, and who tries another port is refused."""
    sh(lab, f"{WEB}\n{SERVER}")
    twin = lab.copy(twin_name)
    assert sh(twin, ASK.format(port=8000)) == "b'hello'\n"
    assert "refused" in twin.script(ASK.format(port=8001)).stderr
    known = twin.pack().node("web")
    assert known and [(each.port, each.program) for each in known.listeners] == [(8000, "python3")]


def test_a_listener_that_takes_no_more_takes_no_more(lab: Lab, twin_name: str) -> None:
    """As many wait as may: who connects gets no answer, as at the original."""
    full = "import socket, signal; s = socket.create_server(('', 8000), backlog=0); n, port = s.getsockname()"
    client = "c = socket.create_connection(('127.0.0.1', port)); print('up', flush=True); signal.pause()"
    program = f'docker exec web python3 -c "{full}; {client}"'
    sh(lab, f"{WEB}; mkfifo full; setsid {program} >full & read -r said <full")
    twin = lab.copy(twin_name)
    for each in (lab, twin):
        assert "timed out" in each.script(ASK.format(port=8000)).stderr


def test_a_datagram_is_answered_from_the_same_address(lab: Lab, twin_name: str) -> None:
    """A program that says nothing of it answers from where the route begins, not from where it was asked."""
    serve = 's.bind(("", 5300)); print("up", flush=True); [s.sendto(*s.recvfrom(99)) for _ in range(9)]'
    program = f"import socket; s = socket.socket(type=socket.SOCK_DGRAM); {serve}"
    sh(lab, f"{WEB}; mkfifo bound; setsid python3 -c '{program}' >bound & read -r said <bound")
    ask = "s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); s.sendto(b'?', ('192.0.2.10', 5300))"
    asks = ["docker", "exec", "web", "python3", "-c", f"import socket; {ask}; print(s.recvfrom(99)[1][0])"]
    twin = lab.copy(twin_name)
    assert lab.run(asks).stdout == "172.17.0.1\n"
    assert twin.run(asks).stdout == "172.17.0.1\n"


def test_a_lab_becomes_again_what_it_was(lab: Lab) -> None:
    """All that has been changed is put back, and a container that went on is still the same one."""
    sh(lab, VARIED)
    before, pid = lab.pack(), lab.snapshot().node("if-test").pid
    sh(
        lab,
        "ip netns del blue; ip link del both0; iptables -F; nft flush ruleset; ip route flush table 77\n"
        "ip addr flush dev docker0; ip link set eth0 down; docker rm -f two; ip rule del prio 100\n"
        "docker run -d --name more --network none centos:8.1.1911 sleep 36000; ip link set mv0 name mv1\n"
        "ip link set 'fifteen.letters' name mv0; sysctl -qw net.ipv4.ip_forward=0; ip netns add red",
    )
    assert differences(before, lab.pack()) != []
    lab.become(before)
    assert differences(before, lab.pack()) == []
    assert lab.snapshot().node("if-test").pid == pid
    assert is_answered(lab)


def test_a_twin_is_put_back_to_what_it_was_made_of(lab: Lab, twin_name: str) -> None:
    """`./run reset` of a twin leads to the twin, not to the base lab."""
    sh(lab, VARIED)
    before = lab.pack()
    twin = lab.copy(twin_name)
    sh(twin, "ip link del docker0; iptables -F; docker rm -f if-test")
    twin.reset()
    assert differences(before, twin.pack()) == []


INSIDE = """
from netlab.errors import BadInput
from netlab.lab import Lab
from netlab.twin.experiment import attempt
trial = attempt(Lab.here(), "ip addr add 10.9.9.9/24 dev docker0", [("host", "192.0.2.1")])
print(trial.status, trial.before, trial.after, "10.9.9.9" in " ".join(trial.changes))
try: attempt(Lab.here(), "docker run -d c")
except BadInput as error: print("refused" if "docker" in error.what else error.what)
"""


def test_a_command_is_tried_from_inside_too(lab: Lab) -> None:
    """In a notebook: what changes one network. The lab stays as it is; `docker` is told where it can be."""
    before = lab.pack()
    done = lab.run([sys.executable, "-c", INSIDE])
    assert done.stdout.splitlines() == ["0 (True,) (True,) True", "refused"], done.stderr
    assert differences(before, lab.pack()) == []


def test_more_rules_than_one_message_holds_are_all_there(lab: Lab, twin_name: str) -> None:
    """In order, in two tables."""
    for start in range(0, 900, 100):
        told = [f"-A FORWARD -s 10.{n // 250}.{n % 250}.0/24 -j ACCEPT" for n in range(start, start + 100)]
        lab.run(["iptables-restore", "-n"], input="\n".join(["*filter", *told, "COMMIT", ""]))
    sh(lab, "iptables -t nat -A POSTROUTING -s 10.99.0.0/16 -j MASQUERADE")
    found = lab.pack()
    twin = Lab.unpack(found, twin_name)
    assert twin.status().about[1:] == () and differences(found, twin.pack()) == []


def test_a_refused_rule_among_many_leaves_each_other_once(lab_name: str, twin_name: str) -> None:
    """Also where those before it, in a message and in a table of their own, are in the kernel already."""
    told = [f"-s 10.0.{n // 250}.{n % 250}/32 -p tcp -m tcp --dport {n + 1} -j ACCEPT" for n in range(450)]
    broken = [*told[:300], "-p tcp -m tcp --dport 99999 -j DROP", *told[300:]]
    nat = Table("ip", "nft", "nat", (Chain("PREROUTING", "ACCEPT", tuple(told[:5])),))
    tables = (nat, Table("ip", "nft", "filter", (Chain("FORWARD", "DROP", tuple(broken)),)))
    twin = Lab.unpack(Pack("many", nodes=(Node("host", "host", tables=tables),)), twin_name)
    assert any("99999" in line for line in twin.substitutes())
    for name, wanted in (("filter", told), ("nat", told[:5])):
        lines = sh(twin, f"iptables -t {name} -S").splitlines()
        rules = [line.partition(" ")[2].partition(" ")[2] for line in lines if line.startswith("-A")]
        assert rules == wanted


def test_rules_of_the_old_kind_in_many_namespaces_are_all_there(lab_name: str, twin_name: str) -> None:
    """The programs that make them run at the same time, and have one lock among them."""
    chains = (Chain("INPUT", "DROP", tuple(f"-s 10.0.0.{n}/32 -j ACCEPT" for n in range(100))),)
    six = (Chain("INPUT", "DROP", tuple(f"-s fd00::{n:x}/128 -j ACCEPT" for n in range(1, 100))),)
    tables = (Table("ip", "legacy", "filter", chains), Table("ip6", "legacy", "filter", six))
    boxes = (Node(f"box{n}", "netns", tables=tables) for n in range(10))
    twin = Lab.unpack(Pack("old", nodes=(Node("host", "host", tables=tables), *boxes)), twin_name)
    assert twin.substitutes() == ()
    for node in twin.pack().nodes:
        if node.name != "internet":
            there = {table.family: table.chains[0].rules for table in node.tables}
            assert there == {"ip": chains[0].rules, "ip6": six[0].rules}
