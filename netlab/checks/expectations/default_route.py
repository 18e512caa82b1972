"""The expectation that the container knows whom to hand its packets to."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World
from netlab.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """The container sends what it knows no better way for to that gateway."""

    gateway: str

    def describe(self) -> str:
        return _("{container}'s default route leads to {gateway}").format(
            container=CONTAINER, gateway=self.gateway
        )

    def trouble(self, world: World) -> Trouble | None:
        node, host = world.node(CONTAINER), world.node(HOST)
        routes = [r for r in node.routes if r.destination == "default"] if node else []
        if any(r.gateway == self.gateway for r in routes):
            return None
        again = f"ip netns exec $pid ip route replace default via {self.gateway}"
        if routes and routes[0].gateway:
            return Trouble(
                "other-gateway",
                _("its default route leads to {gateway}, wanted {self_gateway}").format(
                    gateway=routes[0].gateway, self_gateway=self.gateway
                ),
                _("The gateway is who carries the packets on: docker0, the lab host's own address."),
                again,
            )
        if routes:
            return Trouble(
                "no-gateway",
                _("its default route is “{routes}”, without a gateway").format(routes=routes[0]),
                _("It says: the whole internet is in this street. eth0 would ask by ARP for each address."),
                again,
            )
        on_host = [r for r in host.routes if r.destination == "default"] if host else []
        if any(r.gateway == self.gateway for r in on_host):
            return Trouble(
                "route-on-host",
                _("the lab host's own default route leads to {gateway} now").format(gateway=self.gateway),
                _("The command acted on the lab host, which has just lost its way to the internet."),
                _("ip route replace default via 192.0.2.1, then in the container: {again}").format(
                    again=again
                ),
            )
        return Trouble(
            "no-default",
            _("{container} has no default route; it knows {routes}").format(
                container=CONTAINER, routes=", ".join(_main(world)) or _("no route at all")
            ),
            _("A packet for an address that no route covers is not sent: Network is unreachable."),
            "ip netns exec $pid ip route",
        )


def _main(world: World) -> list[str]:
    node = world.node(CONTAINER)
    return [str(r) for r in node.routes if r.table == "main" and ":" not in r.destination] if node else []
