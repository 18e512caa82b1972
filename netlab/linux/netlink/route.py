"""The kernel's networking, over a netlink socket in one namespace: read it, and change it.

    with Kernel(namespace) as kernel:
        kernel.links(); kernel.add_bridge("docker0"); …

Reading gives model values; what is asked for and refused raises OSError with the kernel's errno.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Collection
from contextlib import suppress

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import parse
from netlab.linux.netlink.socket import NetlinkSocket
from netlab.model import Address, Interface, Neighbour, PolicyRule, Route

IFLA_TXQLEN = 13
LEAVING = 0x6E65746C  # a group of links: a number that nobody else gives
_CREATE = rt.NLM_F_CREATE | rt.NLM_F_EXCL
_WITHOUT_STATISTICS = (29, 1 << 3)  # IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS
_ANY = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)
# What `ip rule` shows in a fresh namespace.
_OWN_RULES = {
    PolicyRule(preference, "lookup", table, family=family)
    for family, tables in ((4, ("local", "main", "default")), (6, ("local", "main")))
    for preference, table in zip((0, 32766, 32767), tables, strict=False)
}


class RouteSocket(NetlinkSocket):
    """An rtnetlink(7) socket in a network namespace."""

    def __enter__(self) -> RouteSocket:
        return self

    # -- reading --------------------------------------------------------------------------------

    def interfaces(self) -> tuple[Interface, ...]:
        """Every interface with its addresses. A peer in another namespace has the (negative) number that
        this namespace knows that one by in `peer.netns`, -1 for "unknown"; `nsid` translates it."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(*_WITHOUT_STATISTICS)
        links = [parse.link(content) for _, content in self.query(rt.RTM_GETLINK, rt.NLM_F_DUMP, body)]
        names = {index: rt.text(found.get(3)) for index, _, found in links}
        addresses: dict[int, list[Address]] = {}
        for _, content in self.query(rt.RTM_GETADDR, rt.NLM_F_DUMP, rt.IFADDR.pack(0, 0, 0, 0, 0)):
            index, address = parse.address(content)
            addresses.setdefault(index, []).append(address)
        return tuple(
            parse.interface(self.netns, link, names, tuple(addresses.get(link[0], ()))) for link in links
        )

    def routes(self, names: dict[int, str]) -> tuple[Route, ...]:
        """The routes of every table; `names` are the interfaces' names by index."""
        found = (content for _, content in self.query(rt.RTM_GETROUTE, rt.NLM_F_DUMP, _ANY))
        return tuple(parse.route(c, names.get(parse.leaves_by(c), "")) for c in found)

    def policies(self) -> tuple[PolicyRule, ...]:
        """The rules of `ip rule`, of both families."""
        found = [parse.policy(content) for _, content in self.query(rt.RTM_GETRULE, rt.NLM_F_DUMP, _ANY)]
        return tuple(rule for rule in found if rule is not None)

    def neighbours(self, names: dict[int, str]) -> tuple[Neighbour, ...]:
        body = rt.NDMSG.pack(0, 0, 0, 0, 0)
        found = (parse.neighbour(c, names) for _, c in self.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, body))
        return tuple(n for n in found if n.state != "NOARP")

    def fdb(self, names: dict[int, str]) -> tuple[Neighbour, ...]:
        """Which MAC address is behind which other end of a tunnel; what was learned is not PERMANENT."""
        body = rt.IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0)
        found = (parse.neighbour(c, names) for _, c in self.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, body))
        return tuple(entry for entry in found if entry.address)

    def queue_drops(self, names: dict[int, str]) -> dict[str, int]:
        """How many packets each queueing discipline has dropped, by "qdisc DEVICE KIND"."""
        body = rt.TCMSG.pack(0, 0, 0, 0, 0)
        found = {}
        for _, content in self.query(rt.RTM_GETQDISC, rt.NLM_F_DUMP, body):
            _, index, _, _, _ = rt.TCMSG.unpack_from(content)
            attributes = rt.attributes(content, rt.TCMSG.size)
            queue = rt.attributes(attributes.get(7, b"")).get(3, b"")  # TCA_STATS2: TCA_STATS_QUEUE
            if len(queue) >= 12:  # qlen, backlog, drops, …
                found[f"qdisc {names.get(index, index)} {rt.text(attributes.get(1))}"] = rt.number(
                    queue[8:12]
                )
        return found

    def nsid(self, namespace: int) -> int:
        """The number by which this namespace knows the one that `namespace` (a descriptor) is; -1 if none."""
        netnsa_nsid, netnsa_fd = 1, 3
        body = b"\0\0\0\0" + rt.attribute(netnsa_fd, namespace)
        for _, content in self.query(rt.RTM_GETNSID, 0, body):
            value = rt.attributes(content, 4).get(netnsa_nsid)
            return int(struct.unpack("=i", value)[0]) if value else -1
        return -1

    # -- changing -------------------------------------------------------------------------------

    def add_veth(
        self,
        name: str,
        peer: str,
        peer_namespace: int,
        *,
        peer_mac: str = "",
        txqlen: int = 1000,
        index: int = 0,
        peer_index: int = 0,
    ) -> None:
        """A veth pair: `name` here, `peer` in the namespace that descriptor `peer_namespace` refers to.

        An index of 0 is the next one; the peer's can be told only together with ours.
        """
        ifla_net_ns_fd = 28
        one_queue = rt.attribute(31, 1) + rt.attribute(32, 1)  # spares an RCU wait each
        one_queue += rt.attribute(IFLA_TXQLEN, txqlen)
        far = rt.IFINFO.pack(0, 0, peer_index, 0, 0) + rt.attribute(3, peer) + one_queue
        far += rt.attribute(ifla_net_ns_fd, peer_namespace) + _mac_attribute(peer_mac)
        info = rt.attribute(18, rt.attribute(1, "veth") + rt.attribute(2, rt.attribute(1, far)))
        body = rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(3, name) + one_queue + info
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add veth {name}")

    def add_macvlan(self, name: str, lower: str, mode: str, namespace: int, mac: str = "") -> None:
        """A macvlan on our device `lower`, in the namespace that descriptor `namespace` refers to."""
        modes = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
        info = rt.attribute(18, rt.attribute(1, "macvlan") + rt.attribute(2, rt.attribute(1, modes[mode])))
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name) + rt.attribute(5, self.index(lower))
        body += rt.attribute(28, namespace) + rt.attribute(IFLA_TXQLEN, 0) + _mac_attribute(mac) + info
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add macvlan {name} on {lower}")

    def add_bridge(self, name: str, mac: str = "", *, txqlen: int = 1000, index: int = 0) -> None:
        info = rt.attribute(IFLA_TXQLEN, txqlen) + rt.attribute(18, rt.attribute(1, "bridge"))
        body = rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(3, name) + _mac_attribute(mac) + info
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add bridge {name}")

    def delete_link(self, name: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name)
        self.request(rt.RTM_DELLINK, 0, body, f"delete {name}")

    def set_up(self, name: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, rt.IFF_UP, rt.IFF_UP) + rt.attribute(3, name)
        self.request(rt.RTM_NEWLINK, 0, body, f"set {name} up")

    def set_master(self, name: str, master: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name) + rt.attribute(10, self.index(master))
        self.request(rt.RTM_NEWLINK, 0, body, f"set {name} master {master}")

    def add_address(self, name: str | int, address: str, prefixlen: int) -> None:
        """Give an interface, by name or index, an address; an IPv4 one with its broadcast, as Docker does."""
        family, raw = rt.packed_ip(address)
        index = name if isinstance(name, int) else self.index(name)
        body = rt.IFADDR.pack(family, prefixlen, 0, 0, index)
        body += rt.attribute(2, raw) + rt.attribute(1, raw)
        if family == socket.AF_INET and prefixlen < 31:
            host_bits = (1 << (32 - prefixlen)) - 1
            body += rt.attribute(4, struct.pack("!I", struct.unpack("!I", raw)[0] | host_bits))
        self.request(rt.RTM_NEWADDR, _CREATE, body, f"add address {address} to {name}")

    def add_default_route(self, gateway: str) -> None:
        family, raw = rt.packed_ip(gateway)
        body = rt.RTMSG.pack(family, 0, 0, 0, 254, 3, 0, 1, 0) + rt.attribute(5, raw)
        self.request(rt.RTM_NEWROUTE, _CREATE, body, f"add default route via {gateway}")

    def clear(self, keep: Collection[int] = ()) -> None:
        """Take out links (lo, and those whose index is to `keep`, go down), addresses, routes, and rules but
        the kernel's own."""
        self.delete_links(keep)
        self._delete_all(rt.RTM_GETADDR, rt.RTM_DELADDR, rt.IFADDR.pack(0, 0, 0, 0, 0))
        links = self.interfaces()
        with self.batch():
            for link in links:
                body = rt.IFINFO.pack(0, 0, link.index, 0, rt.IFF_UP)
                self.request(rt.RTM_NEWLINK, 0, body, f"set {link.name} down")
        self._delete_all(rt.RTM_GETROUTE, rt.RTM_DELROUTE, _ANY)
        if set(self.policies()) != _OWN_RULES:
            self._delete_all(rt.RTM_GETRULE, rt.RTM_DELRULE, _ANY)
            for rule in _OWN_RULES:
                family = socket.AF_INET6 if rule.family == 6 else socket.AF_INET
                table = next(number for number, name in rt.TABLES.items() if name == rule.table)
                body = rt.RTMSG.pack(family, 0, 0, 0, table, 0, 0, 1, 0) + rt.attribute(6, rule.preference)
                self.request(rt.RTM_NEWRULE, _CREATE, body, f"add rule {rule}")

    def forget_neighbours(self) -> None:
        self._delete_all(rt.RTM_GETNEIGH, rt.RTM_DELNEIGH, rt.NDMSG.pack(0, 0, 0, 0, 0))

    def forget_further_addresses(self, index: int) -> None:
        """Have a link listen to no MAC address but its own: each macvlan on it has entered one."""
        listed = self.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, rt.IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0))
        entries = [content for _, content in listed if rt.NDMSG.unpack_from(content)[1] == index]
        with suppress(OSError), self.batch():
            for content in entries:
                if not rt.attributes(content, rt.NDMSG.size).get(2, b"\1")[0] & 1:  # not a group's
                    self.request(rt.RTM_DELNEIGH, 0, content, "delete")

    def delete_links(self, keep: Collection[int] = ()) -> None:
        """All but lo and those."""
        if self.have_links_leave(keep):
            self.delete_leaving_links()

    def links_but(self, keep: Collection[int]) -> list[Interface]:
        """All but lo and those."""
        return [i for i in self.interfaces() if i.kind != "loopback" and i.index not in keep]

    def have_links_leave(self, keep: Collection[int]) -> bool:
        """Make all but lo and those one group: the kernel waits for their last users once then. Whether there
        are any."""
        links = self.links_but(keep)
        with suppress(OSError), self.batch():  # the other end of one was deleted at this moment
            for link in links:
                self.request(rt.RTM_SETLINK, 0, _of_group(link.index, LEAVING), f"delete {link.name}")
        return bool(links)

    def delete_leaving_links(self) -> None:
        """Delete that group. They are gone long before this returns: see `wait_for_the_kernel`."""
        try:
            self.request(rt.RTM_DELLINK, 0, _of_group(0, LEAVING), "delete all links")
        except OSError as error:
            if error.errno != errno.ENODEV:  # all have gone with their other ends
                raise

    def wait_for_the_kernel(self) -> None:
        """Until what it is changing at this moment has been changed: it changes one thing at a time."""
        self.request(rt.RTM_SETLINK, 0, _of_group(1, 0), "set")  # lo is in that group

    def _delete_all(self, question: int, deletion: int, body: bytes) -> None:
        """Send back what the kernel lists as what is to be deleted; what it keeps, it keeps."""
        listed = [content for _, content in self.query(question, rt.NLM_F_DUMP, body)]
        with suppress(OSError), self.batch():
            for content in listed:
                if question == rt.RTM_GETRULE and 6 not in rt.attributes(content, rt.RTMSG.size):
                    content += rt.attribute(6, 0)  # else the first rule that is like it in the rest would go
                self.request(deletion, 0, content, "delete")

    def index(self, name: str) -> int:
        """The index of an interface; OSError (ENODEV) if there is none of that name."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name)
        for _, content in self.query(rt.RTM_GETLINK, 0, body, f"interface {name}"):
            return int(rt.IFINFO.unpack_from(content)[2])
        raise AssertionError("the kernel answers a link request with a link or an error")


def _of_group(index: int, group: int) -> bytes:
    ifla_group = 27
    return rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(ifla_group, group)


def _mac_attribute(mac: str) -> bytes:
    return rt.attribute(1, bytes.fromhex(mac.replace(":", ""))) if mac else b""
