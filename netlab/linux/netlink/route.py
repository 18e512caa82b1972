"""The kernel's networking, over a netlink socket in one namespace: read it, and change it.

    with RouteSocket(namespace) as kernel: kernel.interfaces(); kernel.add_bridge("docker0"); …

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

LEAVING = 0x6E65746C  # a group of links: a number that nobody else gives
_CREATE = rt.NLM_F_CREATE | rt.NLM_F_EXCL
_WITHOUT_STATISTICS = (rt.IFLA_EXT_MASK, rt.RTEXT_FILTER_SKIP_STATS)
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
        names = {index: rt.text(found.get(rt.IFLA_IFNAME)) for index, _, found in links}
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
        """The neighbour entries of every interface; `names` are those of interfaces, by index."""
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
            queue = rt.attributes(attributes.get(rt.TCA_STATS2, b"")).get(rt.TCA_STATS_QUEUE, b"")
            if len(queue) >= 12:  # qlen, backlog, drops, …
                kind = rt.text(attributes.get(rt.TCA_KIND))
                found[f"qdisc {names.get(index, index)} {kind}"] = rt.number(queue[8:12])
        return found

    def nsid(self, namespace: int) -> int:
        """The number by which this namespace knows the one that `namespace` (a descriptor) is; -1 if none."""
        body = b"\0\0\0\0" + rt.attribute(rt.NETNSA_FD, namespace)
        for _, content in self.query(rt.RTM_GETNSID, 0, body):
            value = rt.attributes(content, 4).get(rt.NETNSA_NSID)
            return rt.signed_number(value, -1)
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
        one_queue = rt.attribute(rt.IFLA_NUM_TX_QUEUES, 1) + rt.attribute(
            rt.IFLA_NUM_RX_QUEUES, 1
        )  # spares an RCU wait each
        one_queue += rt.attribute(rt.IFLA_TXQLEN, txqlen)
        far = rt.IFINFO.pack(0, 0, peer_index, 0, 0) + rt.attribute(rt.IFLA_IFNAME, peer) + one_queue
        far += rt.attribute(rt.IFLA_NET_NS_FD, peer_namespace) + _mac_attribute(peer_mac)
        info = _link_info("veth", rt.attribute(rt.VETH_INFO_PEER, far))
        body = rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(rt.IFLA_IFNAME, name) + one_queue + info
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add veth {name}")

    def add_macvlan(self, name: str, lower: str, mode: str, namespace: int, mac: str = "") -> None:
        """A macvlan on our device `lower`, in the namespace that descriptor `namespace` refers to."""
        number = next(number for number, name in rt.MACVLAN_MODES.items() if name == mode)
        info = _link_info("macvlan", rt.attribute(rt.IFLA_MACVLAN_MODE, number))
        body = (
            rt.IFINFO.pack(0, 0, 0, 0, 0)
            + rt.attribute(rt.IFLA_IFNAME, name)
            + rt.attribute(rt.IFLA_LINK, self.index(lower))
        )
        body += (
            rt.attribute(rt.IFLA_NET_NS_FD, namespace)
            + rt.attribute(rt.IFLA_TXQLEN, 0)
            + _mac_attribute(mac)
            + info
        )
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add macvlan {name} on {lower}")

    def add_bridge(self, name: str, mac: str = "", *, txqlen: int = 1000, index: int = 0) -> None:
        """Make a bridge, down; without a MAC address or an index the kernel chooses. OSError."""
        info = rt.attribute(rt.IFLA_TXQLEN, txqlen) + _link_info("bridge")
        body = (
            rt.IFINFO.pack(0, 0, index, 0, 0)
            + rt.attribute(rt.IFLA_IFNAME, name)
            + _mac_attribute(mac)
            + info
        )
        self.request(rt.RTM_NEWLINK, _CREATE, body, f"add bridge {name}")

    def delete_link(self, name: str) -> None:
        """Delete the link of that name. OSError."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(rt.IFLA_IFNAME, name)
        self.request(rt.RTM_DELLINK, 0, body, f"delete {name}")

    def set_up(self, name: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, rt.IFF_UP, rt.IFF_UP) + rt.attribute(rt.IFLA_IFNAME, name)
        self.request(rt.RTM_NEWLINK, 0, body, f"set {name} up")

    def set_master(self, name: str, master: str) -> None:
        """Make a link the port of a bridge. OSError."""
        body = (
            rt.IFINFO.pack(0, 0, 0, 0, 0)
            + rt.attribute(rt.IFLA_IFNAME, name)
            + rt.attribute(rt.IFLA_MASTER, self.index(master))
        )
        self.request(rt.RTM_NEWLINK, 0, body, f"set {name} master {master}")

    def add_address(self, name: str | int, address: str, prefixlen: int) -> None:
        """Give an interface, by name or index, an address; an IPv4 one with its broadcast, as Docker does."""
        family, raw = rt.packed_ip(address)
        index = name if isinstance(name, int) else self.index(name)
        body = rt.IFADDR.pack(family, prefixlen, 0, 0, index)
        body += rt.attribute(rt.IFA_LOCAL, raw) + rt.attribute(rt.IFA_ADDRESS, raw)
        if family == socket.AF_INET and prefixlen < 31:
            host_bits = (1 << (32 - prefixlen)) - 1
            body += rt.attribute(rt.IFA_BROADCAST, struct.pack("!I", struct.unpack("!I", raw)[0] | host_bits))
        self.request(rt.RTM_NEWADDR, _CREATE, body, f"add address {address} to {name}")

    def add_default_route(self, gateway: str) -> None:
        """Send what no other route takes by way of that address. OSError."""
        family, raw = rt.packed_ip(gateway)
        body = rt.RTMSG.pack(family, 0, 0, 0, rt.RT_TABLE_MAIN, rt.RTPROT_BOOT, 0, rt.RTN_UNICAST, 0)
        body += rt.attribute(rt.RTA_GATEWAY, raw)
        self.request(rt.RTM_NEWROUTE, _CREATE, body, f"add default route via {gateway}")

    def delete_default_route(self) -> None:
        """Take the IPv4 default route of the main table away, if there is one."""
        with suppress(OSError):
            body = rt.RTMSG.pack(socket.AF_INET, 0, 0, 0, rt.RT_TABLE_MAIN, 0, 0xFF, 0, 0)
            self.request(rt.RTM_DELROUTE, 0, body, "delete the default route")

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
        self._delete_nexthops()
        self._delete_all(rt.RTM_GETROUTE, rt.RTM_DELROUTE, _ANY)
        if set(self.policies()) != _OWN_RULES:
            self._delete_all(rt.RTM_GETRULE, rt.RTM_DELRULE, _ANY)
            for rule in _OWN_RULES:
                family = socket.AF_INET6 if rule.family == 6 else socket.AF_INET
                table = next(number for number, name in rt.TABLES.items() if name == rule.table)
                body = rt.RTMSG.pack(family, 0, 0, 0, table, 0, 0, rt.FR_ACT_TO_TBL, 0)
                body += rt.attribute(rt.FRA_PRIORITY, rule.preference)
                body += rt.attribute(rt.FRA_PROTOCOL, bytes((rt.RTPROT_KERNEL,)))
                self.request(rt.RTM_NEWRULE, _CREATE, body, f"add rule {rule}")

    def forget_neighbours(self) -> None:
        """Delete every neighbour entry. OSError."""
        self._delete_all(rt.RTM_GETNEIGH, rt.RTM_DELNEIGH, rt.NDMSG.pack(0, 0, 0, 0, 0))

    def forget_further_addresses(self, index: int) -> None:
        """Have a link listen to no MAC address but its own: each macvlan on it has entered one."""
        listed = self.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, rt.IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0))
        entries = [content for _, content in listed if rt.NDMSG.unpack_from(content)[1] == index]
        with suppress(OSError), self.batch():
            for content in entries:
                if (
                    not rt.attributes(content, rt.NDMSG.size).get(rt.NDA_LLADDR, b"\1")[0] & 1
                ):  # not a group's
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
            listed.sort(key=parse.is_of_users if question == rt.RTM_GETRULE else lambda content: False)
            for content in listed:
                body = parse.rule_to_delete(content) if question == rt.RTM_GETRULE else content
                self.request(deletion, 0, body, "delete")

    def _delete_nexthops(self) -> None:
        """The objects, and with them the routes that use them, which cannot be deleted as they are listed."""
        with suppress(OSError), self.batch():  # not in this kernel
            for _, content in list(self.query(rt.RTM_GETNEXTHOP, rt.NLM_F_DUMP, bytes(8))):
                number = rt.attributes(content, 8).get(rt.NHA_ID, b"")
                self.request(rt.RTM_DELNEXTHOP, 0, bytes(8) + rt.attribute(rt.NHA_ID, number), "delete")

    def index(self, name: str) -> int:
        """The index of an interface; OSError (ENODEV) if there is none of that name."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(rt.IFLA_IFNAME, name)
        for _, content in self.query(rt.RTM_GETLINK, 0, body, f"interface {name}"):
            return int(rt.IFINFO.unpack_from(content)[2])
        raise AssertionError("the kernel answers a link request with a link or an error")


def _of_group(index: int, group: int) -> bytes:
    return rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(rt.IFLA_GROUP, group)


def _link_info(kind: str, data: bytes = b"") -> bytes:
    """Of what kind a link is to be, and what such a one has to know."""
    info = rt.attribute(rt.IFLA_INFO_KIND, kind)
    return rt.attribute(rt.IFLA_LINKINFO, info + (rt.attribute(rt.IFLA_INFO_DATA, data) if data else b""))


def _mac_attribute(mac: str) -> bytes:
    return rt.attribute(rt.IFLA_ADDRESS, bytes.fromhex(mac.replace(":", ""))) if mac else b""
