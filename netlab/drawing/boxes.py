"""The box of one namespace and the cards of the interfaces in it: what is shown, and in which words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import Address, Interface, InterfaceId, Node, Snapshot

KIND_WORDS: Mapping[str, str] = {
    "host": N_("lab host"),
    "internet": "",
    "netns": N_("named namespace"),
    "container": N_("container"),
    "process": N_("process"),
}
MARKS = {"new": N_("new"), "moved": N_("moved"), "changed": N_("changed")}
STATES = {"up": N_("up"), "no carrier": N_("no carrier"), "down": N_("down")}  # Interface.state in words


@dataclass(frozen=True)
class Card:
    """One interface as it is drawn, or several that are drawn as one."""

    ids: tuple[InterfaceId, ...]
    name: str
    state: str  # "up", "no carrier" or "down"
    addresses: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    mark: str = ""  # one of MARKS, in the language that is spoken
    master: InterfaceId | None = None
    bridge: bool = False
    compact: bool = False

    @property
    def key(self) -> InterfaceId:
        """The interface that it shows."""
        return self.ids[0]


@dataclass(frozen=True)
class Box:
    """One namespace, or several that are drawn as one."""

    node: Node
    title: str
    subtitle: str
    cards: tuple[Card, ...]
    footer: tuple[str, ...] = ()
    compact: bool = False


def shown_addresses(interface: Interface, node: Node) -> tuple[Address, ...]:
    """Its addresses without those that every interface has by itself.

    127.0.0.1 and ::1 are never shown, link-local IPv6 only where the namespace uses IPv6 at all.
    """
    uses_ipv6 = any(a.family == 6 and a.scope == "global" for i in node.interfaces for a in i.addresses)
    return tuple(
        a
        for a in interface.addresses
        if not a.address.startswith("127.")
        and a.address != "::1"
        and (a.family == 4 or a.scope != "link" or uses_ipv6)
    )


def is_shown(interface: Interface, node: Node) -> bool:
    """Whether it is drawn: lo only with an address of its own."""
    return interface.kind != "loopback" or bool(shown_addresses(interface, node))


def default_routes(node: Node) -> tuple[str, ...]:
    """ "default → 172.17.0.1" for each default route of the main table."""
    found = []
    for route in node.routes:
        if route.destination == "default" and route.table == "main":
            kind = "" if route.kind == "unicast" else f"{route.kind} "
            way = route.gateway or (f"dev {route.device}" if route.device else _("nowhere"))
            metric = f" metric {route.metric}" if route.metric else ""
            found.append(f"{kind}default → {way}{metric}")
    return tuple(found)


def box_of(
    node: Node,
    snapshot: Snapshot,
    marks: Mapping[InterfaceId, str],
    *,
    compact: bool,
    route: bool,
    hidden: Collection[int],
) -> Box:
    """A node as a box; `route` has its default routes in it, `hidden` are the namespaces that are folded."""
    small = compact and node.kind not in ("host", "internet")
    cards = [
        _card(interface, node, snapshot, marks, small)
        for interface in sorted(node.interfaces, key=lambda i: i.kind == "loopback")
        if is_shown(interface, node) and not (interface.peer and interface.peer.netns in hidden)
    ]
    subtitle = f"netns {node.netns}"
    kind = KIND_WORDS.get(node.kind, node.kind)
    if kind:
        subtitle = f"{_(kind)} · {subtitle}"
    footer = list(default_routes(node)) if route or not small else []
    if not default_routes(node) and node.kind not in ("internet",) and route and cards:
        footer.append(_("no default route"))
    if not cards:
        footer.append(_("no interface but lo") if node.has_interface("lo") else _("no interface"))
    if node.kind == "host" or (len(cards) > 1 and node.kind != "internet"):
        footer += [f"{name} = {node.sysctls[name]}" for name in _sysctls(node)]
    title = node.name.removeprefix("netns ")
    return Box(node, title, subtitle, tuple(cards), tuple(footer), small)


def _sysctls(node: Node) -> list[str]:
    names = ["net.ipv4.ip_forward"]
    if any(a.family == 6 and a.scope == "global" for i in node.interfaces for a in i.addresses):
        names.append("net.ipv6.conf.all.forwarding")
    return [name for name in names if name in node.sysctls]


def _card(
    interface: Interface, node: Node, snapshot: Snapshot, marks: Mapping[InterfaceId, str], compact: bool
) -> Card:
    state = interface.state
    listed = tuple(str(address) for address in shown_addresses(interface, node))
    words = list(_kind_words(interface, snapshot))
    if interface.master and not listed:
        words.append(_("port of {master}").format(master=interface.master))
    elif not listed and not words:
        words.append(_("no address"))
    if (
        interface.details.get("port state") in ("blocking", "listening", "learning", "disabled")
        and state == "up"
    ):
        words.append(_("port {state}").format(state=interface.details["port state"]))
    if state != "up":
        words.append(_(STATES[state]))
    master = None
    if interface.master and node.has_interface(interface.master):
        master = node.interface(interface.master).id
    return Card(
        (interface.id,),
        interface.name,
        state,
        listed,
        tuple(words),
        _(MARKS[marks[interface.id]]) if interface.id in marks else "",
        master,
        interface.kind == "bridge",
        compact and len(listed) == 1 and not words and interface.id not in marks,
    )


def _kind_words(interface: Interface, snapshot: Snapshot) -> list[str]:
    details = interface.details
    if interface.kind in ("macvlan", "ipvlan", "vlan"):
        lower = snapshot.interface(interface.peer) if interface.peer else None
        if lower is None:
            return [interface.kind]
        return [_("{kind} on {lower}").format(kind=interface.kind, lower=lower.name)]
    if interface.kind == "vxlan":
        words = f"vxlan {details.get('vxlan id', '')}".rstrip()
        remote = details.get("vxlan remote")
        return [f"{words} → {remote}" if remote else words]
    if interface.kind in ("", "veth", "bridge", "loopback"):
        return []
    return [interface.kind]
