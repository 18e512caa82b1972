"""What the tests of the faults look at: whether the lab is as before."""

from __future__ import annotations

from netlab.lab import Lab
from netlab.model import Interface, Node, Route


def state(lab: Lab) -> list[str]:
    """What the lab is made of: links, addresses, routes, rules, fixed neighbours, settings, queues.

    Without counters, and without what the kernel adds by itself, some of it only a second later: routes to
    its own addresses, IPv6 addresses of a link, and tables that hold no rule.
    """
    found: list[object] = []
    for node in lab.snapshot().nodes:
        found += [(node.name, *still(interface)) for interface in node.interfaces]
        found += [
            (node.name, str(route).removesuffix(" linkdown"), route.table, route.protocol, route.scope)
            for route in kept(node)
        ]
        found += [(node.name, n) for n in node.neighbours if "PERMANENT" in n.state]
        found += [(node.name, chain) for chain in rules(node)]
        found += [(node.name, setting) for setting in node.sysctls.items() if "_count" not in setting[0]]
        found += [(node.name, rule) for rule in node.policies]
    return [repr(entry) for entry in found]


def still(i: Interface) -> tuple[object, ...]:
    """An interface without its operstate, which follows a moment later."""
    addresses = [str(address) for address in i.addresses if address.scope != "link"]
    return (
        i.name,
        i.kind,
        sorted(i.flags),
        i.mac,
        i.mtu,
        i.master,
        i.peer,
        addresses,
        sorted(i.details.items()),
    )


def kept(node: Node) -> list[Route]:
    """The routes that somebody made, and the IPv4 ones that came with an address; not what a link's IPv6
    brings along, nor what the kernel has learned of a way ("unspec")."""
    return [
        route
        for route in node.routes
        if route.table != "local"
        and route.protocol != "unspec"
        and not (":" in route.destination and route.protocol == "kernel")
    ]


def rules(node: Node) -> list[tuple[object, ...]]:
    """The chains that do something, with the text of their rules."""
    found = [(c.family, c.table, c.name, c.policy, [rule.text for rule in c.rules]) for c in node.chains]
    return [chain for chain in found if chain[-1] or chain[3] != "ACCEPT"]
