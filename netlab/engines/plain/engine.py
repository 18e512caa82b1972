"""No docker0, no chain of Docker's, FORWARD ACCEPT, and bridges show no packet to iptables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netlab.engines import base_lab
from netlab.engines.namespaces.engine import NamespacesEngine
from netlab.engines.protocol import LabHost, Say
from netlab.linux import sysctl
from netlab.linux.netlink.route import RouteSocket

DOCKER = """#!/bin/sh
echo "docker: not found: this lab's host is one without Docker. With it: ./run --lab NAME up" >&2
exit 127
"""
# What walkthroughs ping to see whether the way out works: in a plain lab the internet answers for them, too.
WELL_KNOWN = ("8.8.8.8", "1.1.1.1")
# Here people start name servers of their own; where there is none, 127.0.0.1 refuses at once.
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
RESOLV_CONF = """\
# There is no name server in the lab but one that you start: nameserver ADDRESS.
options timeout:1 attempts:1
"""
SYSCTLS = {f"net/bridge/bridge-nf-call-{tables}": "0" for tables in ("iptables", "ip6tables", "arptables")}


class PlainEngine(NamespacesEngine):
    """The lab host alone; see netlab.engines.protocol.Daemonless."""

    name = "plain"

    def prepare(self, say: Say) -> list[int]:
        return list[int]()

    def programs(self, python: str, home: str) -> dict[str, str]:
        return {"docker": DOCKER}

    def lay_out(self, host: LabHost, files: Sequence[int], say: Say) -> None:
        """A link of docker0's index would outlive a reset: so that index is used up, and nobody's."""
        sysctl.write_sysctls(SYSCTLS, host.netns)
        with RouteSocket(host.netns) as kernel:
            kernel.add_bridge(base_lab.BRIDGE)
            kernel.delete_link(base_lab.BRIDGE)
        _answer_for_the_well_known()

    def set_up(self, kernel: RouteSocket) -> None:
        kernel.set_up("lo")
        _answer_for_the_well_known()

    def clear(self) -> None:
        super().clear()
        Path("/etc/nsswitch.conf").write_text(NSSWITCH)
        Path("/etc/resolv.conf").write_text(RESOLV_CONF)

    def lay_rules(self, host: LabHost, files: Sequence[int]) -> None:
        base_lab.clear_firewall(host.netns)


def _answer_for_the_well_known() -> None:
    """At the keeper, whose own namespace is `internet`."""
    with RouteSocket() as internet, internet.batch():
        for address in WELL_KNOWN:
            internet.add_address(base_lab.LO, address, 32)


ENGINE = PlainEngine()
