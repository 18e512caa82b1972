"""The base lab in the words of ip(8) and iptables(8): what the peers build.

Two namespaces that are there already, `internet` (where this runs) and `host`, named by `ip netns`. The
values are those of netlab.engines.base_lab and of the namespaces engine, so that everybody builds the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from netlab.engines import base_lab
from netlab.engines.namespaces.docker_rules import FIREWALL


def internet() -> list[str]:
    return [
        "ip link set lo up",
        f"ip addr add {base_lab.INTERNET_ADDRESS}/32 dev lo",
        "ip link add uplink type veth peer name eth0 netns host",
        *internet_end(),
    ]


def internet_end() -> list[str]:
    """What is left to do at `internet` when the cable is there."""
    return [
        f"ip addr add {base_lab.UPLINK_ADDRESS}/{base_lab.UPLINK_PREFIX} brd + dev uplink",
        "ip link set uplink up",
    ]


def host() -> list[str]:
    return [
        "echo 0 > /proc/sys/net/ipv4/ip_forward",
        "ip link set lo up",
        f"ip addr add {base_lab.HOST_ADDRESS}/{base_lab.UPLINK_PREFIX} brd + dev eth0",
        "ip link set eth0 up",
        f"ip route add default via {base_lab.UPLINK_ADDRESS}",
        f"ip link add {base_lab.BRIDGE} address {base_lab.BRIDGE_MAC} type bridge",
        f"ip addr add {base_lab.BRIDGE_ADDRESS}/{base_lab.BRIDGE_PREFIX} brd + dev {base_lab.BRIDGE}",
        f"ip link set {base_lab.BRIDGE} up",
        *_iptables(),
    ]


def _iptables() -> Iterator[str]:
    """Docker's rules, one command each."""
    table = ""
    for line in FIREWALL.splitlines():
        words = line.split()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chain = words[0][1:]
            if words[1] == "-":
                yield f"iptables -t {table} -N {chain}"
            elif words[1] != "ACCEPT":
                yield f"iptables -t {table} -P {chain} {words[1]}"
        elif line.startswith("-A"):
            yield f"iptables -t {table} {line}"


def script() -> str:
    """All of it as a script of bash for `internet`; `ip netns exec` is started once."""
    inside = "\n".join(host())
    return "\n".join(internet()) + f"\nip netns exec host bash -e <<'END'\n{inside}\nEND\n"
