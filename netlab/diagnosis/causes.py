"""Every cause that a verdict can name: a closed list, and the document that it makes."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.i18n import N_
from netlab.i18n import gettext as _


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
            N_("not forwarded"),
            N_("The node got a packet for somebody else, and is not told to pass packets on."),
            N_("net.ipv4.ip_forward (or the interface's forwarding) is 0; IpInAddrErrors rises."),
            "sysctl -w net.ipv4.ip_forward=1",
        ),
        Cause(
            "firewall-drop",
            N_("dropped by the firewall"),
            N_("A rule, or the policy of a chain, drops the packet (iptables, ip6tables, ebtables or nft)."),
            N_("The counter of that rule or policy rises with each packet."),
            N_("delete the rule, or let the packet pass before it; set the policy to ACCEPT"),
        ),
        Cause(
            "no-route",
            N_("no route"),
            N_("The node knows no way to the destination."),
            N_("ip route get says Network is unreachable."),
            "ip route add DESTINATION via GATEWAY",
        ),
        Cause(
            "no-way-back",
            N_("no way back"),
            N_("The packet arrived, but the answer finds no route to its source: a MASQUERADE is missing."),
            N_("The source address is seen unchanged at the destination, which has no route to it."),
            "iptables -t nat -A POSTROUTING -s SUBNET ! -o BRIDGE -j MASQUERADE",
        ),
        Cause(
            "route-refuses",
            N_("refused by a route"),
            N_("A route of the kind blackhole, unreachable or prohibit covers the destination."),
            N_("ip route get fails with Invalid argument, No route to host or Permission denied."),
            "ip route del KIND DESTINATION",
        ),
        Cause(
            "wrong-route",
            N_("sent the wrong way"),
            N_("A route leads to an interface or gateway behind which the destination is not."),
            N_("The packet leaves by another interface than the one that leads there."),
            N_("correct, remove or outrank the route"),
        ),
        Cause(
            "no-neighbour",
            N_("nobody answers ARP"),
            N_("The next hop's address is held by nobody on that link."),
            N_("ip neigh shows FAILED or INCOMPLETE; ARP requests go out and none is answered."),
            N_("point the route to a gateway that is there, or give the neighbour its address"),
        ),
        Cause(
            "wrong-neighbour",
            N_("sent to the wrong MAC"),
            N_(
                "The neighbour entry, or somebody else's answer, names a MAC address that is "
                "not the next hop's."
            ),
            N_("The frame's destination MAC is not that of the interface that holds the address."),
            "ip neigh del ADDRESS dev IFACE",
        ),
        Cause(
            "interface-down",
            N_("interface down"),
            N_("An interface on the way is switched off, or the other end of its cable is."),
            N_("ip link shows no UP, or NO-CARRIER."),
            "ip link set IFACE up",
        ),
        Cause(
            "no-address",
            N_("no address"),
            N_("An interface that should answer or send has no address, or another one."),
            N_("ip addr shows none."),
            "ip addr add ADDRESS/PREFIX dev IFACE",
        ),
        Cause(
            "wrong-address",
            N_("wrong address"),
            N_("An interface holds, or a packet carries, an address of another network than it is in."),
            N_("ip addr shows an address of another network than the one that the router on that link has."),
            N_(
                "ip addr add ADDRESS/PREFIX dev IFACE, and del the wrong one; or a route "
                "without the wrong src"
            ),
        ),
        Cause(
            "no-interface",
            N_("nothing plugged in"),
            N_("The node has no interface but its loopback: its cable is gone, or it never had one."),
            N_("ip link shows lo and nothing else."),
            N_("ip link add … type veth peer name eth0 netns PID, and join it to the bridge"),
        ),
        Cause(
            "wrong-prefix",
            N_("wrong netmask"),
            N_("An address has a prefix length with which the gateway or the peer is not on the same link."),
            N_("The connected route does not cover the gateway, or covers what lies elsewhere."),
            N_("ip addr del and add with the right prefix length"),
        ),
        Cause(
            "not-a-port",
            N_("not on the bridge"),
            N_("The host's end of the container's cable is not a port of the bridge."),
            N_("bridge link does not list it."),
            "ip link set IFACE master BRIDGE",
        ),
        Cause(
            "port-blocked",
            N_("bridge port does not forward"),
            N_("A bridge port is isolated, or spanning tree holds it in a state other than forwarding."),
            N_("bridge -d link shows state or isolated on."),
            "bridge link set dev IFACE isolated off; ip link set BRIDGE type bridge stp_state 0",
        ),
        Cause(
            "duplicate-address",
            N_("duplicate address"),
            N_("Two interfaces hold the same IP or MAC address; the answer goes to the wrong one."),
            N_("Two namespaces' ip addr show the same address; ARP is answered by two."),
            N_("give one of them another address"),
        ),
        Cause(
            "reverse-path",
            N_("reverse path filter"),
            N_(
                "Strict rp_filter: the way back to the source leads through another "
                "interface than it came by."
            ),
            N_("IPReversePathFilter rises; rp_filter is 1."),
            N_("sysctl -w net.ipv4.conf.IFACE.rp_filter=0 (and all), or correct the route back"),
        ),
        Cause(
            "too-big",
            N_("packet too big"),
            N_("The packet is larger than the MTU of the next link and may not be cut."),
            N_("IpFragFails rises and ICMP “fragmentation needed” comes back; or the peer's MTU is smaller."),
            N_("send smaller packets, or give both ends the same MTU"),
        ),
        Cause(
            "ttl-exceeded",
            N_("TTL exceeded"),
            N_("The packet's time to live ran out: too small a TTL, or a loop."),
            N_("ICMP “time exceeded” comes back; IpInHdrErrors rises."),
            N_("raise the TTL, or break the loop"),
        ),
        Cause(
            "no-proxy-arp",
            N_("nobody answers for the container"),
            N_("A routed container asks by ARP for its gateway, and the host does not answer for it."),
            N_("ARP requests on the veth unanswered; proxy_arp is 0."),
            "sysctl -w net.ipv4.conf.IFACE.proxy_arp=1",
        ),
        Cause(
            "arp-off",
            N_("does not answer ARP"),
            N_("Whoever holds the address is told not to answer ARP requests for it."),
            N_("ip link shows NOARP, or net.ipv4.conf.IFACE.arp_ignore is not 0."),
            "ip link set IFACE arp on; sysctl -w net.ipv4.conf.IFACE.arp_ignore=0",
        ),
        Cause(
            "echo-ignored",
            N_("does not answer pings"),
            N_("The destination is told to ignore echo requests."),
            N_("net.ipv4.icmp_echo_ignore_all is 1."),
            "sysctl -w net.ipv4.icmp_echo_ignore_all=0",
        ),
        Cause(
            "nobody-there",
            N_("no such address"),
            N_("No node holds the destination address."),
            N_("No namespace's ip addr shows it."),
            N_("use an address that exists, or give it to the node"),
        ),
        Cause(
            "port-closed",
            N_("nobody listens"),
            N_("The destination answers that no program listens on the port."),
            N_("ICMP “port unreachable” or a TCP reset comes back."),
            N_("start the server, or use its port"),
        ),
        Cause(
            "wrong-dnat",
            N_("forwarded to the wrong place"),
            N_("A DNAT rule changes the destination to where nobody listens, or is never met."),
            N_("The rule's counter rises, and the rewritten packet is answered by a reset or by nobody."),
            N_("correct the rule's --to-destination"),
        ),
        Cause(
            "wrong-snat",
            N_("source rewritten wrongly"),
            N_(
                "A SNAT rule puts in a source address that its node does not hold, or that "
                "no answer can reach."
            ),
            N_("The rule's counter rises; ip addr of its node does not show the address."),
            N_("iptables -t nat -R POSTROUTING N … -j MASQUERADE, or delete the rule"),
        ),
        Cause(
            "beyond",
            N_("lost beyond this machine"),
            N_(
                "The packet left the machine by its uplink, and no answer came back: beyond "
                "it nothing is seen."
            ),
            N_("It is captured on its way out of the uplink, with an address that answers could come to."),
            N_("trace from the next machine on the way, or ask who runs it"),
        ),
        Cause(
            "silent-program",
            N_("the program does not answer"),
            N_("The datagram reached a UDP socket that waits for it; the program did not answer."),
            N_("ss -lnu shows the socket; nothing refused the packet."),
            N_("ask in the program's own protocol, or look at its log"),
        ),
        Cause(
            "conntrack-full",
            N_("connection table full"),
            N_("The connection tracking table has no room for another flow."),
            N_("conntrack -S shows drop rising; count has reached the maximum."),
            N_("conntrack -F, or a larger nf_conntrack_max"),
        ),
        Cause(
            "random-loss",
            N_("lost at random"),
            N_("A rule with the statistic match, or a lossy queue, drops a share of the packets."),
            N_("The rule's or the queue's counter rises with a part of the packets."),
            N_("delete the rule, or the qdisc"),
        ),
        Cause(
            "queue-full",
            N_("queue overflows"),
            N_("A traffic shaper's queue is full and drops what comes on top, or it drops by its nature."),
            N_("tc -s qdisc shows dropped rising."),
            "tc qdisc del dev IFACE root",
        ),
        Cause(
            "setting",
            N_("a setting is in the way"),
            N_("A setting that is not as in a fresh network keeps the packet from its way."),
            N_("Where the setting is as in a fresh network, the packet gets through."),
            "sysctl -w NAME=VALUE",
        ),
        Cause(
            "ipv6-disabled",
            N_("IPv6 is off"),
            N_("IPv6 is disabled on an interface on the way."),
            N_("net.ipv6.conf.IFACE.disable_ipv6 is 1."),
            "sysctl -w net.ipv6.conf.IFACE.disable_ipv6=0",
        ),
    )
}


def page() -> str:
    """The document that lists every cause, in the language that is spoken: labs/causes.md is this text."""
    title, made = _("Why a packet goes no further"), _("What `./run trace` can name. Made from {file}.")
    parts = [f"# {title}\n\n{made.format(file='`netlab/diagnosis/causes.py`')}\n"]
    for cause in CAUSES.values():
        shown, cure = _("*Shown by:* {command}"), _("*Cure:* {command}")
        parts.append(
            f"## {cause.code}: {_(cause.title)}\n\n{_(cause.happens)}\n\n"
            f"{shown.format(command=_(cause.shown_by))}\n\n{cure.format(command=_(cause.cure))}\n"
        )
    return "\n".join(parts)
