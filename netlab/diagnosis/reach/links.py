"""Who is on a link: over cables and bridges, as they are wired, and as they are up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from netlab.model import Interface, InterfaceId, Node, Snapshot

BLOCKED = ("blocking", "listening", "learning", "disabled")
BEYOND = ("macvlan", "macvtap", "ipvlan", "vxlan", "vlan", "bond", "tun", "gre", "geneve", "wireguard")


@dataclass
class Link:
    """What can be reached from one interface without a router."""

    ends: dict[InterfaceId, tuple[Node, Interface]] = field(default_factory=dict)

    @property
    def bridges(self) -> list[tuple[Node, Interface]]:
        """The bridges that it runs over."""
        return [(node, each) for node, each in self.ends.values() if each.kind == "bridge"]

    @property
    def goes_beyond(self) -> bool:
        """Whether something is on it whose ways are not followed here."""
        return any(each.kind in BEYOND for __, each in self.ends.values())

    def holders(self, address: str, asker: Node) -> list[tuple[Node, Interface]]:
        """Who answers for an address: a kernel does so on every link for each address of its own."""
        found = {
            node.netns: (node, each)
            for node, each in self.ends.values()
            if node.netns != asker.netns and not each.master and node.owns(address)
        }
        return list(found.values())


class Links:
    """Of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._all = {interface.id: (node, interface) for node, interface in snapshot.interfaces()}
        self._wired: dict[InterfaceId, list[InterfaceId]] = {}
        for node, interface in snapshot.interfaces():
            near = self._wired.setdefault(interface.id, [])
            if interface.kind == "veth" and interface.peer in self._all:
                near.append(interface.peer)
            if interface.master and node.has_interface(interface.master):
                bridge = node.interface(interface.master).id
                near.append(bridge)
                self._wired.setdefault(bridge, []).append(interface.id)
        self._found: dict[tuple[InterfaceId, bool], Link] = {}

    def link(self, start: InterfaceId, *, wired: bool = False) -> Link:
        """What is up; or `wired`, up or not."""
        if (start, wired) not in self._found:
            made = Link()
            queue = [start]
            while queue:
                key = queue.pop()
                if key not in made.ends and (wired or self._passes(key)):
                    made.ends[key] = self._all[key]
                    queue += self._wired.get(key, ())
            for key in made.ends:
                self._found[key, wired] = made
        return self._found.get((start, wired), Link())

    def down(self, start: InterfaceId) -> Iterator[tuple[Node, Interface]]:
        """What of it as it is wired is not up."""
        ends = self.link(start, wired=True).ends
        yield from (end for key, end in ends.items() if not self._passes(key))

    def _passes(self, key: InterfaceId) -> bool:
        __, interface = self._all[key]
        return interface.is_up and interface.details.get("port state") not in BLOCKED
