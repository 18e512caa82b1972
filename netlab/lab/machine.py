"""The machine that this runs on, outside any lab, as something that can be traced: looked at, never changed.

    trace(Machine(), "web", "192.0.2.7")

Its own namespace is the node "host"; containers and other namespaces are found by their processes. What lies
beyond its uplinks cannot be seen. Needs root, to enter namespaces and to open packet sockets.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netlab.errors import UnknownName
from netlab.i18n import gettext as _
from netlab.keeper import probe, protocol
from netlab.keeper.capture import open_all, serve
from netlab.keeper.places import Place, beside_roles
from netlab.keeper.snapshot import read
from netlab.lab.capture import Recording
from netlab.linux.netns import inode
from netlab.model import Snapshot
from netlab.packets.probe import Order, Probe

if TYPE_CHECKING:
    from networkx import MultiGraph

OWN = "/proc/self/ns/net"
NAMED = (Path("/run/netns"), Path("/run/docker/netns"))  # of ip netns, and of containers


class Machine:
    """This machine. BadInput without the rights to look."""

    whole = False  # there is a world beyond it

    def __init__(self) -> None:
        self.places = {place.netns: place for place in places()}

    def snapshot(self) -> Snapshot:
        """Every network namespace of the machine, now."""
        return read("here", list(self.places.values()))

    def substitutes(self) -> tuple[str, ...]:
        """Nothing: this is no twin."""
        return ()

    def graph(self) -> MultiGraph:
        """The topology as a networkx graph: see netlab.model.graph."""
        from netlab.model.graph import graph

        return graph(self.snapshot())

    def capture(self, *, noise: bool = False) -> Recording:
        """A `with` block that records at every interface; see netlab.lab.capture."""
        return Recording(self._record, self.snapshot, None, noise)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        """Probes from a node; `order` as in netlab.packets.probe.Order."""
        words = {"destination": destination, "count": count, "timeout": timeout, **order}
        with self.place(node).hold() as namespace:
            return probe.send(namespace, Order.parse(words))

    def route(self, node: str, *words: str) -> tuple[str, str]:
        """`ip route get` with those words on a node: (the command, what it said)."""
        with self.place(node).hold() as namespace:
            return probe.route(namespace, words)

    def place(self, name: str) -> Place:
        """The namespace of that name, or of the process with that number. UnknownName."""
        for place in self.places.values():
            if name in (place.name, *place.aliases):
                return place
        if name.isdigit():
            with suppress(OSError):
                return self.places[inode(f"/proc/{name}/ns/net")]
        raise UnknownName(_("container or process"), name, [place.name for place in self.places.values()])

    def _record(self) -> socket.socket:
        """A connection to a thread that captures, as the keeper of a lab would."""
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return ours

    def _serve(self, client: socket.socket) -> None:
        with client:
            request, __ = protocol.receive(client)
            try:
                points = [(self.places[int(n)], int(index)) for n, index in request["points"]]
                rings = open_all(dict(enumerate(points)))
                protocol.send(client, {"ok": serve(client, rings)})
            except OSError as error:
                protocol.send(
                    client,
                    {
                        "error": "",
                        "what": _("Cannot capture: {error}.").format(error=error),
                        "next": _("Be root."),
                    },
                )


def places() -> list[Place]:
    """Every network namespace of the machine, each once: its own first, then as they are numbered."""
    own = inode(OWN)
    found = {own: Place(OWN, own, "host", "host", os.getpid())}
    containers, named = _containers(), _named_namespaces()
    for folder in sorted((f for f in os.listdir("/proc") if f.isdigit()), key=int):
        path = f"/proc/{folder}/ns/net"
        with suppress(OSError):  # it ended in the meantime, or is a thread of the kernel
            netns = inode(path)
            name = containers.get(int(folder), "")
            if netns not in found or (name and found[netns].kind == "process"):
                kind = "container" if name else "netns" if netns in named else "process"
                called = name or named.get(netns, ("", ""))[0] or f"pid {folder}"
                called = beside_roles(called, kind)
                found[netns] = Place(path, netns, called, kind, int(folder))
    for netns, (name, path) in named.items():
        found.setdefault(netns, Place(path, netns, beside_roles(name, "netns"), "netns"))
    return list(found.values())


def _named_namespaces() -> dict[int, tuple[str, str]]:
    """{namespace: (name, path)} of the namespaces that are kept by a file."""
    found: dict[int, tuple[str, str]] = {}
    for folder in NAMED:
        with suppress(OSError):
            for file in sorted(folder.iterdir()):
                with suppress(OSError):
                    found.setdefault(inode(str(file)), (file.name, str(file)))
    return found


def _containers() -> dict[int, str]:
    """{process: name} of the containers that Docker or Podman runs; none where neither is."""
    found: dict[int, str] = {}
    for tool in filter(shutil.which, ("docker", "podman")):
        numbers = _output_of([tool, "ps", "-q"]).split()
        if numbers:
            form = "{{.State.Pid}} {{.Name}}"
            told = re.findall(r"^(\d+) /?(\S+)$", _output_of([tool, "inspect", "-f", form, *numbers]), re.M)
            found |= {int(pid): name for pid, name in told}
    return found


def _output_of(argv: list[str]) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False).stdout
    return ""
