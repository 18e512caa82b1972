"""A snapshot as the browser draws it: the static picture's own places and words, with names that last.

An interface keeps its id when it moves to another namespace or is renamed, so that the view can move it.
Lengths are points, as in netlab.drawing.layout. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlab.drawing.boxes import STATES
from netlab.drawing.canvas import LINE, MARGIN, Rect
from netlab.drawing.edges import Cables
from netlab.drawing.layout import group_label, lay_out
from netlab.drawing.scene import build_scene
from netlab.drawing.sizes import PlacedBox, PlacedCard
from netlab.drawing.text import alt_text
from netlab.i18n import gettext as _
from netlab.model import Interface, InterfaceId, Snapshot
from netlab.model.changes import marks, same_interfaces

WIDTH = 684.0
MARKED = 12  # interfaces that are marked at once; they are not folded away


class Identities:
    """The lasting id of each interface of the snapshot that was followed last."""

    def __init__(self) -> None:
        self._ids: dict[InterfaceId, int] = {}
        self._last: Snapshot | None = None
        self._next = 0

    def follow(self, snapshot: Snapshot) -> Mapping[InterfaceId, int]:
        """Each interface's id: the one that it had, wherever it was then, or a new one."""
        pairs = same_interfaces(self._last, snapshot) if self._last is not None else []
        ids = {new.id: self._ids[old.id] for old, new in pairs}
        for __, interface in snapshot.interfaces():
            if interface.id not in ids:
                self._next += 1
                ids[interface.id] = self._next
        self._ids, self._last = ids, snapshot
        return ids


def cabling(snapshot: Snapshot, previous: Snapshot | None = None) -> Cables:
    """Where everything of the snapshot is drawn, with room for the mark of a death in the host.

    What is different from `previous` is marked, unless that is so much that it would hide the rest.
    """
    marked = marks(previous, snapshot) if previous is not None else {}
    scene = build_scene(snapshot, marked if len(marked) <= MARKED else {})
    host = next((node.netns for node in snapshot.nodes if node.kind == "host"), None)
    return Cables(scene, lay_out(scene, WIDTH, MARGIN, host))


def picture(snapshot: Snapshot, ids: Mapping[InterfaceId, int], cables: Cables) -> dict[str, Any]:
    """Boxes, cards and cables with their places."""
    scene, layout = cables.scene, cables.layout
    interfaces = {interface.id: interface for __, interface in snapshot.interfaces()}
    return {
        "width": layout.width,
        "height": max(layout.bottom, cables.bottom) + MARGIN,
        "boxes": [_box(box) for box in layout.boxes],
        "cards": [_card(card, ids, interfaces, box.box.title) for box in layout.boxes for card in box.cards],
        "cables": [
            {
                "id": "-".join(sorted(str(ids[end]) for end in ends)),
                "points": [[round(x, 2), round(y, 2)] for x, y in way],
                "dashed": cables.styles.get(ends, ("", False))[1],
            }
            for ends, way in cables.ways.items()
        ],
        "remarks": list(scene.remarks),
        "words": alt_text(snapshot),
    }


def _box(placed: PlacedBox) -> dict[str, Any]:
    """What is in it is placed from its corner, so that a box that only moves is not drawn again."""
    texts = [
        {
            "text": t.text,
            **_spot(t.x, t.y, placed),
            "size": t.size,
            "bold": t.bold,
            "mono": t.mono,
            "muted": t.muted,
        }
        for t in placed.texts
    ]
    for group in placed.groups:
        label = group_label(group)
        words = {"size": 8.0, "bold": False, "mono": False, "muted": True}
        texts.append({"text": group.label, **_spot(label.x0, label.centre[1], placed), **words})
    return {
        "id": placed.box.node.netns,
        "rect": _rect(placed.rect),
        "groups": [_rect(group.rect, placed.rect) for group in placed.groups],
        "texts": texts,
    }


def _card(
    placed: PlacedCard, ids: Mapping[InterfaceId, int], interfaces: Mapping[InterfaceId, Interface], box: str
) -> dict[str, Any]:
    card = placed.card
    head = placed.rect.height / 2 if card.compact else 10.5
    lines = [
        {"text": text, "y": head + 12.0 + LINE * number, "kind": kind}
        for number, (text, kind) in enumerate(placed.lines)
    ]
    if card.compact and card.addresses:
        lines.append({"text": card.addresses[0], "y": head, "kind": "beside"})
    return {
        "id": ids[card.key],
        "rect": _rect(placed.rect),
        "head": head,
        "name": card.name,
        "state": card.state,
        "mark": card.mark,
        "lines": lines,
        "details": _("{name} in {box}: {details}").format(
            name=card.name, box=box, details=_details(interfaces[card.key], card.state)
        ),
    }


def _details(interface: Interface, state: str) -> str:
    """All that is known of it, in a sentence."""
    held = ", ".join(str(address) for address in interface.addresses) or _("no address")
    parts = [
        interface.kind or _("a plain device"),
        _(STATES[state]),
        held,
        f"MAC {interface.mac}" if interface.mac else "",
    ]
    parts += [
        f"MTU {interface.mtu}",
        _("a port of {master}").format(master=interface.master) if interface.master else "",
    ]
    return _(", ").join(part for part in parts if part)


def _spot(x: float, y: float, inside: PlacedBox) -> dict[str, float]:
    return {"x": round(x - inside.rect.x0, 2), "y": round(y - inside.rect.y0, 2)}


def _rect(rect: Rect, inside: Rect | None = None) -> list[float]:
    left, top = (inside.x0, inside.y0) if inside else (0.0, 0.0)
    return [round(length, 2) for length in (rect.x0 - left, rect.y0 - top, rect.width, rect.height)]
