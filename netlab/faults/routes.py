"""Faults of routes, neighbours, and of what fits through a link."""

from __future__ import annotations

from netlab.faults.fault import OTHER, Fault, Symptom, on
from netlab.faults.links import HOST_DEFAULT, LECTURE
from netlab.i18n import N_

TABLE_100 = on(
    "host",
    "ip route add default via 192.0.2.1 dev eth0 table 100",
    "ip rule add from 172.17.0.0/16 lookup 100",
)
BIG = Symptom(size=1400, df=True)


TABLES = (
    Fault(
        "container-no-default-route",
        N_("if-test pings its neighbours; everything else is unreachable."),
        on("if-test", "ip route del default"),
        "no-route",
        "if-test",
        on("if-test", "ip route add default via 172.17.0.1 dev eth0"),
    ),
    Fault(
        "host-no-default-route",
        N_("After the provider changed something, containers get answers from the lab host only."),
        on("host", "ip route del default"),
        "no-route",
        "host docker0",
        on("host", HOST_DEFAULT),
    ),
    Fault(
        "wrong-gateway",
        N_("A typing error must have crept into if-test's settings: pings just hang."),
        on("if-test", "ip route replace default via 172.17.0.99 dev eth0"),
        "no-neighbour",
        "host docker0",
        on("if-test", "ip route replace default via 172.17.0.1 dev eth0"),
    ),
    Fault(
        "host-wrong-gateway",
        N_("The provider sent a new router, and now everything behind the lab host hangs."),
        on("host", "ip route replace default via 192.0.2.99 dev eth0"),
        "no-neighbour",
        "host docker0",
        on("host", "ip route replace default via 192.0.2.1 dev eth0"),
    ),
    Fault(
        "blackhole-route",
        N_("39.106.233.176 was under attack last week. Containers still wait for it in vain."),
        on("host", "ip route add blackhole 39.106.233.176/32"),
        "route-refuses",
        "host docker0",
        on("host", "ip route del blackhole 39.106.233.176/32"),
    ),
    Fault(
        "unreachable-route",
        N_("One address, 39.106.233.176, is Destination Host Unreachable from every container."),
        on("host", "ip route add unreachable 39.106.233.176/32"),
        "route-refuses",
        "host docker0",
        on("host", "ip route del unreachable 39.106.233.176/32"),
    ),
    Fault(
        "prohibit-route",
        N_("Pings to 39.106.233.0/24 come back as filtered, but the firewall's counters stand still."),
        on("host", "ip route add prohibit 39.106.233.0/24"),
        "route-refuses",
        "host docker0",
        on("host", "ip route del prohibit 39.106.233.0/24"),
    ),
    Fault(
        "prohibit-rule",
        N_("The lab host reaches everything, its containers nothing, with the same routing table."),
        on("host", "ip rule add from 172.17.0.0/16 iif docker0 prohibit"),
        "route-refuses",
        "host docker0",
        on("host", "ip rule del from 172.17.0.0/16 iif docker0 prohibit"),
    ),
    Fault(
        "stolen-prefix",
        N_("Since the test network was set up on docker0, 39.106.233.176 is gone. Other addresses work."),
        on("host", "ip route add 39.106.233.0/24 dev docker0"),
        "wrong-route",
        "host docker0",
        on("host", "ip route del 39.106.233.0/24 dev docker0"),
    ),
    Fault(
        "equal-routes",
        N_("As in the lecture: 172.17.1.1/16 on veth_host, 172.17.1.2/16 at the other end, and no answer."),
        on("host", "ip route del 172.17.1.2/32 dev veth_host"),
        "wrong-route",
        "host veth_host",
        on("host", "ip route add 172.17.1.2/32 dev veth_host"),
        setup=LECTURE
        + on("host", "ip addr add 172.17.1.1/16 dev veth_host", "ip link set veth_host up")
        + on("host", "ip route add 172.17.1.2/32 dev veth_host"),
        symptom=Symptom(destination="172.17.1.1"),
    ),
    Fault(
        "static-neighbour",
        N_("if-test was protected against spoofing with a fixed entry. The host got a new bridge since."),
        on("if-test", "ip neigh replace 172.17.0.1 lladdr 02:42:de:ad:be:ef dev eth0 nud permanent"),
        "wrong-neighbour",
        "host @veth",
        on("if-test", "ip neigh del 172.17.0.1 dev eth0"),
    ),
    Fault(
        "host-static-neighbour",
        N_("The provider replaced his router by one of the same address. Nothing gets through."),
        on("host", "ip neigh replace 192.0.2.1 lladdr 02:42:de:ad:be:ef dev eth0 nud permanent"),
        "wrong-neighbour",
        "internet uplink",
        on("host", "ip neigh del 192.0.2.1 dev eth0"),
    ),
)

CHOSEN = (
    Fault(
        "host-route-to-container",
        N_("Everything goes out, answers come to the lab host, and if-test alone never gets them."),
        on("host", "ip route add 172.17.0.2/32 dev eth0"),
        "wrong-route",
        "host eth0",
        on("host", "ip route del 172.17.0.2/32 dev eth0"),
    ),
    Fault(
        "throw-route",
        N_("39.106.233.176 was to go by another provider. That provider was cancelled."),
        on("host", "ip route add throw 39.106.233.176/32"),
        "route-refuses",
        "host docker0",
        on("host", "ip route del throw 39.106.233.176/32"),
    ),
    Fault(
        "table-with-wrong-gateway",
        N_("The lab host surfs, ip route looks right, and its containers wait for ever."),
        on("host", "ip route replace default via 192.0.2.99 dev eth0 table 100"),
        "no-neighbour",
        "host docker0",
        on("host", "ip route replace default via 192.0.2.1 dev eth0 table 100"),
        setup=TABLE_100,
    ),
    Fault(
        "table-with-blackhole",
        N_("Containers were quarantined yesterday, and nobody remembers how. ip route shows nothing odd."),
        on("host", "ip route replace blackhole default table 100"),
        "route-refuses",
        "host docker0",
        on("host", "ip route del blackhole default table 100"),
        setup=on("host", "ip rule add iif docker0 lookup 100"),
    ),
    Fault(
        "default-without-gateway",
        N_("if-test pings its neighbours, and thinks that all the world is one."),
        on("if-test", "ip route replace default dev eth0 scope link"),
        "wrong-route",
        "host docker0",
        on("if-test", "ip route replace default via 172.17.0.1 dev eth0"),
    ),
    Fault(
        "colleague-as-gateway",
        N_("if-test was told to use 172.17.0.3, which pings well. It reaches nothing further away."),
        on("if-test", "ip route replace default via 172.17.0.3 dev eth0"),
        "wrong-route",
        "other eth0",
        on("if-test", "ip route replace default via 172.17.0.1 dev eth0"),
        setup=OTHER,
    ),
)

SIZES = (
    Fault(
        "small-uplink",
        N_("Small pings pass, large ones that may not be cut are refused."),
        on("host", "ip link set eth0 mtu 1000"),
        "too-big",
        "host docker0",
        on("host", "ip link set eth0 mtu 1500", "nsenter -t @pid:if-test -n ip route flush cache"),
        symptom=BIG,
    ),
    Fault(
        "pmtu-black-hole",
        N_("Logins work, downloads hang for ever; the security people like their host quiet."),
        on("host", "ip link set eth0 mtu 1000")
        + on("host", "iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP"),
        "too-big",
        "host docker0",
        on("host", "iptables -D OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP")
        + on("host", "ip link set eth0 mtu 1500"),
        symptom=BIG,
    ),
    Fault(
        "far-small-mtu",
        N_("Large pings vanish behind the lab host without a word; small ones are fine."),
        on("internet", "ip link set uplink mtu 1000"),
        "too-big",
        "host eth0",
        on("internet", "ip link set uplink mtu 1500"),
        symptom=BIG,
    ),
    Fault(
        "container-small-mtu",
        N_("if-test was set up for a tunnel. Large answers never come in; what it sends goes out."),
        on("if-test", "ip link set eth0 mtu 1000"),
        "too-big",
        "host @veth",
        on("if-test", "ip link set eth0 mtu 1500"),
        symptom=Symptom(size=1400),
    ),
)

ROUTES = TABLES + CHOSEN + SIZES
