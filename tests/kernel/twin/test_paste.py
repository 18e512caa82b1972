"""What somebody pasted becomes a lab that shows what they complain of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.twin import paste
from tests.kernel.conftest import await_answers, sh
from tests.unit.twin.test_paste import INSPECTED, LINKS, LISTED, NETWORKS, ROUTES, RULES

ELSEWHERE = "203.0.113.80"
SHOP = json.dumps(INSPECTED, indent=4)
OPEN = RULES.replace("FORWARD DROP", "FORWARD ACCEPT")
UP, DOWN = "MULTICAST,UP,LOWER_UP> mtu", "MULTICAST> mtu"


@pytest.fixture
def name(lab_name: str) -> Iterator[str]:
    """The name of a lab, which is ended after the test."""
    yield lab_name
    with suppress(LabNotFound):
        Lab.find(lab_name).down()


def pasted(links: str = LINKS, routes: str = ROUTES, rules: str = OPEN, forwards: int = 1) -> str:
    """What stands in a report beside `docker inspect`."""
    return f"{links}\n{routes}\n{rules}\nnet.ipv4.ip_forward = {forwards}\n"


NFT = """\
table inet filter {
\tset banned {
\t\ttype ipv4_addr
\t\tflags interval
\t\telements = { 203.0.113.0/24 }
\t}

\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state established,related counter packets 12 bytes 3400 accept
\t\tip daddr @banned counter packets 3 bytes 252 drop comment "no } more"
\t}
}
"""
OLD = """\
Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         198.51.100.1    0.0.0.0         UG    100    0        0 ens18
172.17.0.0      0.0.0.0         255.255.0.0     U     0      0        0 docker0
198.51.100.0    0.0.0.0         255.255.255.0   U     100    0        0 ens18
bridge name\tbridge id\t\tSTP enabled\tinterfaces
docker0\t\t8000.0242aabbccdd\tno\t\tveth7a1b2c3
"""
# A report: what was pasted, the cause that a trace names, and what mends it.
REPORTS = {
    "forwarding off": (pasted(forwards=0), "forwarding-off", "sysctl -qw net.ipv4.ip_forward=1"),
    "policy drops": (pasted(rules=RULES), "firewall-drop", "iptables -P FORWARD ACCEPT"),
    "no masquerade": (
        pasted(rules=""),
        "no-way-back",
        "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    ),
    "no default route": (
        pasted(routes="\n".join(ROUTES.splitlines()[1:])),
        "no-route",
        "ip route add default via 198.51.100.1",
    ),
    "uplink down": (
        pasted(LINKS.replace(f"{UP} 1450", f"{DOWN} 1450"), routes=""),
        "interface-down",
        "ip link set ens18 up; ip route add default via 198.51.100.1",
    ),
    "bridge down": (
        pasted(LINKS.replace(f"docker0: <BROADCAST,{UP}", f"docker0: <BROADCAST,{DOWN}")),
        "interface-down",
        "ip link set docker0 up",
    ),
    "MTU of the uplink too small": (
        pasted(LINKS.replace("mtu 1450", "mtu 600")),
        "",
        "ip link set ens18 mtu 1500",
    ),
    "nft's own policy drops": (
        f"{pasted()}\n{NFT}",
        "firewall-drop",
        "nft flush chain inet filter forward; nft chain inet filter forward '{ policy accept; }'",
    ),
    "a set of nft's": (
        f"{pasted()}\n{NFT.replace('policy drop', 'policy accept')}",
        "firewall-drop",
        "nft flush set inet filter banned",
    ),
    "a rule in DOCKER-USER": (
        pasted(rules=OPEN.replace("-A DOCKER-USER -j RETURN", f"-A DOCKER-USER -d {ELSEWHERE}/32 -j DROP")),
        "firewall-drop",
        "iptables -F DOCKER-USER",
    ),
    "a route into a hole": (
        pasted(routes=f"{ROUTES}blackhole 203.0.113.0/24\n"),
        "route-refuses",
        "ip route del 203.0.113.0/24",
    ),
    "a route that refuses": (
        pasted(routes=f"{ROUTES}unreachable {ELSEWHERE} metric 5\n"),
        "route-refuses",
        f"ip route del {ELSEWHERE}",
    ),
    "the raw table": (
        pasted(
            rules=f"{OPEN}*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 172.17.0.0/16 -j DROP\nCOMMIT\n"
        ),
        "firewall-drop",
        "iptables -t raw -F",
    ),
    "the mangle table": (
        pasted(rules=f"{OPEN}*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -o ens18 -j DROP\nCOMMIT\n"),
        "firewall-drop",
        "iptables -t mangle -F",
    ),
    "the cable is down": (
        pasted(LINKS.replace(f"veth7a1b2c3@if4: <BROADCAST,{UP}", f"veth7a1b2c3@if4: <BROADCAST,{DOWN}")),
        "interface-down",
        "ip link set veth7a1b2c3 up",
    ),
    "rules as -L lists them": (
        pasted(rules=LISTED),
        "firewall-drop",
        "iptables -P FORWARD ACCEPT; iptables -t nat -A POSTROUTING -o ens18 -j MASQUERADE",
    ),
    "rules as -S lists them": (
        f"{pasted(rules='')}\n$ sudo iptables -S\n-P INPUT ACCEPT\n-P FORWARD DROP\n"
        "-A FORWARD -o docker0 -j ACCEPT\n",
        "firewall-drop",
        "iptables -P FORWARD ACCEPT; iptables -t nat -A POSTROUTING -o ens18 -j MASQUERADE",
    ),
    "another network is masqueraded": (
        pasted(rules=OPEN.replace("172.17.0.0/16", "10.0.0.0/8")),
        "no-way-back",
        "iptables -t nat -A POSTROUTING -o ens18 -j MASQUERADE",
    ),
    "refused by a rule": (
        pasted(rules=OPEN.replace("-A FORWARD -j DOCKER-USER", "-A FORWARD -i docker0 -j REJECT")),
        "firewall-drop",
        "iptables -F FORWARD",
    ),
    "new connections are dropped": (
        pasted(
            rules=OPEN.replace(
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
                "-A FORWARD -i docker0 -o ens18 -m conntrack --ctstate NEW -j DROP",
            )
        ),
        "firewall-drop",
        "iptables -F FORWARD",
    ),
    "answers are dropped": (
        pasted(rules=OPEN.replace("-A FORWARD -j DOCKER-USER", "-A FORWARD -i ens18 -o docker0 -j DROP")),
        "firewall-drop",
        "iptables -F FORWARD",
    ),
    "a chain of ufw's drops": (
        pasted(
            rules=OPEN.replace(":DOCKER-USER - [0:0]", ":DOCKER-USER - [0:0]\n:ufw-reject-forward - [0:0]")
            .replace("-A FORWARD -j DOCKER-USER", "-A FORWARD -j ufw-reject-forward")
            .replace("-A DOCKER-USER -j RETURN", "-A ufw-reject-forward -p icmp -j DROP")
        ),
        "firewall-drop",
        "iptables -F ufw-reject-forward",
    ),
    "who is where, as the network tells": (
        f"{pasted(forwards=0)}\n{json.dumps(NETWORKS, indent=4)}",
        "forwarding-off",
        "sysctl -qw net.ipv4.ip_forward=1",
    ),
    "old commands, forwarding off": (
        f"{LINKS.replace(' master docker0', '')}\n{OLD}\n{OPEN}\nnet.ipv4.ip_forward = 0\n",
        "forwarding-off",
        "sysctl -qw net.ipv4.ip_forward=1",
    ),
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_becomes_a_lab_with_its_symptom(name: str, report: str) -> None:
    """Nothing gets through, for the reason that the listings show; mended, all does."""
    text, cause, cure = REPORTS[report]
    lab = Lab.unpack(paste.read(f"{text}\n{'' if 'IPAM' in text else SHOP}\n"), name)
    is_large = "MTU" in report
    verdict = trace(lab, "shop", ELSEWHERE, size=1000 if is_large else 56, df=is_large)
    assert verdict.received == 0
    said = (verdict.cause, *(" ".join(step.argv) for step in verdict.cure))
    assert not cause or cause in said or f"{cure.partition(';')[0]}" in said, as_text(verdict)
    sh(lab, cure)
    await_answers(lab, "shop", ELSEWHERE)
    assert trace(lab, "shop", ELSEWHERE).loss == 0


def test_tables_of_nft_are_read_as_text_and_no_file_is() -> None:
    """What iptables-nft made, and nft cannot take, is asked for otherwise; a table that names a file is not
    handed over."""
    managed = "# Warning: table ip nat is managed by iptables-nft, do not touch!\ntable ip nat {\n}\n"
    of_iptables = 'table ip x {\n\tchain y {\n\t\txt match "tcp" accept\n\t}\n}\n'
    evil = 'table ip evil {\n\tinclude "/etc/passwd"\n}\n'
    made = paste.read(f"{LINKS}\n{RULES}\n{managed}{of_iptables}{evil}{NFT}")
    host = made.node("host")
    kinds = {next(iter(json.loads(each))) for each in host.native} if host else set()
    assert host and kinds == {"table", "set", "element", "chain", "rule"}
    assert all('"filter"' in each for each in host.native) and '"len":24' in " ".join(host.native)
    told = " ".join(made.remarks)
    assert "nft list table ip evil" in told and "passwd" not in told and "table ip nat" not in told
    alone = " ".join(paste.read(f"{LINKS}\n{of_iptables}").remarks)
    assert "nft list table ip x" in alone
