"""What the tests of the faults look at: where a packet was last seen, and whether the lab is as before."""

from __future__ import annotations

from netlab.answers import ECHO_REQUESTS
from netlab.decode import carried
from netlab.faults.model import Symptom
from netlab.journey import journeys
from netlab.lab import Lab
from netlab.model import Capture, Interface, Journey, Node, Route


def last_place(seen: Capture, symptom: Symptom) -> str:
    """Where the probe was last seen, or its answer if it arrived; else its ARP request without answer; else
    its node."""
    found = journeys(seen)
    for index, journey in enumerate(found):
        if not is_probe(journey, symptom):
            continue
        answers = [other for other in found if other.answers == index]
        if not journey.reached or not answers:
            return str(journey.last_seen.frame.point)
        if not answers[0].reached:
            return str(answers[0].last_seen.frame.point)
        if symptom.proto == "tcp":  # refused
            return str(journey.last_seen.frame.point)
    # A neighbour that is only asked again, as the kernel does from time to time, is well.
    answered = {j.answers for j in found if j.last_seen.frame.point.node == symptom.source}
    asked = [
        journey
        for index, journey in enumerate(found)
        if journey.first.packet.protocol == "arp" and starts_at(journey, symptom) and index not in answered
    ]
    return str(asked[0].last_seen.frame.point) if asked else symptom.source


def is_probe(journey: Journey, symptom: Symptom) -> bool:
    packet = carried(journey.first.packet)
    if not starts_at(journey, symptom) or packet.destination != symptom.destination:
        return False
    if symptom.proto == "tcp":
        return packet.protocol == "tcp" and packet.flags == "S"
    return (packet.protocol, packet.icmp_type) in ECHO_REQUESTS


def starts_at(journey: Journey, symptom: Symptom) -> bool:
    first = journey.first.frame
    return first.point.node == symptom.source and first.direction == "out"


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
        for words in (["ip", "rule"], ["tc", "qdisc"]):
            found.append((node.name, lab.run(words, node.name).stdout))
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
