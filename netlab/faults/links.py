"""Faults of interfaces, addresses and bridges."""

from __future__ import annotations

from netlab.faults.fault import FORGET, IMAGE, OTHER, Fault, Symptom, on
from netlab.i18n import N_

HOST_DEFAULT = "ip route add default via 192.0.2.1 dev eth0"
TO_OTHER = Symptom(destination="172.17.0.3")
LECTURE = (
    *on("host", "docker rm -f if-test", f"docker run -d --name if-test --network none {IMAGE} sleep 36000"),
    *on("host", "ip link add veth_host type veth peer name eth0 netns @pid:if-test"),
    *on("if-test", "ip addr add 172.17.1.2/16 dev eth0", "ip link set eth0 up"),
)
IPV6 = (
    *on("host", "ip -6 addr add fd00:17::1/64 dev docker0 nodad"),
    *on("host", "nsenter -t @pid:if-test -n sysctl -w net.ipv6.conf.eth0.disable_ipv6=0"),
    *on("if-test", "ip -6 addr add fd00:17::2/64 dev eth0 nodad"),
)

DOWN = (
    Fault(
        "veth-down",
        N_("if-test went silent after somebody tidied up interfaces on the lab host."),
        on("host", "ip link set @veth down"),
        "interface-down",
        "if-test",
        on("host", "ip link set @veth up"),
    ),
    Fault(
        "container-eth0-down",
        N_("if-test says that the network is unreachable. Ten minutes ago all was well."),
        on("if-test", "ip link set eth0 down"),
        "interface-down",
        "if-test",
        on("if-test", "ip link set eth0 up", "ip route add default via 172.17.0.1 dev eth0"),
    ),
    Fault(
        "docker0-down",
        N_("No container reaches anything any more; the lab host itself surfs happily."),
        on("host", "ip link set docker0 down"),
        "interface-down",
        "host @veth",
        on("host", "ip link set docker0 up"),
    ),
    Fault(
        "uplink-down",
        N_("Nobody in the house reaches the internet, containers or host."),
        on("host", "ip link set eth0 down"),
        "interface-down",
        "host docker0",
        on("host", "ip link set eth0 up", HOST_DEFAULT),
    ),
)

ADDRESSES = (
    Fault(
        "docker0-without-address",
        N_("After a network script ran on the lab host, containers are cut off."),
        on("host", "ip addr del 172.17.0.1/16 dev docker0") + FORGET,
        "no-address",
        "host docker0",
        on("host", "ip addr add 172.17.0.1/16 dev docker0"),
    ),
    Fault(
        "container-without-address",
        N_("if-test was moved by hand, and since then its pings fail at once."),
        on("if-test", "ip addr del 172.17.0.2/16 dev eth0"),
        "no-address",
        "if-test",
        on("if-test", "ip addr add 172.17.0.2/16 dev eth0", "ip route add default via 172.17.0.1 dev eth0"),
    ),
    Fault(
        "uplink-without-address",
        N_("The lab host itself says that the network is unreachable; its containers say the same."),
        on("host", "ip addr del 192.0.2.10/24 dev eth0"),
        "no-address",
        "host docker0",
        on("host", "ip addr add 192.0.2.10/24 dev eth0", HOST_DEFAULT),
    ),
    Fault(
        "wrong-source",
        N_("if-test has a second address for tests. It sends, it is told, but nothing ever comes back."),
        on("if-test", "ip route replace default via 172.17.0.1 dev eth0 src 10.66.0.2"),
        "wrong-address",
        "internet uplink",
        on("if-test", "ip route replace default via 172.17.0.1 dev eth0"),
        setup=on("if-test", "ip addr add 10.66.0.2/24 dev eth0"),
    ),
    Fault(
        "arp-ignored",
        N_("After the hardening of the lab host's kernel settings its containers reach each other only."),
        on("host", "ip link set docker0 arp off") + FORGET,
        "arp-off",
        "host docker0",
        on("host", "ip link set docker0 arp on"),
    ),
    Fault(
        "wrong-netmask",
        N_("A container with the address 172.17.1.2 gets no answer from 172.17.0.1; its neighbours do."),
        on("host", "ip addr del 172.17.0.1/16 dev docker0", "ip addr add 172.17.0.1/24 dev docker0"),
        "wrong-prefix",
        "internet uplink",
        on("host", "ip addr del 172.17.0.1/24 dev docker0", "ip addr add 172.17.0.1/16 dev docker0"),
        setup=LECTURE
        + on("host", "ip link set veth_host master docker0", "ip link set veth_host up")
        + on("if-test", "ip route add default via 172.17.0.1 dev eth0"),
        symptom=Symptom(destination="172.17.0.1"),
    ),
    Fault(
        "host-wrong-netmask",
        N_("The lab host got its address typed in again by hand, and now nobody gets out."),
        on("host", "ip addr del 192.0.2.10/24 dev eth0", "ip addr add 192.0.2.10/30 dev eth0"),
        "wrong-prefix",
        "host docker0",
        on("host", "ip addr del 192.0.2.10/30 dev eth0", "ip addr add 192.0.2.10/24 dev eth0", HOST_DEFAULT),
    ),
    Fault(
        "duplicate-ip",
        N_("Since a colleague's container called other came up, if-test is cut off. other is not."),
        on("other", "ip addr add 172.17.0.1/16 dev eth0")
        + FORGET  # what was learnt less than a second ago would not be overwritten
        + on("other", "ip neigh flush dev eth0", "ping -c 3 -i 0.2 -W 2 -I 172.17.0.1 172.17.0.2"),
        "duplicate-address",
        "other eth0",
        on("other", "ip addr del 172.17.0.1/16 dev eth0") + FORGET,
        setup=OTHER,
    ),
    Fault(
        "duplicate-mac",
        N_("if-test was cloned from an image with its network settings and all; it reaches nobody."),
        on("if-test", "ip link set eth0 address 02:42:5e:0c:a7:01") + FORGET,
        "duplicate-address",
        "host docker0",
        on("if-test", "ip link set eth0 address 02:42:ac:11:00:02"),
    ),
    Fault(
        "far-address-gone",
        N_("The web shop at 39.106.233.176 moved last night, says its hoster. Containers cannot reach it."),
        on("internet", "ip addr del 39.106.233.176/32 dev lo"),
        "nobody-there",
        "internet uplink",
        on("internet", "ip addr add 39.106.233.176/32 dev lo"),
    ),
    Fault(
        "ipv6-disabled",
        N_("if-test cannot ping fd00:17::1 any more; IPv4 works."),
        on("host", "sysctl -w net.ipv6.conf.docker0.disable_ipv6=1"),
        "ipv6-disabled",
        "host docker0",
        on(
            "host",
            "sysctl -w net.ipv6.conf.docker0.disable_ipv6=0",
            "ip -6 addr add fd00:17::1/64 dev docker0 nodad",
        ),
        setup=IPV6,
        symptom=Symptom(destination="fd00:17::1"),
    ),
)

BRIDGES = (
    Fault(
        "veth-off-the-bridge",
        N_("if-test's cable is plugged in and both ends are up, but nobody answers it."),
        on("host", "ip link set @veth nomaster"),
        "not-a-port",
        "host @veth",
        on("host", "ip link set @veth master docker0"),
    ),
    Fault(
        "isolated-ports",
        N_("if-test and other both reach the internet, but not each other."),
        on("host", "bridge link set dev @veth isolated on", "bridge link set dev @veth:other isolated on"),
        "port-blocked",
        "host @veth",
        on("host", "bridge link set dev @veth isolated off", "bridge link set dev @veth:other isolated off"),
        setup=OTHER,
        symptom=TO_OTHER,
    ),
    Fault(
        "stp-listening",
        N_("if-test lost the network when the bridging daemon was upgraded; its interfaces are all up."),
        on("host", "bridge link set dev @veth state 1"),
        "port-blocked",
        "host @veth",
        on("host", "bridge link set dev @veth state 3"),
    ),
)

LINKS = DOWN + ADDRESSES + BRIDGES
