"""What belongs to the links of one namespace, made as it is to be: by the differences to what is there.

So what is new is built, what has been changed is put back, and what is as it is to be stays untouched. What a
kernel refuses is collected, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from netlab.linux import polling
from netlab.linux.netlink import xfrm
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netlink.socket import NetlinkSocket
from netlab.linux.netlink.xfrm import Xfrm
from netlab.linux.netns import do_as_owner, enter
from netlab.linux.wiring import addresses, ipsec, neighbours, policies, queues, routes, vlans
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack

T = TypeVar("T")
SECONDS_TO_HEAR = 1.0
SECONDS_TO_FIND = 2.5  # a duplicate: a kernel waits up to a second before it asks
Change = Callable[[RouteSocket, T], None]


class Refusals:
    """What a kernel, or we, would not do; a line each."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def batch(self, kernel: NetlinkSocket, node: str) -> Iterator[None]:
        """A batch of changes of which each is tried."""
        refused: list[OSError] = []
        with kernel.batch(refused):
            yield
        self.lines += [f"{node}: {error.strerror or error}" for error in refused]

    def attempt(self, node: str, change: Callable[[], None]) -> None:
        """Do it; what cannot be done is noted."""
        try:
            change()
        except Unfit as error:
            self.lines.append(f"{node}: {error}")
        except OSError as error:
            self.lines.append(f"{node}: {error.strerror or error}")


class Node:
    """One namespace (a descriptor) to be made like `wanted`, by way of its socket. One that has just been
    made is like `made`: what does not come with links need not be read."""

    def __init__(
        self,
        namespace: int,
        kernel: RouteSocket,
        wanted: pack.Node,
        refusals: Refusals,
        made: pack.Node | None = None,
    ) -> None:
        self._namespace, self._kernel, self._made = namespace, kernel, made
        self._wanted, self._refusals = wanted, refusals

    def addresses(self) -> None:
        """Of a link whose IPv4 addresses are others, all are given anew: the first is not like the rest."""
        have = addresses.read(self._kernel)
        wanted = [
            each for each in self._wanted.addresses if not each.flags & addresses.FAILED or each in have
        ]
        gone, come = [], []
        for index in dict.fromkeys(each.index for each in (*have, *wanted)):
            for is_six in (False, True):
                old, new = (_of(each, index, is_six) for each in (have, wanted))
                if old == new or (is_six and set(old) == set(new)):
                    continue
                gone += [each for each in old if not is_six or each not in new]
                come += [each for each in new if not is_six or each not in old]
        self._change(addresses.delete, gone, quietly=True)  # the first takes the rest with it
        self._change(addresses.add, come)

    def wait_for_groups(self) -> None:
        """Until whoever asks for one of its addresses of IPv6 is heard: they would ask again a second later,
        and who looks for a duplicate never does."""
        up = {link.index for link in self._wanted.links if link.up and link.kind != "loopback"}
        told = [each for each in self._wanted.addresses if each.index in up and ":" in each.address]
        told = [each for each in told if not each.flags & addresses.FAILED]
        for _look in polling.looks(seconds=SECONDS_TO_HEAR, pause=0.002) if told else ():
            with enter(self._namespace):
                heard = addresses.groups()
            if all(addresses.has_heard(each, heard) for each in told):
                return

    def add_duplicates(self) -> list[pack.Address]:
        """Addresses that the kernel found somebody else to have: added again, and which those are."""
        have = addresses.read(self._kernel)
        failed = [each for each in self._wanted.addresses if each.flags & addresses.FAILED]
        missing = [each for each in failed if each not in have]
        self._change(addresses.add, missing)
        return missing

    def wait_for(self, duplicates: Sequence[pack.Address]) -> None:
        """Until the kernel has found again that somebody has them."""
        for _look in polling.looks(seconds=SECONDS_TO_FIND, pause=0.02):
            if set(duplicates) <= set(addresses.read(self._kernel)):
                return

    def routes(self) -> None:
        """Of routes to one place, all are given anew where their order is another.

        A gateway that a kernel does not find any more it found when the route was made: it is told that it is
        there, on the link.
        """
        have = _by_place(routes.read(self._kernel))
        wanted = _by_place(self._wanted.routes)
        gone = [route for place, each in have.items() if wanted.get(place) != each for route in each]
        come = [route for place, each in wanted.items() if have.get(place) != each for route in each]
        self._change(routes.delete, gone, quietly=True)
        self._change(routes.add, routes.in_order(come), quietly=True)
        there = set(routes.read(self._kernel)) if come else set()
        missing = [route for route in come if route not in there]
        self._change(routes.add, [_onlink(route) for route in missing])

    def nexthops(self) -> None:
        """Groups behind their members."""
        have = self._made.nexthops if self._made else routes.read_nexthops(self._kernel)
        wanted = self._wanted.nexthops
        self._change(routes.delete_nexthop, [hop for hop in have if hop not in wanted], quietly=True)
        come = [hop for hop in wanted if hop not in have]
        self._change(routes.add_nexthop, sorted(come, key=lambda hop: bool(hop.group)))

    def add_policies(self) -> None:
        """Before the routes: by some of them their gateways are found."""
        have, wanted = self._policies(), self._wanted.policies
        self._change_policies(policies.add, [rule for rule in wanted if rule not in have])

    def delete_policies(self) -> None:
        """Behind the routes, for the same reason."""
        have, wanted = self._policies(), self._wanted.policies
        self._change_policies(policies.delete, [rule for rule in have if rule not in wanted])

    def _policies(self) -> tuple[pack.PolicyRule, ...]:
        """Those that were there, and perhaps those that have been added."""
        return self._made.policies if self._made else policies.read(self._kernel)

    def _change_policies(self, change: Change[pack.PolicyRule], rules: Sequence[pack.PolicyRule]) -> None:
        self._change(change, [rule for rule in rules if not policies.is_of_users(rule)])
        of_users = [rule for rule in rules if policies.is_of_users(rule)]

        def work() -> None:
            with RouteSocket() as kernel, kernel.batch():
                for rule in of_users:
                    change(kernel, rule)

        if of_users:
            self._refusals.attempt(self._wanted.name, lambda: do_as_owner(self._namespace, work))

    def ipsec(self) -> None:
        """In the order of the pack where there are several to one place: a kernel finds the first."""
        if self._made and self._made.ipsec == self._wanted.ipsec:
            return
        if not xfrm.is_there(self._namespace):
            lacking = len(self._wanted.ipsec)
            self._refusals.lines += [f"{self._wanted.name}: no IPsec here"] if lacking else []
            return
        with Xfrm(self._namespace) as socket:
            have, wanted = ipsec.read(socket), self._wanted.ipsec
            if have == wanted:
                return
            with self._refusals.batch(socket, self._wanted.name):
                for change, those in ((ipsec.delete, have), (ipsec.add, wanted)):
                    for each in those:
                        self._refusals.attempt(self._wanted.name, partial(change, socket, each))

    def vlans(self) -> None:
        """Of bridges that filter by VLAN: others are in none."""
        bridges = {link.index for link in self._wanted.links if link.kind == "bridge"}
        if not any(vlans.filters(link) for link in self._wanted.links):
            return
        have, wanted = vlans.read(self._kernel), self._wanted.vlans
        for change, each in (
            (vlans.delete, [vlan for vlan in have if vlan not in wanted]),
            (vlans.add, [vlan for vlan in wanted if vlan not in have]),
        ):
            self._change(partial(_of_bridges, change, bridges), each)

    def neighbours(self) -> None:
        """What has been learned beyond that stays: it may have been learned since."""
        have, wanted = neighbours.read(self._kernel), self._wanted.neighbours
        lasting = [e for e in have if not neighbours.is_passing(e) and e not in wanted]
        missing = [entry for entry in wanted if entry not in have]
        self._make_alike(lasting, missing, neighbours.delete, neighbours.add)

    def fdb(self) -> None:
        """The same. The MAC addresses of a bridge and its ports come with them: which of two that are alike
        the kernel names is by chance, and without either the bridge would hear nothing."""
        own = {(link.index, link.mac) for link in self._wanted.links if link.master or link.kind == "bridge"}
        listed = neighbours.read_fdb(self._kernel), self._wanted.fdb
        have, wanted = ([entry for entry in each if (entry.index, entry.mac) not in own] for each in listed)
        lasting = [e for e in have if not neighbours.is_passing(e) and e not in wanted]
        missing = [entry for entry in wanted if entry not in have]
        self._make_alike(lasting, missing, neighbours.delete_fdb, neighbours.add_fdb)

    def queues(self) -> None:
        """Those below another, or below one of its classes, behind it."""
        have, wanted = queues.read(self._kernel), self._wanted.queues
        missing = [each for each in wanted if each not in have]
        gone = [each for each in have if each not in wanted]
        self._change(queues.delete, sorted(gone, key=lambda each: each.parent == queues.ROOT))
        self._change(queues.add, [each for each in missing if each.parent == queues.ROOT])
        if self._wanted.classes or any(each.kind in queues.CLASSES for each in have):
            self._classes()
        self._change(queues.add, [each for each in missing if each.parent != queues.ROOT])

    def _classes(self) -> None:
        have, wanted = queues.read_classes(self._kernel, self._wanted.queues), self._wanted.classes
        self._change(queues.delete_class, [each for each in reversed(have) if each not in wanted])
        self._change(queues.add_class, [each for each in wanted if each not in have])

    def _make_alike(self, have: Sequence[T], wanted: Sequence[T], delete: Change[T], add: Change[T]) -> None:
        self._change(delete, [each for each in have if each not in wanted])
        self._change(add, [each for each in wanted if each not in have])

    def _change(self, change: Change[T], values: Iterable[T], *, quietly: bool = False) -> None:
        values = list(values)
        if not values:
            return
        refusals = Refusals() if quietly else self._refusals
        with refusals.batch(self._kernel, self._wanted.name):
            for value in values:
                refusals.attempt(self._wanted.name, lambda value=value: change(self._kernel, value))  # type: ignore[misc]


def _of_bridges(
    change: Callable[[RouteSocket, pack.PortVlan, bool], None],
    bridges: Collection[int],
    kernel: RouteSocket,
    vlan: pack.PortVlan,
) -> None:
    change(kernel, vlan, vlan.index in bridges)


def _onlink(route: pack.Route) -> pack.Route:
    return replace(route, flags=route.flags | routes.ONLINK) if route.gateway and route.index else route


def _of(found: Sequence[pack.Address], index: int, is_six: bool) -> list[pack.Address]:
    return [each for each in found if each.index == index and (":" in each.address) == is_six]


def _by_place(found: Sequence[pack.Route]) -> dict[tuple[object, ...], list[pack.Route]]:
    places: dict[tuple[object, ...], list[pack.Route]] = {}
    for route in found:
        places.setdefault(routes.place(route), []).append(route)
    return places
