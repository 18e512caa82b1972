"""The namespaces engine as the lab sees it: containers without a daemon, and so without any other users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from netlab.engines import base_lab, bridge_hint, script
from netlab.engines.namespaces import docker_rules, fast_path, leftovers
from netlab.engines.namespaces.store import Store
from netlab.engines.protocol import Container, LabHost, Resident, Say
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.sandbox.unshare import Identity

if TYPE_CHECKING:
    from netlab.model import pack


SERVICES = """#!/bin/sh
case " $* " in
*" docker"*) echo "(lab: docker is there without a daemon; there is nothing to start or stop)" >&2 ;;
*) echo "$(basename "$0"): there are no services in a lab; start the program itself" >&2; exit 1 ;;
esac
"""


class NamespacesEngine:
    """Containers made by hand of namespaces; see netlab.engines.protocol.Daemonless."""

    name = "namespaces"

    def identity(self) -> Identity:
        return Identity.here()

    def prepare(self, say: Say) -> list[int]:
        return docker_rules.record()

    def programs(self, python: str, home: str) -> dict[str, str]:
        docker = script(python, home, "netlab.engines.namespaces.docker", before=fast_path.ASK)
        compose = '#!/bin/sh\nexec docker compose "$@"\n'
        return {"docker": docker, "docker-compose": compose, "systemctl": SERVICES, "service": SERVICES}

    def lay_out(self, host: LabHost, files: Sequence[int], say: Say) -> None:
        with RouteSocket(host.netns) as kernel, kernel.batch():
            kernel.add_bridge(
                base_lab.BRIDGE, base_lab.BRIDGE_MAC, txqlen=0, index=base_lab.DOCKER0
            )  # as Docker does
            self.set_up(kernel)
        self.lay_rules(host, files)

    def set_up(self, kernel: RouteSocket) -> None:
        kernel.add_address(base_lab.DOCKER0, base_lab.BRIDGE_ADDRESS, base_lab.BRIDGE_PREFIX)
        kernel.set_up(base_lab.BRIDGE)

    def lay_rules(self, host: LabHost, files: Sequence[int]) -> None:
        docker_rules.lay_out(host.netns, list(files))

    def containers(self, root: str) -> list[Container]:
        return [Container(r.name, r.pid, r.started > r.finished) for r in Store(root).all()]

    def about(self, root: str) -> tuple[str, ...]:
        return ()

    def describe(self, root: str) -> Mapping[int, pack.Container]:
        from netlab.engines.namespaces import description  # here, and below: a lab does not begin with it

        return description.describe(root)

    def make(self, containers: Iterable[tuple[str, pack.Container]]) -> None:
        from netlab.engines.namespaces import populate

        populate.make(containers)

    def end(self, name: str) -> None:
        from netlab.engines.namespaces import populate

        populate.end(name)

    def resident(self) -> Resident:
        from netlab.engines.namespaces import preloaded  # here: who asks for a lab does not need it

        return preloaded

    def note_end(self, pid: int, status: int, now: float) -> None:
        Store().note_end(pid, status, now)

    def is_clear(self) -> bool:
        return Store().is_clear()

    def clear(self) -> None:
        Store().clear()
        leftovers.clear()
        bridge_hint.write()


ENGINE = NamespacesEngine()
