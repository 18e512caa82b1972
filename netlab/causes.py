"""Every cause that a verdict can name: a closed list, and the document that it makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why a packet goes no further: what happens, what shows it, what cures it (in general)."""

    code: str
    title: str  # in the words of the picture's mark
    happens: str
    shown_by: str
    cure: str


CAUSES = {
    cause.code: cause
    for cause in (
        Cause(
            "forwarding-off",
            "not forwarded",
            "The node got a packet for somebody else, and is not told to pass packets on.",
            "net.ipv4.ip_forward (or the interface's forwarding) is 0; IpInAddrErrors rises.",
            "sysctl -w net.ipv4.ip_forward=1",
        ),
        Cause(
            "firewall-drop",
            "dropped by the firewall",
            "A rule, or the policy of a chain, drops the packet (iptables, ip6tables, ebtables or nft).",
            "The counter of that rule or policy rises with each packet.",
            "delete the rule, or let the packet pass before it; set the policy to ACCEPT",
        ),
        Cause(
            "no-route",
            "no route",
            "The node knows no way to the destination.",
            "ip route get says Network is unreachable.",
            "ip route add DESTINATION via GATEWAY",
        ),
        Cause(
            "no-way-back",
            "no way back",
            "The packet arrived, but the answer finds no route to its source: a MASQUERADE is missing.",
            "The source address is seen unchanged at the destination, which has no route to it.",
            "iptables -t nat -A POSTROUTING -s SUBNET ! -o BRIDGE -j MASQUERADE",
        ),
        Cause(
            "route-refuses",
            "refused by a route",
            "A route of the kind blackhole, unreachable or prohibit covers the destination.",
            "ip route get fails with Invalid argument, No route to host or Permission denied.",
            "ip route del KIND DESTINATION",
        ),
        Cause(
            "wrong-route",
            "sent the wrong way",
            "A route leads to an interface or gateway behind which the destination is not.",
            "The packet leaves by another interface than the one that leads there.",
            "correct, remove or outrank the route",
        ),
        Cause(
            "no-neighbour",
            "nobody answers ARP",
            "The next hop's address is held by nobody on that link.",
            "ip neigh shows FAILED or INCOMPLETE; ARP requests go out and none is answered.",
            "point the route to a gateway that is there, or give the neighbour its address",
        ),
        Cause(
            "wrong-neighbour",
            "sent to the wrong MAC",
            "The neighbour entry, or somebody else's answer, names a MAC address that is not the next hop's.",
            "The frame's destination MAC is not that of the interface that holds the address.",
            "ip neigh del ADDRESS dev IFACE",
        ),
        Cause(
            "interface-down",
            "interface down",
            "An interface on the way is switched off, or the other end of its cable is.",
            "ip link shows no UP, or NO-CARRIER.",
            "ip link set IFACE up",
        ),
        Cause(
            "no-address",
            "no address",
            "An interface that should answer or send has no address, or another one.",
            "ip addr shows none.",
            "ip addr add ADDRESS/PREFIX dev IFACE",
        ),
        Cause(
            "wrong-address",
            "wrong address",
            "An interface holds, or a packet carries, an address of another network than it is in.",
            "ip addr shows an address of another network than the one that the router on that link has.",
            "ip addr add ADDRESS/PREFIX dev IFACE, and del the wrong one; or a route without the wrong src",
        ),
        Cause(
            "no-interface",
            "nothing plugged in",
            "The node has no interface but its loopback: its cable is gone, or it never had one.",
            "ip link shows lo and nothing else.",
            "ip link add … type veth peer name eth0 netns PID, and join it to the bridge",
        ),
        Cause(
            "wrong-prefix",
            "wrong netmask",
            "An address has a prefix length with which the gateway or the peer is not on the same link.",
            "The connected route does not cover the gateway, or covers what lies elsewhere.",
            "ip addr del and add with the right prefix length",
        ),
        Cause(
            "not-a-port",
            "not on the bridge",
            "The host's end of the container's cable is not a port of the bridge.",
            "bridge link does not list it.",
            "ip link set IFACE master BRIDGE",
        ),
        Cause(
            "port-blocked",
            "bridge port does not forward",
            "A bridge port is isolated, or spanning tree holds it in a state other than forwarding.",
            "bridge -d link shows state or isolated on.",
            "bridge link set dev IFACE isolated off; ip link set BRIDGE type bridge stp_state 0",
        ),
        Cause(
            "duplicate-address",
            "duplicate address",
            "Two interfaces hold the same IP or MAC address; the answer goes to the wrong one.",
            "Two namespaces' ip addr show the same address; ARP is answered by two.",
            "give one of them another address",
        ),
        Cause(
            "reverse-path",
            "reverse path filter",
            "Strict rp_filter: the way back to the source leads through another interface than it came by.",
            "IPReversePathFilter rises; rp_filter is 1.",
            "sysctl -w net.ipv4.conf.IFACE.rp_filter=0 (and all), or correct the route back",
        ),
        Cause(
            "too-big",
            "packet too big",
            "The packet is larger than the MTU of the next link and may not be cut.",
            "IpFragFails rises and ICMP “fragmentation needed” comes back; or the peer's MTU is smaller.",
            "send smaller packets, or give both ends the same MTU",
        ),
        Cause(
            "ttl-exceeded",
            "TTL exceeded",
            "The packet's time to live ran out: too small a TTL, or a loop.",
            "ICMP “time exceeded” comes back; IpInHdrErrors rises.",
            "raise the TTL, or break the loop",
        ),
        Cause(
            "no-proxy-arp",
            "nobody answers for the container",
            "A routed container asks by ARP for its gateway, and the host does not answer for it.",
            "ARP requests on the veth unanswered; proxy_arp is 0.",
            "sysctl -w net.ipv4.conf.IFACE.proxy_arp=1",
        ),
        Cause(
            "arp-off",
            "does not answer ARP",
            "Whoever holds the address is told not to answer ARP requests for it.",
            "ip link shows NOARP, or net.ipv4.conf.IFACE.arp_ignore is not 0.",
            "ip link set IFACE arp on; sysctl -w net.ipv4.conf.IFACE.arp_ignore=0",
        ),
        Cause(
            "echo-ignored",
            "does not answer pings",
            "The destination is told to ignore echo requests.",
            "net.ipv4.icmp_echo_ignore_all is 1.",
            "sysctl -w net.ipv4.icmp_echo_ignore_all=0",
        ),
        Cause(
            "nobody-there",
            "no such address",
            "No node holds the destination address.",
            "No namespace's ip addr shows it.",
            "use an address that exists, or give it to the node",
        ),
        Cause(
            "port-closed",
            "nobody listens",
            "The destination answers that no program listens on the port.",
            "ICMP “port unreachable” or a TCP reset comes back.",
            "start the server, or use its port",
        ),
        Cause(
            "wrong-dnat",
            "forwarded to the wrong place",
            "A DNAT rule changes the destination to where nobody listens, or is never met.",
            "The rule's counter rises, and the rewritten packet is answered by a reset or by nobody.",
            "correct the rule's --to-destination",
        ),
        Cause(
            "wrong-snat",
            "source rewritten wrongly",
            "A SNAT rule puts in a source address that its node does not hold, or that no answer can reach.",
            "The rule's counter rises; ip addr of its node does not show the address.",
            "iptables -t nat -R POSTROUTING N … -j MASQUERADE, or delete the rule",
        ),
        Cause(
            "beyond",
            "lost beyond this machine",
            "The packet left the machine by its uplink, and no answer came back: beyond it nothing is seen.",
            "It is captured on its way out of the uplink, with an address that answers could come to.",
            "trace from the next machine on the way, or ask who runs it",
        ),
        Cause(
            "silent-program",
            "the program does not answer",
            "The datagram reached a UDP socket that waits for it; the program did not answer.",
            "ss -lnu shows the socket; nothing refused the packet.",
            "ask in the program's own protocol, or look at its log",
        ),
        Cause(
            "conntrack-full",
            "connection table full",
            "The connection tracking table has no room for another flow.",
            "conntrack -S shows drop rising; count has reached the maximum.",
            "conntrack -F, or a larger nf_conntrack_max",
        ),
        Cause(
            "random-loss",
            "lost at random",
            "A rule with the statistic match, or a lossy queue, drops a share of the packets.",
            "The rule's or the queue's counter rises with a part of the packets.",
            "delete the rule, or the qdisc",
        ),
        Cause(
            "queue-full",
            "queue overflows",
            "A traffic shaper's queue is full and drops what comes on top, or it drops by its nature.",
            "tc -s qdisc shows dropped rising.",
            "tc qdisc del dev IFACE root",
        ),
        Cause(
            "ipv6-disabled",
            "IPv6 is off",
            "IPv6 is disabled on an interface on the way.",
            "net.ipv6.conf.IFACE.disable_ipv6 is 1.",
            "sysctl -w net.ipv6.conf.IFACE.disable_ipv6=0",
        ),
    )
}


def page() -> str:
    """The document that lists every cause: labs/causes.md is this text."""
    parts = ["# Why a packet goes no further\n\nWhat `./run trace` can name. Made from `netlab/causes.py`.\n"]
    for cause in CAUSES.values():
        parts.append(
            f"## {cause.code}: {cause.title}\n\n{cause.happens}\n\n"
            f"*Shown by:* {cause.shown_by}\n\n*Cure:* {cause.cure}\n"
        )
    return "\n".join(parts)
