"""The links of all nodes of a lab, made as a pack has them: what reaches from one namespace into another.

By the differences to what is there, and several steps for all nodes at once: deletions, new links, what is
set of them, and who is up.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter
from netlab.linux.wiring import carriers, kinds, links, neighbours, settings
from netlab.linux.wiring.fields import Unfit
from netlab.linux.wiring.reconcile import Refusals
from netlab.model import pack

Key = tuple[str, int]  # a node's name, a link's index
Links = dict[Key, pack.Link]
DAD, DEFAULT_DAD = "ipv6/conf/accept_dad", "ipv6/conf/default/accept_dad"


@dataclass(frozen=True)
class Site:
    """A namespace of the lab, held open, that is to become like a node."""

    node: pack.Node
    fd: int
    kernel: RouteSocket


class Cables:
    """Makes the links of all sites those of their nodes; `have` are the links that are there.

    `same` are the nodes that are as they are to be, while nobody touches them.
    """

    def __init__(
        self, sites: Mapping[str, Site], have: Links, refusals: Refusals, same: Collection[str] = ()
    ) -> None:
        self._same = set(same)
        self._sites, self._have, self._refusals = sites, have, refusals
        self._wanted: Links = {
            (name, link.index): link for name, site in sites.items() for link in site.node.links
        }
        self.new: list[Key] = []  # what has been made here
        self.lacking: set[Key] = set()  # what cannot be made here, so that something else has to play it

    def make(self) -> None:
        """All of it, but settings and addresses; nothing is set of links while some are `lacking`."""
        self._delete(self._leftovers())
        self._rename_apart()
        missing = [key for key in self._wanted if key not in self._have]
        for key in sorted(missing, key=self._depth):
            if key not in self._have:
                self._add(key)
        if not self.lacking:
            self._change()

    def is_touched(self, name: str) -> bool:
        """Whether a node's links had to be changed."""
        return name not in self._same

    def _others(self) -> list[tuple[str, Site]]:
        return [(name, site) for name, site in self._sites.items() if name not in self._same]

    def _leftovers(self) -> set[Key]:
        """What is not in the pack, or cannot become what is, with all that goes with it."""
        gone = {
            key
            for key, link in self._have.items()
            if link.kind != "loopback" and not self._is_alike(link, self._wanted.get(key))
        }
        while True:
            more = {
                key
                for key, link in self._have.items()
                if key not in gone and link.other and (link.other.node, link.other.index) in gone
            }
            if not more:
                return gone
            gone |= more

    @staticmethod
    def _is_alike(link: pack.Link, wanted: pack.Link | None) -> bool:
        return wanted is not None and links.is_alike(link, wanted)

    def _delete(self, gone: set[Key]) -> None:
        self._same -= {name for name, __ in gone}
        for name, site in self._sites.items():
            kept = [index for node, index in self._have if node == name and (node, index) not in gone]
            if any(node == name for node, __ in gone):
                self._refusals.attempt(name, lambda site=site, kept=kept: site.kernel.delete_links(kept))  # type: ignore[misc]
        for key in gone:
            del self._have[key]

    def _rename_apart(self) -> None:
        """A name that another one is to have has to be free first."""
        for key, link in list(self._have.items()):
            wanted = self._wanted.get(key)
            if wanted and wanted.name != link.name:
                free = replace(link, name=f"was{link.index}")
                site = self._sites[key[0]]
                self._refusals.attempt(
                    key[0],
                    lambda site=site, link=link, free=free: links.rename(site.kernel, link, free.name),  # type: ignore[misc]
                )
                self._have[key] = free

    def _depth(self, key: Key) -> tuple[int, str, int]:
        """How many links are below it: what stands on another one comes behind that."""
        depth, link = 0, self._wanted[key]
        while link.kind in kinds.LOWER and link.other and depth < len(self._wanted):
            link, depth = self._wanted[link.other.node, link.other.index], depth + 1
        return depth, *key

    def _add(self, key: Key) -> None:
        link, site = self._wanted[key], self._sites[key[0]]
        try:
            if link.kind == "veth" and link.other:
                self._add_pair(key, (link.other.node, link.other.index))
            elif link.kind not in kinds.KINDS or link.kind == "veth":
                self.lacking.add(key)
            else:
                lower = self._sites[link.other.node] if link.other else site
                links.add(lower.kernel, link, site.fd)
                self._note(key)
        except Unfit as error:
            self._refusals.lines.append(f"{key[0]}: {error}")
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                self.lacking.add(key)
            else:
                self._refusals.lines.append(f"{key[0]}: {error.strerror or error}")

    def _add_pair(self, near: Key, far: Key) -> None:
        other = self._wanted[far]
        links.add_pair(self._sites[near[0]].kernel, self._wanted[near], other, self._sites[far[0]].fd)
        self._note(near, far)

    def _note(self, *keys: Key) -> None:
        """What a new link is like is seen when it is looked at; until then only that it is there."""
        for key in keys:
            self._have[key] = self._wanted[key]
            self._same.discard(key[0])
            self.new.append(key)

    # -- what is set of links

    def _change(self) -> None:
        new, told = set(self.new), list[Key]()
        pairs = {}
        for name, site in self._others():
            pairs[name] = list(self._pairs(site))
            with self._refusals.batch(site.kernel, name):
                for key, have, wanted in pairs[name]:
                    if key in new and wanted.up:  # it gets no address by itself: see `addresses`
                        links.set_address_mode(site.kernel, wanted, links.BY_HAND)
                    self._attempt(key, links.change, site, have, wanted)
        for name, site in self._others():
            self._set_dad(site, "0")
            if any(
                wanted.master or (have.up and wanted.kind != "loopback") for __, have, wanted in pairs[name]
            ):
                pairs[name] = list(self._pairs(site))  # some are ports by now, or went down for a change
            with self._refusals.batch(site.kernel, name):
                for key, have, wanted in sorted(pairs[name], key=lambda each: self._depth(each[0])):
                    self._attempt(key, links.set_port, site, have, wanted)
                    if have.up != wanted.up:
                        links.set_up(site.kernel, wanted)
                        told.append(key)
        self._wait_for_carriers(told)

    def _wait_for_carriers(self, told: Iterable[Key]) -> None:
        """Of links that were set up or down: when the kernel acts on it, IPv6 may give them an address."""
        late: dict[str, list[int]] = {}
        for name, index in sorted(told, key=self._depth):
            if self._wanted[name, index].kind in carriers.TELLING:
                late.setdefault(name, []).append(index)
        for name, indexes in late.items():
            carriers.wait(self._sites[name].kernel, indexes, lost=False)

    def _attempt(self, key: Key, change: object, site: Site, have: pack.Link, wanted: pack.Link) -> None:
        self._refusals.attempt(key[0], lambda: change(site.kernel, have, wanted))  # type: ignore[operator]

    def _pairs(self, site: Site) -> Iterator[tuple[Key, pack.Link, pack.Link]]:
        """The links of a site as they are now and as they are to be."""
        for found in links.read(site.kernel):
            key = site.node.name, found.link.index
            if wanted := self._wanted.get(key):
                if wanted.kind not in kinds.CHANGEABLE:
                    wanted = replace(wanted, details=found.link.details)
                yield key, found.link, _with_bridge_mac(found.link, wanted, site.node.links)

    def _set_dad(self, site: Site, value: str) -> None:
        """Whether an IPv6 address of a new link is looked for first: in the original it was, long ago."""
        new = [link for link in site.node.links if (site.node.name, link.index) in self.new]
        files = [(settings.of_link(link, DAD), value) for link in new if link.kind != "loopback"]
        with enter(site.fd):
            settings.assure(files)

    def finish(self, unchanged: Mapping[str, str]) -> None:
        """Once the addresses are there: how IPv6 makes others, whether it looks for them; states of ports."""
        for name, site in self._others():
            with self._refusals.batch(site.kernel, name):
                for found in links.read(site.kernel):
                    wanted = self._wanted.get((name, found.link.index))
                    if wanted and found.link.addr_gen_mode != wanted.addr_gen_mode:
                        links.set_address_mode(site.kernel, wanted, wanted.addr_gen_mode)
            usual = site.node.settings.get(f"net/{DEFAULT_DAD}", unchanged.get(f"net/{DEFAULT_DAD}", "1"))
            self._set_dad(site, usual)
            with enter(site.fd):
                told = [link for link in site.node.links if DAD in link.settings]
                settings.assure((settings.of_link(link, DAD), link.settings[DAD]) for link in told)
        for name, site in self._others():
            if self._has_states(site):
                # A bridge enables a port when it hears that it has a carrier, whatever has been set.
                carriers.wait(site.kernel, [link.index for link in site.node.links if link.master])
                with self._refusals.batch(site.kernel, name):
                    for key, have, wanted in self._pairs(site):
                        self._attempt(key, links.set_state, site, have, wanted)

    def _has_states(self, site: Site) -> bool:
        """Whether a port is to have, or has, a state that it does not have by itself."""
        there = [link for (name, __), link in self._have.items() if name == site.node.name]
        return any("state" in link.port for link in (*there, *site.node.links))


def _with_bridge_mac(have: pack.Link, wanted: pack.Link, others: Iterable[pack.Link]) -> pack.Link:
    """A bridge that has the least MAC address of its ports has taken it over, and is to go on doing so."""
    ports = [link.mac for link in others if link.master == wanted.index]
    if wanted.kind == "bridge" and ports and min(ports) == wanted.mac:
        return replace(wanted, mac=have.mac)
    return wanted


def wait_for_proxies(site: Site) -> None:
    """A link whose carrier has gone forgets for whom it answers, a moment later: before they are told."""
    kinds_ = {link.index: link.kind for link in site.node.links}
    told = {entry.index for entry in site.node.neighbours if neighbours.is_proxy(entry)}
    if told := {index for index in told if kinds_[index] in carriers.TELLING}:
        carriers.wait(site.kernel, told)
