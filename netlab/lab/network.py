"""What can be asked of namespaces that somebody keeps, be it a lab or a replica of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from netlab.display import printable
from netlab.lab.client import Client

if TYPE_CHECKING:
    from networkx import MultiGraph

    from netlab.lab.capture import Recording
    from netlab.lab.iproute import NodeIPRoute
    from netlab.lab.monitor import Monitor, OnEnd, OnNotice
    from netlab.lab.tap import Tap
    from netlab.lab.watch import Change, Watch
    from netlab.model import Snapshot
    from netlab.model.pack import Pack
    from netlab.packets.dns import Told
    from netlab.packets.probe import Probe


class Network(Client):
    """Part of netlab.lab.lab.Lab and of netlab.lab.replica.Replica. Methods raise LabDied when it is gone."""

    whole = True  # a snapshot holds all that there is

    def snapshot(self) -> Snapshot:
        """Every namespace of the lab, now."""
        from netlab.model import Snapshot

        return self._ask(Snapshot, "snapshot")

    def graph(self) -> MultiGraph:
        """The topology, now, as a networkx graph: see netlab.model.graph. LabNotFound, LabDied."""
        from netlab.model.graph import graph

        return graph(self.snapshot())

    def capture(self, points: Sequence[str] | None = None, *, noise: bool = False) -> Recording:
        """A `with` block that records at all interfaces, or "NODE INTERFACE", …; see netlab.lab.capture."""
        from netlab.lab.capture import Recording

        return Recording(self._connection, self.snapshot, points, noise)

    def watch(
        self,
        on_change: Callable[[Change], object] = lambda change: None,
        on_end: Callable[[], object] = lambda: None,
    ) -> Watch:
        """A `with` block that keeps a snapshot up to date and tells of each change; see netlab.lab.watch."""
        from netlab.lab.watch import Watch

        return Watch(self._connection, on_change, on_end)

    def monitor(self, on_notice: OnNotice, on_end: OnEnd = lambda: None) -> Monitor:
        """A `with` block that tells at once what the kernel notifies; see netlab.lab.monitor."""
        from netlab.lab.monitor import Monitor

        return Monitor(self._connection, on_notice, on_end)

    def tap(self, on_batch: Callable[[bytes], object]) -> Tap:
        """A `with` block that captures at points which may come and go; see netlab.lab.tap."""
        from netlab.lab.tap import Tap

        return Tap(self._connection, on_batch)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        """Probes from a node, sent by the lab's keeper; `order` as in netlab.packets.probe.Order."""
        from netlab.packets.probe import Probe

        words = {"destination": destination, "count": count, "timeout": timeout, **order}
        return self._ask(Probe, "probe", node=node, order=words)

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool:
        """Whether probes are answered, all of them, and it is the node `witness` that answers.

        It has seen each come in and its own answer leave, and no other answer is what the asker gets:
        who takes the address for theirs on the way, or sends it a copy, answers with other words. To each
        echo request the keeper answers there, too, with a secret of its own, and that has to come back.
        `order` as in `probe`.
        """
        from netlab.lab.witness import is_answered_by
        from netlab.packets.probe import Probe

        snapshot, wanted = self.snapshot(), {"count": 1, **order}
        there = [
            f"{name} {interface.name}"
            for name in dict.fromkeys((node, witness))
            for interface in snapshot.node(name).interfaces
            if interface.name != "lo"
        ]
        with self.capture(there) as seen:
            words = {"destination": destination, "timeout": timeout, **wanted}
            probe = self._ask(Probe, "probe", node=node, witness=witness, order=words)
        netns = snapshot.node(node).netns, snapshot.node(witness).netns
        secret = wanted.get("proto", "icmp") == "icmp" and ":" not in destination
        known = probe.confirmed if secret else probe.received
        return known == probe.received == probe.sent > 0 and is_answered_by(probe, seen.frames, *netns)

    def etc(self, node: str, file: str) -> str:
        """What stands in that node's /etc/resolv.conf or /etc/hosts ("resolv.conf", "hosts"); "" for none."""
        return str(self._answer("etc", node=node, file=file))

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        """Ask a name server, from that node, for a name's IPv4 addresses; the lab's keeper does it.

        With a `witness`, the node where the server is, `confirmed` says whether the question came to it, and
        what the asker was told is what went out there: see netlab.lab.witness.
        """
        from netlab.lab.witness import has_told
        from netlab.packets.dns import Told

        words: dict[str, Any] = {"node": node, "server": server, "name": name, "timeout": timeout}
        if not witness:
            return self._ask(Told, "ask", **words)
        there = [f"{witness} {i.name}" for i in self.snapshot().node(witness).interfaces if i.name != "lo"]
        if not server.startswith("127."):
            words["witness"] = witness  # it sees the question itself, and not one that was passed on
        with self.capture(there) as seen:
            told = self._ask(Told, "ask", **words)
        return has_told(told, seen.frames, is_secret="witness" in words)

    def route(self, node: str, *words: str) -> tuple[str, str]:
        """`ip route get` with those words on a node: (the command, what it said)."""
        command, said = map(printable, self._answer("route", node=node, words=words))
        return command, said

    def ip(self, node: str = "host") -> NodeIPRoute:
        """pyroute2's IPRoute that speaks to the kernel of that node: a `with` block, see netlab.lab.iproute.

        It reads and changes what `ip` reads and changes there, from the machine and from inside, where
        `internet` can only be read. UnknownName, LabDied; what the kernel refuses is pyroute2's NetlinkError.
        """
        from netlab.lab.iproute import open_iproute

        with self._connection() as connection:
            return open_iproute(connection, node)

    def become(self, wanted: Pack) -> Pack:
        """Make this lab that network, by what differs: the pack as it was built, with remarks on what is
        otherwise. What lives in its namespaces goes on. On the machine alone. BadInput, LabError."""
        from netlab.lab.packing import hand_over
        from netlab.model.pack import Pack

        with hand_over(wanted) as fd:
            return self._ask(Pack, "unpack", fds=[fd])
