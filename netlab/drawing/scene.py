"""What a picture of a snapshot says: boxes, the cards of interfaces in them, and the words on both.

No geometry here. Many containers that are all alike are folded into one box; the one that is different
from them, on the path or changed stays on its own, for that is the one that matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

from netlab.i18n import N_, ngettext
from netlab.i18n import gettext as _
from netlab.model import Address, Interface, InterfaceId, Node, Snapshot

ROOMY = 4  # more boxes than this on the left: each one gets its compact form
FOLD_FROM = 12  # more than this: those that are alike become one box
LISTED = 7  # rows in the box of the folded ones
EXAMPLES = 2  # of a folded kind, this many stay on their own
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


@dataclass(frozen=True)
class Edge:
    """A cable between two cards: a veth pair, or a macvlan on its lower device."""

    a: InterfaceId
    b: InterfaceId
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Scene:
    """What is to be drawn of a snapshot: a box for each node, edges between interfaces; no place yet."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    shown_as: Mapping[InterfaceId, InterfaceId] = field(hash=False)  # an interface → its card's key
    remarks: tuple[str, ...] = ()


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


def build_scene(
    snapshot: Snapshot, marks: Mapping[InterfaceId, str], keep: Collection[int] = frozenset()
) -> Scene:
    """What to draw of the snapshot. `keep` names the namespaces that must not be folded away."""
    others = [node for node in snapshot.nodes if node.kind not in ("host", "internet")]
    folds = _folds(snapshot, others, marks, keep) if len(others) > FOLD_FROM else []
    folded = {node.netns for fold in folds for node in fold}
    compact = len(others) > ROOMY
    single: set[tuple[str, ...]] = {default_routes(n) for n in others} if compact else set()
    remarks = []
    if compact and len(single) == 1 and (same := next(iter(single))):
        remarks.append(_("In each of the {others}: {same}.").format(others=len(others), same=", ".join(same)))
    boxes = [
        _box(node, snapshot, marks, compact=compact, route=len(single) != 1, hidden=folded)
        for node in snapshot.nodes
        if node.netns not in folded
    ]
    boxes += [_folded_box(fold) for fold in folds]
    boxes = [_with_folded_ports(box, folds, snapshot) for box in boxes]
    shown_as = {id: card.key for box in boxes for card in box.cards for id in card.ids}
    hidden = sum(
        len([a for a in i.addresses if a.scope == "link" and a not in shown_addresses(i, n)])
        for n, i in snapshot.interfaces()
        if i.kind != "loopback"
    )
    if hidden:
        remarks.append(
            ngettext(
                "Not drawn: {hidden} link-local IPv6 address.",
                "Not drawn: {hidden} link-local IPv6 addresses.",
                hidden,
            ).format(hidden=hidden)
        )
    return Scene(tuple(boxes), _edges(snapshot, shown_as), shown_as, tuple(remarks))


def _folds(
    snapshot: Snapshot, nodes: list[Node], marks: Mapping[InterfaceId, str], keep: Collection[int]
) -> list[list[Node]]:
    alike: dict[Hashable, list[Node]] = {}
    for node in nodes:
        sign = _sign(node, snapshot, marks)
        if sign is not None and node.netns not in keep:
            alike.setdefault(sign, []).append(node)
    return [group[EXAMPLES:] for group in alike.values() if len(group) > EXAMPLES + 2]


def _sign(node: Node, snapshot: Snapshot, marks: Mapping[InterfaceId, str]) -> Hashable | None:
    """What containers have in common that may be folded; None if this one may not."""
    shown = [i for i in node.interfaces if is_shown(i, node)]
    if len(shown) != 1 or shown[0].peer is None:
        return None
    peer = snapshot.interface(shown[0].peer)
    if peer is None or not peer.master or {shown[0].id, peer.id} & set(marks):
        return None
    states = shown[0].state, peer.state
    own, others = shown_addresses(shown[0], node), (peer.netns, peer.master, len(peer.addresses))
    return node.kind, shown[0].name, states, len(own), others, default_routes(node)


def _box(
    node: Node,
    snapshot: Snapshot,
    marks: Mapping[InterfaceId, str],
    *,
    compact: bool,
    route: bool,
    hidden: Collection[int],
) -> Box:
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


def _folded_box(fold: list[Node]) -> Box:
    cards, names = [], []
    for node in fold:
        interface = next(i for i in node.interfaces if is_shown(i, node))
        cards.append(interface)
        names.append((node.name, ", ".join(str(a) for a in shown_addresses(interface, node))))
    shown = names if len(names) <= LISTED else [*names[: LISTED - 2], ("…", ""), names[-1]]
    widest = min(max(len(name) for name, _ in shown), 15)
    rows = tuple(f"{name:<{widest}} {address}".rstrip() for name, address in shown)
    card = Card(
        tuple(i.id for i in cards), _("{name} of each").format(name=cards[0].name), cards[0].state, rows
    )
    words = _("{count} more containers") if fold[0].kind == "container" else _("{count} more namespaces")
    return Box(fold[0], words.format(count=len(fold)), _("like the ones above"), (card,))


def _with_folded_ports(box: Box, folds: list[list[Node]], snapshot: Snapshot) -> Box:
    """The host's ends of the folded cables, as one card for each fold."""
    cards = list(box.cards)
    for fold in folds:
        ports = []
        for node in fold:
            interface = next(i for i in node.interfaces if is_shown(i, node))
            peer = snapshot.interface(interface.peer) if interface.peer else None
            if peer is not None and peer.netns == box.node.netns and node.netns != box.node.netns:
                ports.append(peer)
        if ports:
            master = box.node.interface(ports[0].master).id
            words = (
                _("ports of {master}").format(master=ports[0].master),
                _("{name} to").format(name=ports[0].name),
                ports[-1].name,
            )
            ids = tuple(port.id for port in ports)
            cards.append(
                Card(
                    ids,
                    _("{ports} more ports").format(ports=len(ports)),
                    ports[0].state,
                    (),
                    words,
                    "",
                    master,
                )
            )
    return Box(box.node, box.title, box.subtitle, tuple(cards), box.footer, box.compact)


def _edges(snapshot: Snapshot, shown_as: Mapping[InterfaceId, InterfaceId]) -> tuple[Edge, ...]:
    edges: dict[frozenset[InterfaceId], Edge] = {}
    counts: Counter[frozenset[InterfaceId]] = Counter()
    for __, interface in snapshot.interfaces():
        a, b = shown_as.get(interface.id), shown_as.get(interface.peer) if interface.peer else None
        if a is None or b is None or a == b:
            continue
        ends = frozenset((a, b))
        counts[ends] += 1
        edges.setdefault(ends, Edge(a, b, dashed=interface.kind in ("macvlan", "ipvlan", "vlan")))
    return tuple(
        Edge(edge.a, edge.b, f"× {counts[ends] // 2}" if counts[ends] > 2 else "", edge.dashed)
        for ends, edge in edges.items()
    )
