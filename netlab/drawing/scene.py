"""What a picture of a snapshot says: the boxes (netlab.drawing.boxes), and the cables between their cards.

No geometry here. Many containers that are all alike are folded into one box; the one that is different
from them, on the path or changed stays on its own, for that is the one that matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

from netlab.drawing.boxes import Box, Card, box_of, default_routes, is_shown, shown_addresses
from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.model import InterfaceId, Node, Snapshot

ROOMY = 4  # more boxes than this on the left: each one gets its compact form
FOLD_FROM = 12  # more than this: those that are alike become one box
LISTED = 7  # rows in the box of the folded ones
EXAMPLES = 2  # of a folded kind, this many stay on their own


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
        box_of(node, snapshot, marks, compact=compact, route=len(single) != 1, hidden=folded)
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
