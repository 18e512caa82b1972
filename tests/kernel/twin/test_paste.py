"""What somebody pasted becomes a lab that shows what they complain of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.twin import paste
from tests.kernel.conftest import sh
from tests.unit.twin.test_paste import INSPECTED, LINKS, ROUTES, RULES

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
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_becomes_a_lab_with_its_symptom(name: str, report: str) -> None:
    """Nothing gets through, for the reason that the listings show; mended, all does."""
    text, cause, cure = REPORTS[report]
    lab = Lab.unpack(paste.read(f"{text}\n{SHOP}\n"), name)
    is_large = "MTU" in report
    verdict = trace(lab, "shop", ELSEWHERE, size=1000 if is_large else 56, df=is_large)
    assert verdict.received == 0
    assert not cause or verdict.cause == cause
    sh(lab, cure)
    assert trace(lab, "shop", ELSEWHERE).loss == 0
