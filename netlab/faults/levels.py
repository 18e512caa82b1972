"""How hard a fault is: by the lesson after which somebody knows everything that it takes.

of(find("docker-user-drop"))    2
PAIRS                           what is on at once at the last level: the one that a packet meets first, and
                                the one that shows when that is gone
"""

from __future__ import annotations

from dataclasses import replace

from netlab.faults.fault import Fault

# After lesson 03 links and addresses; after 05 forwarding, routes and the filter; after 06 translation, and
# what comes before and beside the filter; after 08 neighbours, sizes, other tables; then two at once, and
# what comes and goes (lesson 09).
AFTER = {1: "03", 2: "05", 3: "06", 4: "08", 5: "09"}
LAST = max(AFTER)
_NAMES = {
    1: (
        "veth-down",
        "container-eth0-down",
        "docker0-down",
        "uplink-down",
        "docker0-without-address",
        "container-without-address",
        "uplink-without-address",
        "wrong-netmask",
        "host-wrong-netmask",
        "veth-off-the-bridge",
        "container-no-default-route",
    ),
    2: (
        "ip-forward-off",
        "docker0-forwarding-off",
        "host-no-default-route",
        "wrong-gateway",
        "host-wrong-gateway",
        "forward-policy-drop",
        "docker-user-drop",
        "host-input-drop",
        "container-output-drop",
        "masquerade-missing",
        "blackhole-route",
        "unreachable-route",
        "prohibit-route",
        "equal-routes",
    ),
    3: (
        "answers-not-let-in",
        "raw-drop",
        "nft-drop",
        "web-input-drop",
        "wrong-dnat",
        "snat-to-nobody",
        "dnat-elsewhere",
        "dnat-to-nobody",
        "dnat-to-gone-container",
        "accepted-too-early",
        "not-tracked",
        "far-address-gone",
        "far-input-drop",
        "wrong-source",
        "stolen-prefix",
        "host-route-to-container",
    ),
    4: (
        "arp-ignored",
        "duplicate-ip",
        "duplicate-mac",
        "ipv6-disabled",
        "isolated-ports",
        "stp-listening",
        "strict-rp-filter",
        "missing-proxy-arp",
        "echo-ignored",
        "far-echo-ignored",
        "small-ttl",
        "ttl-set-on-the-way",
        "prohibit-rule",
        "static-neighbour",
        "host-static-neighbour",
        "throw-route",
        "table-with-wrong-gateway",
        "table-with-blackhole",
        "default-without-gateway",
        "colleague-as-gateway",
        "small-uplink",
        "pmtu-black-hole",
        "far-small-mtu",
        "container-small-mtu",
        "ebtables-drop",
        "ebtables-between-containers",
    ),
    5: ("random-loss", "slow-queue", "conntrack-full"),
}
_LEVELS = {name: level for level, names in _NAMES.items() for name in names}
PAIRS = (
    ("veth-down", "ip-forward-off"),
    ("veth-down", "masquerade-missing"),
    ("veth-off-the-bridge", "docker-user-drop"),
    ("veth-off-the-bridge", "host-no-default-route"),
    ("container-output-drop", "docker-user-drop"),
    ("container-output-drop", "masquerade-missing"),
    ("ebtables-drop", "ip-forward-off"),
    ("ebtables-drop", "nft-drop"),
    ("docker-user-drop", "masquerade-missing"),
    ("ip-forward-off", "raw-drop"),
    ("blackhole-route", "masquerade-missing"),
    ("nft-drop", "raw-drop"),
)


def of(fault: Fault) -> int:
    """The level of a fault, from 1 to LAST; a pair is of the last."""
    return _LEVELS.get(fault.name, LAST)


def join(first: Fault, second: Fault) -> Fault:
    """Both at once, as one exercise: the place and the cause are those of the first, which a packet meets
    first; it is fixed when both are."""
    return replace(
        first,
        name=f"{first.name}+{second.name}",
        inject=(*first.inject, *second.inject),
        cure=(*first.cure, *second.cure),
    )
