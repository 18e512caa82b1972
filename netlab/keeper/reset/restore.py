"""The base lab, put back: what is as it was stays, for a link takes the kernel long to delete.

Three ways, and each is looked at before it is believed: the links of the base lab are there, and everything
about them is as it was when the lab was laid out (`kept`); it is so after they have been taken down, emptied
and set up as at first (`mended`); or all is made anew. What cannot be seen from here (the connection table,
the old tables of iptables) is emptied every time.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from threading import Thread
from time import perf_counter
from typing import Any

from netlab.engines import base_lab
from netlab.engines.protocol import Daemonless, Engine, LabHost
from netlab.keeper.reset.fingerprint import SETTINGS, Fact, Fingerprint
from netlab.linux import sysctl as settings
from netlab.linux.netlink import xfrm
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netlink.xfrm import Xfrm
from netlab.linux.netns import enter
from netlab.linux.sysctl import Settings

OWN = "/proc/thread-self/ns/net"
LARGEST = 1 << 24  # bytes
A_MOMENT = 0.001  # seconds until it is looked again whether links are gone
PASSING = ("missing", "neighbour")  # facts that a lab just laid out may have, and the base lab has not


@dataclass(frozen=True)
class Seen:
    """What was found in a namespace."""

    facts: Counter[Fact]
    firewall: Any  # None where it cannot be compared


@dataclass
class Timings:
    """How long each part of something took, in milliseconds."""

    taken: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=perf_counter)

    def end(self, part: str) -> None:
        """A part has ended, and the next one begins."""
        now = perf_counter()
        self.taken[part] = self.taken.get(part, 0.0) + (now - self._last) * 1000
        self._last = now


class Baseline:
    """What the base lab was like when it was laid out: kept by the keeper, written by its children, too."""

    def __init__(self) -> None:
        self._file = os.memfd_create("netlab-base")

    def write(self, found: Sequence[Seen]) -> None:
        """Keep what was found in both namespaces, but for what passes."""
        lasting = [
            Seen(Counter({f: n for f, n in each.facts.items() if f[0] not in PASSING}), each.firewall)
            for each in found
        ]
        content = json.dumps([[_plain(list(each.facts.items())), _plain(each.firewall)] for each in lasting])
        os.ftruncate(self._file, os.pwrite(self._file, content.encode(), 0))

    def read(self) -> list[Seen]:
        """What was found, as it was written last."""
        found = json.loads(os.pread(self._file, LARGEST, 0))
        return [Seen(Counter(dict(_value(facts))), _value(firewall)) for facts, firewall in found]


def _plain(value: Any) -> Any:
    """Facts as JSON: bytes, tuples and sets, one in another, have to come back as they were."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, frozenset):
        return {"set": [_plain(each) for each in value]}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        return bytes.fromhex(plain["bytes"]) if "bytes" in plain else frozenset(map(_value, plain["set"]))
    return tuple(map(_value, plain)) if isinstance(plain, list) else plain


class NamespaceState:
    """One of the two namespaces of a base lab, with all opened that it takes to look at it and to put it
    back. OSError."""

    def __init__(self, namespace: int | None, *settings: Mapping[str, str]) -> None:
        self.namespace = namespace
        place = OWN if namespace is None else namespace
        with ExitStack() as stack:
            self.sight = stack.enter_context(closing(Fingerprint(place)))
            self.kernel = self.sight.kernel
            self.netfilter = stack.enter_context(Netfilter(place))
            self._ipsec = stack.enter_context(Xfrm(place)) if xfrm.is_there(place) else None
            self._remover = stack.enter_context(RouteSocket(place))
            self._leaving: Thread | None = None
            stack.callback(self._wait)
            self.settings = stack.enter_context(closing(Settings(place, *settings)))
            self.close = stack.pop_all().close

    def look(self) -> Seen:
        """At the firewall as it will be, when it has counted nothing."""
        return Seen(self.sight.facts(), self.netfilter.state(counted=False))

    def restore_firewall(self, wanted: Any) -> bool:
        """Whether the firewall is the wanted one now; else there is none."""
        emptied = base_lab.clear_legacy(self.namespace)
        if self._ipsec:
            self._ipsec.flush()
        with suppress(OSError):  # nothing has loaded it yet
            self.netfilter.forget_connections()
        can_be_made = wanted is not None and not emptied  # of old tables nothing is known here
        if not can_be_made:
            self.netfilter.flush()
        elif not self._is_when_zeroed(wanted):
            self.netfilter.replace(wanted)
        self.netfilter.destroy_sets()  # where the kernel has not yet let go of a rule, all is made anew
        return can_be_made

    def _is_when_zeroed(self, wanted: Any) -> bool:
        """Whether the firewall is that one, at the latest when its counters are back at 0."""
        if self.netfilter.state() == wanted:
            return True
        if self.netfilter.state(counted=False) != wanted:
            return False
        with suppress(OSError):  # this kernel cannot do it
            self.netfilter.zero()
        return bool(self.netfilter.state() == wanted)

    def let_links_go(self) -> None:
        """Have those deleted that are not the base lab's: in a thread, for the kernel does not say so before
        nobody looks at them any more."""
        if self.kernel.have_links_leave(base_lab.LINKS):
            self._wait()
            self._leaving = Thread(target=self._delete_leaving_links)
            self._leaving.start()

    def empty(self) -> None:
        """Take out what is not the base lab's or may be made again at once."""
        self._wait_until_links_are_gone()
        self.let_links_go()  # there may have been somebody who made others
        self._wait_until_links_are_gone()
        self.kernel.forget_neighbours()
        self.kernel.forget_further_addresses(
            base_lab.CABLE
        )  # macvlans may be in namespaces that still dissolve

    def _wait_until_links_are_gone(self) -> None:
        if self._leaving is None:
            return
        while self._leaving.is_alive() and self.kernel.links_but(base_lab.LINKS):
            self._leaving.join(A_MOMENT)
        self.kernel.wait_for_the_kernel()

    def _wait(self) -> None:
        """Until the kernel has said so."""
        if self._leaving:
            self._leaving.join()

    def _delete_leaving_links(self) -> None:
        with suppress(OSError):  # then they are still there when it is looked
            self._remover.delete_leaving_links()

    def take_down(self, changed: Collection[int]) -> None:
        """Leave the links as if they had just been made; of those the settings were changed. OSError."""
        self.kernel.clear(keep=base_lab.LINKS)
        with enter(OWN if self.namespace is None else self.namespace):
            for index in changed:
                _set_as_by_default(socket.if_indextoname(index))


class Restorer:
    """Puts the base lab back, again and again: what that takes stays open. OSError."""

    def __init__(
        self,
        engine: Engine,
        host: LabHost,
        files: Sequence[int],
        baselines: tuple[Mapping[str, str], Mapping[str, str]],
        remembered: Baseline,
    ) -> None:
        """`baselines` are what the settings of both were: the lab host's, and internet's."""
        self._engine, self._lab_host, self._files = engine, host, files
        self._baselines, self._remembered = baselines, remembered
        self._wanted = remembered.read()
        self._host, self._internet = (
            NamespaceState(namespace, baseline, base_lab.SYSCTLS)
            for namespace, baseline in zip((host.netns, None), baselines, strict=True)
        )
        self._ends = self._host, self._internet
        self._facts: list[Counter[Fact]] = []  # as they were when it was looked last

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def begin(self) -> None:
        """What takes the kernel long, and can be begun while processes still end."""
        for end in self._ends:
            with suppress(OSError):  # it is looked, and tried again, when they have ended
                end.let_links_go()

    def put_back(self, way: str, laps: Timings) -> str:
        """Make both namespaces the base lab again, its processes having ended: which way it went.

        `way` is the first one to be tried. OSError, CommandFailed.
        """
        if way != "anew" and isinstance(self._engine, Daemonless):
            with suppress(OSError):  # something was taken from under our hands: then all is made anew
                self._restore_settings_and_firewall(self._engine, laps)
                is_base_lab = self._is_base_lab(laps) or self._is_when_emptied(laps)
                if is_base_lab and way == "kept":
                    return "kept"
                self._mend(self._engine, laps)
                if self._is_base_lab(laps):
                    return "mended"
        base_lab.clear(self._lab_host.netns, *self._baselines)
        base_lab.build(self._lab_host.netns)
        self._engine.lay_out(self._lab_host, self._files, lambda _: None)
        self._remembered.write([end.look() for end in self._ends])
        laps.end("anew")
        return "anew"

    def _restore_settings_and_firewall(self, engine: Daemonless, laps: Timings) -> None:
        for end in self._ends:
            end.settings.assure()
        laps.end("settings")
        host, internet = self._wanted
        self._internet.restore_firewall(internet.firewall)
        if not self._host.restore_firewall(host.firewall):
            engine.lay_rules(self._lab_host, self._files)
        laps.end("firewall")

    def _is_base_lab(self, laps: Timings) -> bool:
        self._facts = [end.sight.facts() for end in self._ends]
        laps.end("look")
        return self._facts == [seen.facts for seen in self._wanted]

    def _is_when_emptied(self, laps: Timings) -> bool:
        for end in self._ends:
            end.empty()
        laps.end("empty")
        return self._is_base_lab(laps)

    def _mend(self, engine: Daemonless, laps: Timings) -> None:
        """Take the links down, and set them up as if they had just been made."""
        for end, found, wanted in zip(self._ends, self._facts, self._wanted, strict=True):
            end.take_down(_with_other_settings(found, wanted.facts))
        base_lab.build(self._lab_host.netns, links=False)
        with RouteSocket(self._lab_host.netns) as kernel, kernel.batch():
            engine.set_up(kernel)
        laps.end("mend")


def _with_other_settings(found: Counter[Fact], wanted: Counter[Fact]) -> set[int]:
    """The links that have others than they are to have; those of lo are put back in any case."""
    differing = (found - wanted) + (wanted - found)
    return {int(str(fact[1])) for fact in differing if fact[0] == SETTINGS} - {base_lab.LO}


def _set_as_by_default(link: str) -> None:
    """Give a link the settings that a new one takes over. Those of its neighbours are not shown in a lab."""
    for family in ("ipv4", "ipv6"):
        wanted = {}
        for entry in os.scandir(f"/proc/sys/net/{family}/conf/default"):
            with suppress(OSError), open(entry.path) as file:
                wanted[f"net/{family}/conf/{link}/{entry.name}"] = file.read()
        wanted.pop(f"net/{family}/conf/{link}/mtu", None)  # each has its own
        settings.assure(wanted)
