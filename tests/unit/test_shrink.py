"""A world that is wrong gets smaller as long as it stays wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.worlds.random_networks import Network
from tests.worlds.shrink import Unit, shrink, units, world


def made() -> Network:
    """Two nodes, a cable, and lines that belong together."""
    network = Network(nodes=["r1", "a1"])
    network.cable("r1", "v1", "a1", "eth0")
    network.address("a1", "eth0", "10.0.0.2/24")
    network.commands["r1"] += ["nft -f - <<'NFT'", "table inet t {", "}", "NFT", "true"]
    return network


BREAKS = [("r1", "ip link set v1 down"), ("a1", "ip route flush table main")]


def test_a_world_is_all_of_its_parts() -> None:
    """Put together again it is what it was; a here-document is one part."""
    parts = list(units(made(), BREAKS))
    network, breaks = world(parts)
    assert (network.scripts(), breaks) == (made().scripts(), BREAKS)
    assert Unit("commands", "r1", "nft -f - <<'NFT'\ntable inet t {\n}\nNFT") in parts


def test_what_is_on_a_node_goes_with_it() -> None:
    """Its lines, and what breaks it."""
    parts = [part for part in units(made(), BREAKS) if part != Unit("node", "r1")]
    network, breaks = world(parts)
    assert network.nodes == ["a1"] and not network.commands["r1"] and breaks == BREAKS[1:]


def test_what_makes_it_wrong_is_left() -> None:
    """And nothing else, whole nodes first."""
    asked = 0

    def is_wrong(some: Sequence[Unit]) -> bool:
        nonlocal asked
        asked += 1
        return {("break", "a1"), ("addressing", "a1")} <= {(unit.kind, unit.node) for unit in some}

    left = shrink(list(units(made(), BREAKS)), is_wrong, time.monotonic() + 5)
    assert [(unit.kind, unit.node) for unit in left] == [("addressing", "a1"), ("break", "a1")]
    assert asked < 20


def test_without_time_it_stays_as_it_is() -> None:
    """Nothing is asked any more."""
    parts = list(units(made(), BREAKS))
    assert shrink(parts, lambda _: 1 / 0 > 0, time.monotonic() - 1) == parts
