"""The namespaces engine as the lab sees it: containers without a daemon, and so without any other users."""

from __future__ import annotations

from collections.abc import Sequence

from netlab import base
from netlab.engines import Container, LabHost, Say, script
from netlab.engines.namespaces.store import Store
from netlab.kernel import Kernel
from netlab.sandbox import Identity

# What Docker 20.10 lays out at its start.
FIREWALL = """\
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""


class NamespacesEngine:
    """Containers made by hand of namespaces; see netlab.engines.Engine."""

    name = "namespaces"

    def identity(self) -> Identity:
        return Identity.here()

    def prepare(self, say: Say) -> list[int]:
        return []

    def programs(self, python: str, home: str) -> dict[str, str]:
        return {"docker": script(python, home, "netlab.engines.namespaces.docker")}

    def lay_out(self, host: LabHost, files: Sequence[int], say: Say) -> None:
        with Kernel(host.netns) as kernel:
            kernel.add_bridge(base.BRIDGE, base.BRIDGE_MAC, txqlen=0)  # as Docker does
            kernel.add_address(base.BRIDGE, base.BRIDGE_ADDRESS, base.BRIDGE_PREFIX)
            kernel.set_up(base.BRIDGE)
        base.run_in(host.netns, ["iptables-restore"], FIREWALL)

    def containers(self, root: str) -> list[Container]:
        return [Container(record.name, record.pid) for record in Store(root).all()]

    def about(self, root: str) -> tuple[str, ...]:
        return ()

    def furnish(self) -> None:
        """Nothing: each container's root file system is made when it starts."""

    def ended(self, pid: int, status: int, now: float) -> None:
        Store().ended(pid, status, now)

    def clear(self) -> None:
        Store().clear()


ENGINE = NamespacesEngine()
