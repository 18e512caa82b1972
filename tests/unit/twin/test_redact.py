"""A redacted pack says nothing of anybody, and its network is the same."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from netlab.model import codec, outside, pack
from netlab.model.pack_check import check
from netlab.twin.redact import redact

CARD = "3c:ec:ef:12:34:56"
SECRETS = (
    "shop-db",
    "81.2.69.142",
    "81.2.69.1",
    "81.2.70.9",
    CARD,
    "2a02:26f7",
    "acme",
    "3eec:efff:fe12:3456",
)


def network() -> pack.Pack:
    """A public host with a container, as its owner would not post it."""
    eth0 = pack.Link(2, "eth0", "", up=True, mac=CARD)
    veth = pack.Link(3, "veth1", "veth", mac="7a:00:00:00:00:01", other=pack.End("shop-db", 2))
    rules = (
        "-s 81.2.69.0/24 -j ACCEPT",
        '-d 81.2.70.9/32 -m comment --comment "acme\'s" -j DROP',
        "-s 10.0.0.0/8 -j DROP",
    )
    host = outside.empty("host", "host")
    host = replace(
        host,
        links=(*host.links, eth0, veth),
        addresses=(
            *host.addresses,
            pack.Address(2, "81.2.69.142", 24, broadcast="81.2.69.255"),
            pack.Address(2, "2a02:26f7::3eec:efff:fe12:3456", 64),
            pack.Address(2, "fe80::3eec:efff:fe12:3456", 64),
            pack.Address(3, "172.17.0.1", 16),
        ),
        routes=(
            *host.routes,
            pack.Route("0.0.0.0/0", index=2, gateway="81.2.69.1"),
            pack.Route("81.2.64.0/20", index=2, gateway="81.2.69.1"),
        ),
        tables=(pack.Table("ip", "nft", "filter", (pack.Chain("INPUT", "ACCEPT", rules),)),),
        native=(
            '{"rule":{"family":"ip","table":"x","chain":"y","comment":"acme","expr":[{"match":{"right":"81.2.69.1"}}]}}',
        ),
    )
    eth = pack.Link(2, "eth0", "veth", mac="02:42:ac:11:00:02", other=pack.End("host", 3))
    inside = outside.empty("shop-db", "container")
    inside = replace(
        inside, links=(*inside.links, eth), container=pack.Container("registry.acme/db", "shop-db")
    )
    return pack.Pack("acme1", 1, False, (host, inside), ("shop-db: not read: tc filter",))


def test_nothing_of_anybody_is_left() -> None:
    """No public address, no name, no card's MAC address, also not in rules, comments and remarks."""
    text = codec.write(redact(network())).decode()
    assert [secret for secret in SECRETS if secret in text] == []
    assert all(secret in codec.write(network()).decode() for secret in SECRETS)


def test_the_network_is_the_same() -> None:
    """The gateway is on the link of the address, what was in a prefix is in it, private addresses stay."""
    made = redact(network())
    check(made)
    host = made.nodes[0]
    own = ipaddress.ip_interface(f"{host.addresses[2].address}/24")
    gateway, wide = (
        ipaddress.ip_address(host.routes[-2].gateway),
        ipaddress.ip_network(host.routes[-1].destination),
    )
    assert gateway in own.network and own.ip in wide and wide.prefixlen == 20
    assert host.tables[0].chains[0].rules[0] == f"-s {own.network} -j ACCEPT"
    assert "10.0.0.0/8" in host.tables[0].chains[0].rules[2]
    assert host.addresses[-1].address == "172.17.0.1" and host.routes[-2].destination == "0.0.0.0/0"
    new = bytes.fromhex(host.links[1].mac.replace(":", ""))
    assert ipaddress.ip_address(host.addresses[4].address).packed[-3:] == new[-3:]
    assert made.nodes[1].links[1].mac == "02:42:ac:11:00:02" and host.links[2].other == pack.End("node1", 2)


def test_the_same_is_always_the_same() -> None:
    """Redacted twice, one file is as the other."""
    assert redact(network()) == redact(network())
