"""The rules of one namespace, all anew, where they are not the wanted ones."""

from __future__ import annotations

from netlab.engines import base_lab
from netlab.keeper.cables import Site
from netlab.keeper.known_rules import KnownRules
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netns import enter
from netlab.linux.ruleset import ip_sets, iptables, native
from netlab.model import pack


class Rules:
    """Those of a site's node, where it has those of `have`. Programs make them, while somebody else lays
    cables: what they are told names links, and needs none."""

    def __init__(self, site: Site, have: pack.Node | None, known: KnownRules) -> None:
        self._site, self._refused = site, list[str]()
        self._restores: list[iptables.Restore] = []
        there = (have.tables, have.native, have.ip_sets) if have else ((), (), ())
        self._are_there = there == (site.node.tables, site.node.native, site.node.ip_sets)
        if have and not self._are_there:
            self._are_there = known.put(site.fd, have, site.node)
        if not self._are_there:
            self._clear(any(there), bool(have and have.ip_sets))
            self._start()

    def _clear(self, has_any: bool, has_sets: bool) -> None:
        if has_any:
            base_lab.clear_legacy(self._site.fd)
            with Netfilter(self._site.fd) as netfilter:
                netfilter.flush()
        with Netfilter(self._site.fd) as netfilter:  # a rule has let go of its set when the first was closed
            if has_sets:
                netfilter.destroy_sets()
            self._refused += ip_sets.restore(netfilter, self._site.node.ip_sets)

    def _start(self) -> None:
        with enter(self._site.fd):
            for family in iptables.COMMANDS:
                for backend in iptables.BACKENDS:
                    tables = [t for t in self._site.node.tables if (t.family, t.backend) == (family, backend)]
                    if tables:
                        self._restores.append(iptables.Restore(tables, family, backend))

    def finish(self) -> list[str]:
        """Once the links are as they are to be, which nft's own may need: what was refused, a line each."""
        if not self._are_there:
            with enter(self._site.fd):
                for each in self._restores:
                    self._refused += each.finish()
                self._refused += native.restore(self._site.node.native)
        return [f"{self._site.node.name}: {line}" for line in self._refused]
