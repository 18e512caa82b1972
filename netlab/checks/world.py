"""What a check may look at: a snapshot, probes, questions for names, what was said. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netlab.lab.observable import Witnessed
from netlab.linux import polling
from netlab.model import Interface, Node, Snapshot

if TYPE_CHECKING:
    from netlab.faults.proof import Practice
    from netlab.packets.dns import Told
    from netlab.packets.probe import Probe

CONTAINER, HOST, INTERNET = "if-test", "host", "internet"
OUTSIDE = "39.106.233.176"  # the address that the lecture pings
# A neighbour that does not answer is asked three times, once a second (mcast_solicit, retrans_time_ms); what
# is sent to it meanwhile waits, or is lost with it. That tells nobody when it ends.
ASKED_FOR, LOOK_AGAIN = 3.2, 0.1


@dataclass(frozen=True, slots=True)
class World:
    """One look at the lab, with what the learner predicted and answered so far.

    In the gym also the fault that is being practised, if it is not the one of the answer "report".
    """

    lab: Witnessed
    snapshot: Snapshot
    predictions: Mapping[str, str]
    answers: Mapping[str, str]
    practice: Practice | None = None

    def node(self, name: str) -> Node | None:
        """The node of that name; None if there is none.

        A name beside its own makes nobody else of it: the lab host does not play a container.
        """
        found = self.by_name(name)
        return found if found and found.name == name else None

    def by_name(self, name: str) -> Node | None:
        """The node of that name, or with that name beside its own."""
        return self.snapshot.node(name) if self.snapshot.has_node(name) else None

    def interface(self, node: str, name: str) -> Interface | None:
        """That interface of that node; None if there is none."""
        found = self.node(node)
        return found.interface(name) if found and found.has_interface(name) else None

    def sysctl(self, node: str, name: str) -> str:
        """Its value, "" where it is not known."""
        found = self.node(node)
        return found.sysctls.get(name, "") if found else ""

    def probe(self, node: str, destination: str, count: int, timeout: float, **order: Any) -> Probe:
        """Probes from a node, as in Lab.probe.

        Where one is missing and a neighbour was still being asked for, they are sent again when that is over:
        what has been repaired a moment ago is not called broken.
        """
        probe = self.lab.probe(node, destination, count, timeout, **order)
        if probe.received < count and self._has_waited():
            probe = self.lab.probe(node, destination, count, timeout, **order)
        return probe

    def ask(self, node: str, server: str, name: str, witness: str, timeout: float) -> Told:
        """A question for a name's address, as in Lab.ask; asked again as in `probe`."""
        told = self.lab.ask(node, server, name, witness, timeout)
        if not told.came and self._has_waited():
            told = self.lab.ask(node, server, name, witness, timeout)
        return told

    def _has_waited(self) -> bool:
        """Whether a neighbour was being asked for; then until that is over."""
        if not _asks(self.snapshot):
            return False
        for _look in polling.looks(ASKED_FOR, LOOK_AGAIN):
            if not _asks(self.lab.snapshot()):
                break
        return True


def _asks(snapshot: Snapshot) -> bool:
    return any(entry.state == "INCOMPLETE" for node in snapshot.nodes for entry in node.neighbours)


def other_end(snapshot: Snapshot, interface: Interface) -> Interface | None:
    """The other end of a veth cable, whichever of the two ends the kernel told us about."""
    if interface.peer and (found := snapshot.interface(interface.peer)):
        return found
    return next((other for _, other in snapshot.interfaces() if other.peer == interface.id), None)


def cable(snapshot: Snapshot, one: str, other: str) -> tuple[Interface, Interface] | None:
    """Both ends of the veth cable between two nodes, in that order; None if there is none."""
    if not (snapshot.has_node(one) and snapshot.has_node(other)):
        return None
    for interface in snapshot.node(one).interfaces:
        end = other_end(snapshot, interface) if interface.kind == "veth" else None
        if end and end.id != interface.id and end.netns == snapshot.node(other).netns:
            return interface, end
    return None


def host_end(snapshot: Snapshot) -> Interface | None:
    """The host's end of the container's cable, whatever it is called."""
    found = cable(snapshot, HOST, CONTAINER)
    return found[0] if found else None


def holder(snapshot: Snapshot, address: str) -> tuple[Node, Interface] | None:
    """Where that address is."""
    for node, interface in snapshot.interfaces():
        if any(a.address == address for a in interface.addresses):
            return node, interface
    return None
