"""Where a lost packet is expected next is where networkx finds its way."""

from __future__ import annotations

import networkx
import pytest

from netlab.model.graph import graph
from netlab.packets.journeys.assemble import journeys
from tests.worlds import builders as b

WAYS = {"request": b.REQUEST, "reply": b.REPLY}
# After so many points it is seen no more. A reply at the host's eth0 has arrived, as its address tells.
CUT = [("request", seen) for seen in (1, 2, 3, 4)] + [("reply", seen) for seen in (1, 3, 4)]


@pytest.mark.parametrize(("name", "seen"), CUT)
def test_the_next_point_is_on_the_shortest_path(name: str, seen: int) -> None:
    """By cables, the bridge and the host's routing, wherever the packet ends."""
    steps = WAYS[name]
    snapshot = b.lab(forward="1")
    found = graph(snapshot)
    way = networkx.shortest_path(found, steps[0][0], steps[-1][0], weight="weight")
    interfaces = [key for key in way if found.nodes[key]["what"] == "interface"]
    frames = b.trip(snapshot, steps[:seen], b.echo(1, reply=name == "reply"))
    [journey] = journeys(b.capture(snapshot, frames))
    assert interfaces == [f"{node} {interface}" for node, interface, *_ in steps]
    assert str(journey.next_expected) == interfaces[seen]
