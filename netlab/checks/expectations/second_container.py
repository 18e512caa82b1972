"""The expectation that another container has been wired as the first one was."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.expectations.containers import ipv4
from netlab.checks.runner import Trouble
from netlab.checks.world import HOST, World, cable
from netlab.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Connected:
    """A container has a cable to a port of docker0, an address of its own, and a default route."""

    node: str
    gateway: str

    def describe(self) -> str:
        return _("{node} is on docker0, with an address and a default route").format(node=self.node)

    def trouble(self, world: World) -> Trouble | None:
        found = world.node(self.node)
        ends = cable(world.snapshot, HOST, self.node)
        if found is None or ends is None:
            return Trouble(
                "no-second-cable",
                _("no cable joins the lab host and {node}").format(node=self.node),
                _("The first three steps once more, with {node} in place of the first container.").format(
                    node=self.node
                ),
                f'lab.ip("{self.node}")',
            )
        outer, inner = ends
        if outer.master != "docker0":
            return Trouble(
                "second-not-a-port",
                _("{name}, the host's end of its cable, is not a port of docker0").format(name=outer.name),
                _("A cable that is plugged in nowhere leads nowhere."),
                'host.link("set", index=…, master=…, state="up")',
            )
        others = (i for node, i in world.snapshot.interfaces() if node.name != self.node)
        taken = {a.address for interface in others for a in interface.addresses}
        own = [address for address in ipv4(inner) if address.partition("/")[0] not in taken]
        if not own:
            return Trouble(
                "second-address",
                _("{node}'s {name} has {addresses}").format(
                    node=self.node, name=inner.name, addresses=", ".join(ipv4(inner)) or _("no address")
                ),
                _("It needs an address in 172.17.0.0/16 that nobody else has."),
                'box.addr("add", index=…, address="172.17.1.3", prefixlen=16)',
            )
        if not any(r.destination == "default" and r.gateway == self.gateway for r in found.routes):
            return Trouble(
                "second-route",
                _("{node} has no default route via {gateway}").format(node=self.node, gateway=self.gateway),
                _("What is in no subnet of its own has to be handed to the gateway."),
                f'box.route("add", dst="default", gateway="{self.gateway}")',
            )
        return None
