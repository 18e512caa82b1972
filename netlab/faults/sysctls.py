"""Faults of the settings of the kernel: forwarding, filters of sources, and how far a packet goes."""

from __future__ import annotations

from netlab.faults.fault import IMAGE, OTHER, Fault, Symptom, on
from netlab.i18n import N_

TWO_WAYS = (
    *on("host", "ip link add veth_two type veth peer name eth1 netns @pid:if-test"),
    *on("host", "ip addr add 10.9.0.1/24 dev veth_two", "ip link set veth_two up"),
    *on("host", "iptables -I DOCKER-USER -i veth_two -j ACCEPT"),
    *on("if-test", "ip addr add 10.9.0.2/24 dev eth1", "ip link set eth1 up"),
    *on("if-test", "ip route replace default via 10.9.0.1 dev eth1 src 172.17.0.2"),
)
ROUTED = (
    *on("host", f"docker run -d --name routed --network none {IMAGE} sleep 36000"),
    *on("host", "ip link add cali0 type veth peer name eth0 netns @pid:routed"),
    *on("routed", "ip addr add 172.17.9.2/32 dev eth0", "ip link set eth0 up"),
    *on("routed", "ip route add 169.254.1.1 dev eth0", "ip route add default via 169.254.1.1 dev eth0"),
    *on("host", "ip link set cali0 up", "ip route add 172.17.9.2/32 dev cali0"),
    *on("host", "sysctl -w net.ipv4.conf.cali0.proxy_arp=1", "sysctl -w net.ipv4.neigh.cali0.proxy_delay=0"),
    *on("host", "iptables -I DOCKER-USER -i cali0 -j ACCEPT", "iptables -I DOCKER-USER -o cali0 -j ACCEPT"),
)
SYSCTLS = (
    Fault(
        "ip-forward-off",
        N_("Since the lab host was hardened, containers reach it but nothing behind it."),
        on("host", "sysctl -w net.ipv4.ip_forward=0"),
        "forwarding-off",
        "host docker0",
        on("host", "sysctl -w net.ipv4.ip_forward=1"),
    ),
    Fault(
        "docker0-forwarding-off",
        N_("Containers are cut off, and the admin swears that he changed nothing."),
        on("host", "sysctl -w net.ipv4.conf.docker0.forwarding=0"),
        "forwarding-off",
        "host docker0",
        on("host", "sysctl -w net.ipv4.conf.docker0.forwarding=1"),
    ),
    Fault(
        "strict-rp-filter",
        N_(
            "if-test sends by its second interface and is answered by its first. That worked until the audit."
        ),
        on("host", "sysctl -w net.ipv4.conf.veth_two.rp_filter=1"),
        "reverse-path",
        "host veth_two",
        on("host", "sysctl -w net.ipv4.conf.veth_two.rp_filter=0"),
        setup=TWO_WAYS,
    ),
    Fault(
        "missing-proxy-arp",
        N_(
            "A container that is routed, not bridged, lost its connection after a reboot of "
            "the host's settings."
        ),
        on("host", "sysctl -w net.ipv4.conf.cali0.proxy_arp=0") + on("routed", "ip neigh flush dev eth0"),
        "no-proxy-arp",
        "host cali0",
        on("host", "sysctl -w net.ipv4.conf.cali0.proxy_arp=1"),
        setup=ROUTED,
        symptom=Symptom(source="routed"),
    ),
    Fault(
        "echo-ignored",
        N_("other serves its clients, but monitoring on if-test says that it is dead."),
        on("host", "nsenter -t @pid:other -n sysctl -w net.ipv4.icmp_echo_ignore_all=1"),
        "echo-ignored",
        "other eth0",
        on("host", "nsenter -t @pid:other -n sysctl -w net.ipv4.icmp_echo_ignore_all=0"),
        setup=OTHER,
        symptom=Symptom(destination="172.17.0.3"),
    ),
    Fault(
        "far-echo-ignored",
        N_("39.106.233.176 answers no pings, from containers or from the host."),
        on("internet", "sysctl -w net.ipv4.icmp_echo_ignore_all=1"),
        "echo-ignored",
        "internet uplink",
        on("internet", "sysctl -w net.ipv4.icmp_echo_ignore_all=0"),
    ),
    Fault(
        "small-ttl",
        N_("if-test reaches the lab host and its neighbours, and nobody further away."),
        on("host", "nsenter -t @pid:if-test -n sysctl -w net.ipv4.ip_default_ttl=1"),
        "ttl-exceeded",
        "host docker0",
        on("host", "nsenter -t @pid:if-test -n sysctl -w net.ipv4.ip_default_ttl=64"),
    ),
    Fault(
        "ttl-set-on-the-way",
        N_("Containers reach the lab host only. A module against tethering was tried out lately."),
        on("host", "iptables -t mangle -A PREROUTING -i docker0 -j TTL --ttl-set 1"),
        "ttl-exceeded",
        "host docker0",
        on("host", "iptables -t mangle -D PREROUTING -i docker0 -j TTL --ttl-set 1"),
    ),
)
