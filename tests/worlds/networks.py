"""Healthy networks that look different from the lecture's, and what is traced in each."""

from __future__ import annotations

from netlab.faults.fault import OTHER, Command, Symptom, on
from netlab.faults.filters import WEB
from netlab.faults.sysctls import ROUTED

ROUTER_6 = (
    *on("host", "ip -6 addr add fd00:17::1/64 dev docker0 nodad", "sysctl -w net.ipv6.conf.all.forwarding=1"),
    *on("host", "nsenter -t @pid:if-test -n sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"),
    *on("if-test", "ip -6 addr add fd00:17::2/64 dev eth0 nodad", "ip -6 route add default via fd00:17::1"),
    *on("host", "ip -6 addr add 2001:db8::10/64 dev eth0 nodad", "ip -6 route add default via 2001:db8::1"),
    *on("internet", "ip -6 addr add 2001:db8::1/64 dev uplink nodad"),
    *on("internet", "ip -6 addr add 2001:db8:99::1/128 dev lo nodad"),
    *on("internet", "ip -6 route add fd00:17::/64 via 2001:db8::10"),
)
FAR_6 = "2001:db8:99::1"


def _end(name: str, cable: str, own: str, far: str, inner: str) -> tuple[Command, ...]:
    """One end of a tunnel: a namespace with a cable, and a VXLAN to the other end."""
    return on(
        "host",
        f"ip link set {cable} netns {name}",
        f"ip -n {name} addr add {own}/24 dev {cable}",
        f"ip -n {name} link set {cable} up",
        f"ip -n {name} link add vx0 type vxlan id 42 dstport 4789 remote {far} dev {cable}",
        f"ip -n {name} addr add {inner}/24 dev vx0",
        f"ip -n {name} link set vx0 up",
    )


TUNNEL = (
    *on("host", "ip netns add left", "ip netns add right", "ip link add l0 type veth peer name r0"),
    *_end("left", "l0", "10.0.0.1", "10.0.0.2", "192.168.9.1"),
    *_end("right", "r0", "10.0.0.2", "10.0.0.1", "192.168.9.2"),
)
PUBLISHED = WEB + on("host", "iptables -I DOCKER-USER -o docker0 -d 172.17.0.3 -j ACCEPT")
# Setup, what is traced, and the nodes that the probe passes, each as often as it is seen there.
HEALTHY = {
    "second container": (OTHER, Symptom(destination="172.17.0.3"), ["if-test", "host", "host", "other"]),
    "published port": (
        PUBLISHED,
        Symptom("internet", "192.0.2.10", "tcp", 8080),
        ["internet", *["host"] * 3, "web"],
    ),
    "routed veth with proxy ARP": (ROUTED, Symptom(source="routed"), ["routed", *["host"] * 2, "internet"]),
    "VXLAN": (TUNNEL, Symptom("left", "192.168.9.2"), [*["left"] * 2, *["right"] * 2]),
    "IPv6": (ROUTER_6, Symptom(destination=FAR_6), ["if-test", *["host"] * 3, "internet"]),
}
# In the world with IPv6: what is done to it, and the cause.
FAULTS_6 = {
    "forwarding off": (on("host", "sysctl -w net.ipv6.conf.all.forwarding=0"), "forwarding-off"),
    "ip6tables": (on("host", "ip6tables -I FORWARD -i docker0 -j DROP"), "firewall-drop"),
    "no route": (on("host", "ip -6 route del default"), "no-route"),
    "blackhole": (on("host", "ip -6 route add blackhole 2001:db8:99::/48"), "route-refuses"),
    "wrong gateway": (on("if-test", "ip -6 route replace default via fd00:17::99"), "no-neighbour"),
    "bridge without address": (on("host", "ip -6 addr del fd00:17::1/64 dev docker0"), "no-address"),
    "far route gone": (on("internet", "ip -6 route del fd00:17::/64"), "no-way-back"),
    "switched off inside": (
        on("host", "nsenter -t @pid:if-test -n sysctl -w net.ipv6.conf.eth0.disable_ipv6=1"),
        "ipv6-disabled",
    ),
    "far end keeps silent": (on("internet", "sysctl -w net.ipv6.icmp.echo_ignore_all=1"), "echo-ignored"),
}
