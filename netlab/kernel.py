"""The kernel's networking, over a netlink socket in one namespace: read it, and change it.

    with Kernel(namespace) as kernel:
        kernel.links(); kernel.add_bridge("docker0"); …

Reading gives model values; what is asked for and refused raises OSError with the kernel's errno.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType

from netlab import rtnetlink as rt
from netlab.entries import PolicyRule
from netlab.model import Address, Interface, InterfaceId, Neighbour, Route
from netlab.netns import entered

IFLA_TXQLEN = 13
_CREATE = rt.NLM_F_CREATE | rt.NLM_F_EXCL


class Kernel:
    """A netlink socket in the network namespace `namespace` (path, descriptor, or None for this one)."""

    def __init__(self, namespace: int | str | None = None) -> None:
        self._sequence = 0
        if namespace is None:
            self._socket = self._open()
            self.netns = os.stat("/proc/thread-self/ns/net").st_ino
        else:
            with entered(namespace):
                self._socket = self._open()
                self.netns = os.stat("/proc/thread-self/ns/net").st_ino

    @staticmethod
    def _open() -> socket.socket:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((0, 0))
        sock.settimeout(5)
        return sock

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._socket.close()

    # -- asking ---------------------------------------------------------------------------------

    def ask(self, kind: int, flags: int, body: bytes, what: str = "") -> Iterator[tuple[int, bytes]]:
        """Send one request and yield (type, body) of each answer up to its end; OSError if refused."""
        self._sequence += 1
        self._socket.send(rt.message(kind, flags, self._sequence, body))
        single = not flags & rt.NLM_F_DUMP
        while True:
            for answer, sequence, content in rt.messages(self._socket.recv(1 << 17)):
                if sequence != self._sequence:
                    continue
                if answer == rt.NLMSG_ERROR:
                    code = rt.error(content)
                    if code:
                        raise OSError(code, f"{what or 'netlink'}: {os.strerror(code)}")
                    return
                if answer == rt.NLMSG_DONE:
                    return
                yield answer, content
                if single and not flags & rt.NLM_F_ACK:
                    return

    def _do(self, kind: int, flags: int, body: bytes, what: str) -> None:
        for _ in self.ask(kind, flags | rt.NLM_F_ACK, body, what):
            pass

    # -- reading --------------------------------------------------------------------------------

    def interfaces(self) -> tuple[Interface, ...]:
        """Every interface with its addresses. A peer in another namespace has the (negative) number that
        this namespace knows that one by in `peer.netns`, -1 for "unknown"; `nsid` translates it."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0)
        links = [_interface(self.netns, b) for _, b in self.ask(rt.RTM_GETLINK, rt.NLM_F_DUMP, body)]
        names = {link.index: link.name for link in links}
        addresses: dict[int, list[Address]] = {}
        for _, content in self.ask(rt.RTM_GETADDR, rt.NLM_F_DUMP, rt.IFADDR.pack(0, 0, 0, 0, 0)):
            index, address = _address(content)
            addresses.setdefault(index, []).append(address)
        return tuple(
            replace(
                link,
                master=names.get(int(link.master), "") if link.master else "",
                addresses=tuple(addresses.get(link.index, ())),
            )
            for link in links
        )

    def routes(self, names: dict[int, str]) -> tuple[Route, ...]:
        """The routes of every table; `names` are the interfaces' names by index."""
        body = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)
        return tuple(_route(c, names) for _, c in self.ask(rt.RTM_GETROUTE, rt.NLM_F_DUMP, body))

    def policies(self) -> tuple[PolicyRule, ...]:
        """The rules of `ip rule`, of both families."""
        body = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)
        found = [_policy(content) for _, content in self.ask(rt.RTM_GETRULE, rt.NLM_F_DUMP, body)]
        return tuple(rule for rule in found if rule is not None)

    def neighbours(self, names: dict[int, str]) -> tuple[Neighbour, ...]:
        body = rt.NDMSG.pack(0, 0, 0, 0, 0)
        found = (_neighbour(c, names) for _, c in self.ask(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, body))
        return tuple(n for n in found if n.state != "NOARP")

    def queue_drops(self, names: dict[int, str]) -> dict[str, int]:
        """How many packets each queueing discipline has dropped, by "qdisc DEVICE KIND"."""
        body = rt.TCMSG.pack(0, 0, 0, 0, 0)
        found = {}
        for _, content in self.ask(rt.RTM_GETQDISC, rt.NLM_F_DUMP, body):
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
        for _, content in self.ask(rt.RTM_GETNSID, 0, body):
            value = rt.attributes(content, 4).get(netnsa_nsid)
            return int(struct.unpack("=i", value)[0]) if value else -1
        return -1

    # -- changing -------------------------------------------------------------------------------

    def add_veth(
        self, name: str, peer: str, peer_namespace: int, *, peer_mac: str = "", txqlen: int = 1000
    ) -> None:
        """A veth pair: `name` here, `peer` in the namespace that descriptor `peer_namespace` refers to."""
        ifla_net_ns_fd = 28
        one_queue = rt.attribute(31, 1) + rt.attribute(32, 1)  # spares an RCU wait each
        one_queue += rt.attribute(IFLA_TXQLEN, txqlen)
        far = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, peer) + one_queue
        far += rt.attribute(ifla_net_ns_fd, peer_namespace) + _mac_attribute(peer_mac)
        info = rt.attribute(18, rt.attribute(1, "veth") + rt.attribute(2, rt.attribute(1, far)))
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name) + one_queue + info
        self._do(rt.RTM_NEWLINK, _CREATE, body, f"add veth {name}")

    def add_bridge(self, name: str, mac: str = "", *, txqlen: int = 1000) -> None:
        info = rt.attribute(IFLA_TXQLEN, txqlen) + rt.attribute(18, rt.attribute(1, "bridge"))
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name) + _mac_attribute(mac) + info
        self._do(rt.RTM_NEWLINK, _CREATE, body, f"add bridge {name}")

    def delete_link(self, name: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name)
        self._do(rt.RTM_DELLINK, 0, body, f"delete {name}")

    def set_up(self, name: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, rt.IFF_UP, rt.IFF_UP) + rt.attribute(3, name)
        self._do(rt.RTM_NEWLINK, 0, body, f"set {name} up")

    def set_master(self, name: str, master: str) -> None:
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name) + rt.attribute(10, self.index(master))
        self._do(rt.RTM_NEWLINK, 0, body, f"set {name} master {master}")

    def add_address(self, name: str, address: str, prefixlen: int) -> None:
        """Give an interface an address; an IPv4 one gets its broadcast address, as Docker does."""
        family, raw = rt.packed_ip(address)
        body = rt.IFADDR.pack(family, prefixlen, 0, 0, self.index(name))
        body += rt.attribute(2, raw) + rt.attribute(1, raw)
        if family == socket.AF_INET and prefixlen < 31:
            host_bits = (1 << (32 - prefixlen)) - 1
            body += rt.attribute(4, struct.pack("!I", struct.unpack("!I", raw)[0] | host_bits))
        self._do(rt.RTM_NEWADDR, _CREATE, body, f"add address {address} to {name}")

    def add_default_route(self, gateway: str) -> None:
        family, raw = rt.packed_ip(gateway)
        body = rt.RTMSG.pack(family, 0, 0, 0, 254, 3, 0, 1, 0) + rt.attribute(5, raw)
        self._do(rt.RTM_NEWROUTE, _CREATE, body, f"add default route via {gateway}")

    def index(self, name: str) -> int:
        """The index of an interface; OSError (ENODEV) if there is none of that name."""
        body = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(3, name)
        for _, content in self.ask(rt.RTM_GETLINK, 0, body, f"interface {name}"):
            return int(rt.IFINFO.unpack_from(content)[2])
        raise AssertionError("the kernel answers a link request with a link or an error")


def _mac_attribute(mac: str) -> bytes:
    return rt.attribute(1, bytes.fromhex(mac.replace(":", ""))) if mac else b""


def _interface(netns: int, content: bytes) -> Interface:
    _, _, index, flags, _ = rt.IFINFO.unpack_from(content)
    found = rt.attributes(content, rt.IFINFO.size)
    info = rt.attributes(found.get(18, b""))
    names = {word for bit, word in rt.LINK_FLAGS.items() if flags & bit}
    if "UP" in names and "LOWER_UP" not in names:
        names.add("NO-CARRIER")
    kind = "loopback" if "LOOPBACK" in names else rt.text(info.get(1))
    peer = None
    if 5 in found:  # IFLA_LINK, with IFLA_LINK_NETNSID (37) when it is in another namespace
        nsid = struct.unpack("=i", found[37])[0] if 37 in found else None
        here = netns if nsid is None else -2 - nsid if nsid >= 0 else -1
        peer = InterfaceId(here, rt.number(found[5]))
    return Interface(
        netns=netns,
        index=index,
        name=rt.text(found.get(3)),
        kind=kind,
        flags=frozenset(names),
        operstate=rt.OPERSTATES[min(rt.number(found.get(16)), 6)],
        mac=rt.mac(found.get(1)),
        mtu=rt.number(found.get(4)),
        master=str(rt.number(found[10])) if 10 in found else "",
        peer=peer,
        details=_details(kind, info, found),
    )


def _details(kind: str, info: rt.Attributes, found: rt.Attributes) -> dict[str, str]:
    """What `ip -d link` says beyond the common: bridge port state, vxlan and macvlan settings, qdisc."""
    details = {"qdisc": rt.text(found.get(6))} if found.get(6, b"noqueue\0") != b"noqueue\0" else {}
    data = rt.attributes(info.get(2, b""))
    if kind == "vxlan":
        details["vxlan id"] = str(rt.number(data.get(1)))
        details["vxlan remote"] = rt.ip(data.get(2) or data.get(16))
        details["vxlan port"] = str(int.from_bytes(data.get(15, b""), "big"))
    elif kind == "macvlan":
        modes = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}
        details["macvlan mode"] = modes.get(rt.number(data.get(1)), "")
    elif kind == "bridge":
        details["stp"] = "on" if rt.number(data.get(5)) else "off"
    if rt.text(info.get(4)) == "bridge":  # IFLA_INFO_SLAVE_KIND
        port = rt.attributes(info.get(5, b""))
        details["port state"] = rt.PORT_STATES[min(rt.number(port.get(1)), 4)]
        details["isolated"] = "on" if rt.number(port.get(33)) else "off"
        details["hairpin"] = "on" if rt.number(port.get(4)) else "off"
    return details


def _address(content: bytes) -> tuple[int, Address]:
    _, prefixlen, _, scope, index = rt.IFADDR.unpack_from(content)
    found = rt.attributes(content, rt.IFADDR.size)
    return index, Address(rt.ip(found.get(2) or found.get(1)), prefixlen, rt.SCOPES.get(scope, str(scope)))


def _route(content: bytes, names: dict[int, str]) -> Route:
    family, length, _, _, table, protocol, scope, kind, flags = rt.RTMSG.unpack_from(content)
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(15), table)
    destination = rt.ip(found.get(1))
    if not destination:
        destination = "default"
    elif length not in (32, 128) or (length == 32 and ":" in destination):
        destination = f"{destination}/{length}"
    return Route(
        destination=destination,
        device=names.get(rt.number(found.get(4)), ""),
        gateway=rt.ip(found.get(5)),
        source=rt.ip(found.get(7)),
        table=rt.TABLES.get(table, str(table)),
        kind=rt.ROUTE_KINDS[min(kind, 10)],
        metric=rt.number(found.get(6)),
        scope=rt.SCOPES.get(scope, str(scope)),
        protocol=rt.PROTOCOLS.get(protocol, str(protocol)),
        flags=frozenset(word for bit, word in rt.NEXT_HOP_FLAGS.items() if flags & bit),
        family=6 if family == socket.AF_INET6 else 4,
    )


def _policy(content: bytes) -> PolicyRule | None:
    """One rule; None for those of multicast routing. Attributes as in linux/fib_rules.h."""
    family, to, source, tos, table, _, _, action, flags = rt.RTMSG.unpack_from(content)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(15), table)
    suppress = rt.number(found.get(14), 0xFFFFFFFF)
    return PolicyRule(
        preference=rt.number(found.get(6)),
        action=rt.RULE_ACTIONS.get(action, "nop"),
        table=rt.TABLES.get(table, str(table)) if action == 1 else "",
        source=f"{rt.ip(found.get(2))}/{source}" if 2 in found else "",
        destination=f"{rt.ip(found.get(1))}/{to}" if 1 in found else "",
        iif=rt.text(found.get(3)),
        oif=rt.text(found.get(17)),
        mark=rt.number(found.get(10)),
        mask=rt.number(found.get(16), 0xFFFFFFFF if 10 in found else 0),
        goto=rt.number(found.get(4)),
        suppress=-1 if suppress == 0xFFFFFFFF else suppress,
        inverted=bool(flags & 2),
        family=6 if family == socket.AF_INET6 else 4,
        partial=bool(tos) or any(number in found for number in (20, 22, 23, 24)),
    )


def _neighbour(content: bytes, names: dict[int, str]) -> Neighbour:
    _, index, state, _, _ = rt.NDMSG.unpack_from(content)
    found = rt.attributes(content, rt.NDMSG.size)
    words = [word for bit, word in rt.NEIGHBOUR_STATES.items() if state & bit]
    return Neighbour(
        rt.ip(found.get(1)), names.get(index, ""), rt.mac(found.get(2)), " ".join(words) or "NONE"
    )
