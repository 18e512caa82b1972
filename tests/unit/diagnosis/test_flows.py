"""Which flows are asked for to see what a cure stops."""

from __future__ import annotations

from netlab.diagnosis.flows import MOST, Flow, flows
from netlab.model import Address, Interface, Node, Snapshot


def node(number: int, *addresses: str) -> Node:
    """One with a card for each address."""
    cards = (Interface(number, i, f"eth{i}", addresses=(Address(a, 24),)) for i, a in enumerate(addresses, 1))
    return Node(number, f"n{number}", "netns", interfaces=tuple(cards))


def test_a_router_is_asked_at_each_of_its_addresses() -> None:
    """Each may be reached by another cable; two of each node come before the third of any."""
    router, client = node(1, "10.0.1.1", "10.0.2.1", "10.0.3.1"), node(2, "10.0.1.2")
    found = flows(Snapshot(0, "lab", (router, client)))
    assert [flow.destination for flow in found if flow.source == "n2"] == ["10.0.1.1", "10.0.2.1", "10.0.3.1"]
    assert found[-1] == Flow("n2", "10.0.3.1")


def test_no_more_are_asked_than_there_is_time_for() -> None:
    """In a large network some are left out."""
    many = tuple(node(number, f"10.1.{number}.1", f"10.2.{number}.1") for number in range(20))
    assert len(flows(Snapshot(0, "lab", many))) == MOST
