"""Where everything of a Scene is: containers on the left, the host in the middle, the internet on the right.

Lengths are points, y downwards. Cards are laid out so that the cables of containers run straight into the
host; what cannot be straight is routed by netlab.drawing.edge_router.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlab.drawing.canvas import MARGIN, SMALL, Rect, text_width
from netlab.drawing.scene import Scene
from netlab.drawing.sizes import CARD_PAD, GAP, LABEL, Group, Packer, PlacedBox, columns
from netlab.model import InterfaceId

AIR = 2.0  # from a text to what runs beside it, more than a card needs
GUTTER = (30.0, 74.0)  # between the columns of boxes
WRAPS = (150.0, 128.0, 112.0, 96.0, 84.0)  # how wide an address may be, tried in this order


@dataclass
class Layout:
    """A scene with a place for everything; all sizes in points."""

    width: float
    bottom: float
    boxes: list[PlacedBox]

    def cards(self) -> dict[InterfaceId, Rect]:
        """Where the card of each interface is."""
        return {placed.card.key: placed.rect for box in self.boxes for placed in box.cards}

    def box_of(self, key: InterfaceId) -> PlacedBox:
        """The box with the card of that interface. StopIteration if there is none."""
        return next(box for box in self.boxes if any(card.card.key == key for card in box.cards))


def lay_out(scene: Scene, width: float, top: float, room_in: int | None = None) -> Layout:
    """Places for everything, from `top` down, in a picture of that width; wider only if nothing else fits.

    `room_in` is the namespace that needs room for the mark of a death inside it.
    """
    sides = columns(scene)
    for limit in WRAPS:
        packer = Packer(scene, limit, room_in)
        sizes = [max((packer.width(box, i) for box in side), default=0.0) for i, side in enumerate(sides)]
        used = [size for size in sizes if size]
        spare = width - 2 * MARGIN - sum(used)
        if spare >= GUTTER[0] * (len(used) - 1):
            break
    gutter = min(max(spare / max(len(used) - 1, 1), GUTTER[0]), GUTTER[1])
    total = sum(used) + gutter * (len(used) - 1) + 2 * MARGIN
    left = MARGIN + max((width - total) / 2, 0.0)
    placed: list[list[PlacedBox]] = []
    for index, (boxes, size) in enumerate(zip(sides, sizes, strict=True)):
        placed.append([packer.place(box, index, left, size) for box in boxes])
        left += size + gutter if size else 0.0
    _align(placed, scene, top)
    everything = [box for column in placed for box in column]
    bottom = max((box.rect.y1 for box in everything), default=top)
    return Layout(max(width, total), bottom, everything)


def _align(sides: list[list[PlacedBox]], scene: Scene, top: float) -> None:
    """Boxes one below the other; pushed down until cables between columns run level where they can."""
    for side in sides:
        y = top
        for box in side:
            box.move(0.0, y - box.rect.y0)
            y = box.rect.y1 + GAP
    for _ in range(3):
        _level(sides[1], sides[0], scene, cards=True)
        _level(sides[0], sides[1], scene, cards=False)
        _level(sides[2], sides[1], scene, cards=False)


def _level(movers: Sequence[PlacedBox], fixed: Sequence[PlacedBox], scene: Scene, *, cards: bool) -> None:
    """Move boxes, or the cards in them, down to the height of the cards that their cables lead to."""
    heights = {c.card.key: c.rect.centre[1] for box in fixed for c in box.cards}
    ends: dict[InterfaceId, InterfaceId] = {}
    for edge in scene.edges:
        ends.setdefault(edge.a, edge.b)
        ends.setdefault(edge.b, edge.a)
    pushed = 0.0
    for box in movers:
        box.move(0.0, pushed)
        if cards:
            pushed += _level_cards(box, heights, ends)
            continue
        wanted = [
            heights[ends[c.card.key]] - c.rect.centre[1] for c in box.cards if ends.get(c.card.key) in heights
        ]
        if wanted and wanted[0] > 0:
            box.move(0.0, wanted[0])
            pushed += wanted[0]


def _level_cards(
    box: PlacedBox, heights: Mapping[InterfaceId, float], ends: Mapping[InterfaceId, InterfaceId]
) -> float:
    """Push the cards of the box's left column apart; returns by how much the box grew."""
    grown = 0.0
    left = min((c.rect.x0 for c in box.cards), default=0.0) + CARD_PAD + 1
    for placed in sorted(box.cards, key=lambda c: c.rect.y0):
        end = ends.get(placed.card.key)
        if end is None or end not in heights or placed.rect.x0 > left:
            continue
        down = heights[end] - placed.rect.centre[1]
        if down > 0:
            grown += _push(box, placed.rect.y0, down, left)
    return grown


def _push(box: PlacedBox, y: float, down: float, left: float) -> float:
    """Move everything of the left column from y on down; the rest follows where it must."""
    before = box.rect.y1
    for card in box.cards:
        if card.rect.y0 >= y and card.rect.x0 <= left:
            card.rect = card.rect.shift(0.0, down)
    for group in box.groups:
        if group.rect.x0 > left:
            continue
        if group.rect.y0 >= y - LABEL - 1:
            group.rect = group.rect.shift(0.0, down)
        elif group.rect.y1 > y:
            group.rect = Rect(group.rect.x0, group.rect.y0, group.rect.x1, group.rect.y1 + down)
    head = [text for text in box.texts if text.y < box.rect.y0 + 30.0]
    foot = [text for text in box.texts if text not in head]
    for text in foot:
        text.y += down
    box.rect = Rect(box.rect.x0, box.rect.y0, box.rect.x1, box.rect.y1 + down)
    return box.rect.y1 - before


def obstacles(boxes: Iterable[PlacedBox]) -> list[Rect]:
    """What no cable may cross: cards and texts."""
    found = []
    for box in boxes:
        found += [card.rect for card in box.cards] + [text.rect.grow(AIR) for text in box.texts]
        found += [group_label(group) for group in box.groups]
    return found


def group_label(group: Group) -> Rect:
    """Where the label of a bridge's dashed box stands."""
    x, y = group.rect.x0 + CARD_PAD, group.rect.y0 + LABEL / 2 + 1
    return Rect(x, y - SMALL * 0.6, x + text_width(group.label, SMALL), y + SMALL * 0.6)
