"""No docker0, no chain of Docker's, FORWARD ACCEPT, and bridges show no packet to iptables."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.engines import base_lab
from netlab.engines.namespaces.engine import NamespacesEngine
from netlab.engines.protocol import LabHost, Say
from netlab.linux import sysctl
from netlab.linux.netlink.route import RouteSocket

DOCKER = """#!/bin/sh
echo "docker: not found: this lab's host is one without Docker. With it: ./run --lab NAME up" >&2
exit 127
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

    def set_up(self, kernel: RouteSocket) -> None:
        kernel.set_up("lo")

    def lay_rules(self, host: LabHost, files: Sequence[int]) -> None:
        base_lab.clear_firewall(host.netns)


ENGINE = PlainEngine()
