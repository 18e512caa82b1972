"""How large everything in a picture is: the cards of interfaces, and the boxes of namespaces around them.

Lengths are points, y downwards. A box is packed by itself with its top at 0; netlab.drawing.layout puts the
boxes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netlab.drawing.boxes import Box, Card
from netlab.drawing.canvas import LINE, NAME, SMALL, TITLE, Rect, shorten, text_width, wrap
from netlab.drawing.scene import Scene
from netlab.i18n import gettext as _
from netlab.model import InterfaceId

PAD = 9.0  # between a box's edge and what is in it
CARD_PAD = 6.0
GAP = 9.0  # between one card or box and the next
AISLE = 34.0  # between the columns of cards in one box: where cables run
BUS = 19.0  # where the ports' lines run down to their bridge
LABEL = 13.0  # the dashed group's own label
TAG = 6.0
MARK_ROOM = 105.0  # for a name and its mark side by side


@dataclass
class PlacedText:
    """A line of text, the left end of its base line at (x, y)."""

    x: float
    y: float
    text: str
    size: float = SMALL
    bold: bool = False
    mono: bool = False
    muted: bool = False

    @property
    def rect(self) -> Rect:
        """What the letters take."""
        width = text_width(self.text, self.size, self.bold, self.mono)
        return Rect(self.x, self.y - self.size * 0.62, self.x + width, self.y + self.size * 0.62)


@dataclass
class PlacedCard:
    """An interface's card where it is drawn."""

    card: Card
    lines: list[tuple[str, str]]  # text, and whether it is "mono", "words" or the "mark"
    rect: Rect


@dataclass
class Group:
    """A bridge and its ports: the dashed box around them."""

    bridge: InterfaceId
    label: str
    ports: list[InterfaceId]
    rect: Rect


@dataclass
class PlacedBox:
    """A node's box where it is drawn, with all that is in it."""

    box: Box
    rect: Rect
    texts: list[PlacedText] = field(default_factory=list)
    cards: list[PlacedCard] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def move(self, dx: float, dy: float) -> None:
        """Move it with all that is in it, to the right and down."""
        self.rect = self.rect.shift(dx, dy)
        for text in self.texts:
            text.x, text.y = text.x + dx, text.y + dy
        for card in self.cards:
            card.rect = card.rect.shift(dx, dy)
        for group in self.groups:
            group.rect = group.rect.shift(dx, dy)


def columns(scene: Scene) -> list[list[Box]]:
    """The boxes in three columns; those on the left in the order of the host's ends of their cables."""
    middle = [box for box in scene.boxes if box.node.kind == "host"]
    right = [box for box in scene.boxes if box.node.kind == "internet"]
    rest = [box for box in scene.boxes if box.node.kind not in ("host", "internet")]
    if not middle and len(rest) > 1:
        middle = [max(reversed(rest), key=lambda box: len(neighbours(scene, box)))]
        rest = [box for box in rest if box is not middle[0]]
        if not right and len(rest) > 1:
            half = (len(rest) + 1) // 2
            rest, right = rest[:half], rest[half:]
    rank: dict[InterfaceId, tuple[int, int]] = {}
    for number, box in enumerate(middle):
        stacked = (card for block in blocks(box.cards) for card in block)
        rank |= {card.key: (number, place) for place, card in enumerate(stacked)}

    def order(box: Box) -> tuple[int, int]:
        ends = [rank[key] for key in neighbours(scene, box) if key in rank]
        return min(ends, default=(len(middle), 0))

    return [sorted(rest, key=order), middle, right]


def neighbours(scene: Scene, box: Box) -> list[InterfaceId]:
    """The cards in other boxes that cables lead to from this one."""
    own = {card.key for card in box.cards}
    ends = [(edge.a, edge.b) for edge in scene.edges] + [(edge.b, edge.a) for edge in scene.edges]
    return [far for near, far in ends if near in own and far not in own]


def blocks(cards: Sequence[Card]) -> list[list[Card]]:
    """Cards that belong together: the ports of a bridge and then the bridge, or a card on its own."""
    found: dict[InterfaceId, list[Card]] = {}
    for card in cards:
        if not card.bridge:
            found.setdefault(card.master or card.key, []).append(card)
    for card in cards:
        if card.bridge:
            found.setdefault(card.key, []).append(card)
    return list(found.values())


class Packer:
    """Sizes of cards and boxes, for one limit on the width of an address."""

    def __init__(self, scene: Scene, limit: float, room_in: int | None = None) -> None:
        self.limit = limit
        self.room_in = room_in
        sides = columns(scene)
        self.left = {card.key for box in sides[0] for card in box.cards}
        self.right = {card.key for box in sides[2] for card in box.cards}
        self.facing: dict[InterfaceId, list[InterfaceId]] = {}
        for edge in scene.edges:
            self.facing.setdefault(edge.a, []).append(edge.b)
            self.facing.setdefault(edge.b, []).append(edge.a)

    def mark_beside(self, card: Card) -> bool:
        """Whether the mark stands beside the name; beside a long one there is no room."""
        return text_width(card.name, NAME) + text_width(card.mark, SMALL, bold=True) <= MARK_ROOM

    def lines(self, card: Card) -> list[tuple[str, str]]:
        """What stands on a card under its name: the text, and whether it is "mono", "words" or the "mark"."""
        if card.compact:
            return []
        own = [(card.mark, "mark")] if card.mark and not self.mark_beside(card) else []
        found = [(line, "mono") for text in card.addresses for line in wrap(text, self.limit, mono=True)]
        return own + found + [(line, "words") for text in card.words for line in wrap(text, self.limit)]

    def card_size(self, card: Card) -> tuple[float, float]:
        """(width, height) of a card."""
        lines = self.lines(card)
        name = 13.0 + text_width(card.name, NAME)
        if card.mark and self.mark_beside(card):
            name += TAG + text_width(card.mark, SMALL, bold=True) + 4.0
        if card.compact:
            name += 8.0 + text_width(card.addresses[0], SMALL, mono=True)
        widths = [text_width(text, SMALL, style == "mark", style == "mono") for text, style in lines]
        return max([name, *widths]) + 2 * CARD_PAD, 14.0 + LINE * len(lines) + CARD_PAD

    def split(self, box: Box, column: int) -> tuple[list[Card], list[Card]]:
        """The box's cards: those of its left and those of its right column."""
        if column != 1:
            return list(box.cards), []
        right = []
        for card in box.cards:
            ends = self.facing.get(card.key, [])
            if not card.bridge and card.master is None and any(end in self.right for end in ends):
                right.append(card)
        left = [card for card in box.cards if card not in right]
        return (left, right) if left else (right, [])

    def block_width(self, block: Sequence[Card]) -> float:
        """How wide cards that belong together are: one alone, or a bridge with its ports."""
        widest = max(self.card_size(card)[0] for card in block)
        if not block[-1].bridge:
            return widest
        label = text_width(bridge_label(len(block) - 1), SMALL)
        return max(widest + (BUS if len(block) > 2 else 0.0), label) + 2 * CARD_PAD

    def column_width(self, cards: Sequence[Card]) -> float:
        """How wide the widest block of a column is; 0 for a column without cards."""
        return max((self.block_width(block) for block in blocks(cards)), default=0.0)

    def aisle(self, box: Box) -> float:
        """How much room is left between a box's two columns, for cables."""
        return AISLE + (26.0 if self.room_in == box.node.netns else 0.0)

    def width(self, box: Box, column: int) -> float:
        """How wide a box in that column of the picture is."""
        left, right = self.split(box, column)
        inner = self.column_width(left)
        if right:
            inner += self.aisle(box) + self.column_width(right)
        head = text_width(box.title, TITLE - 1, bold=True)
        if box.compact:
            head += text_width(box.subtitle.rpartition(" · ")[2], SMALL) + 8.0
        else:
            head = max(head, text_width(box.subtitle, SMALL))
        foot = max((text_width(text, SMALL, mono=True) for text in box.footer), default=0.0)
        return max(inner, min(head, 170.0), min(foot, 170.0)) + 2 * PAD

    def place(self, box: Box, column: int, left: float, width: float) -> PlacedBox:
        """The box with its top at 0; cards one below the other, as high as they can go."""
        placed = PlacedBox(box, Rect(left, 0.0, left + width, 0.0))
        y = self._head(placed, width)
        mine, others = self.split(box, column)
        y_left = self._stack(placed, mine, left + PAD, y, width - 2 * PAD if not others else None)
        if others:
            own = self.column_width(others)
            y_left = max(y_left, self._stack(placed, others, left + width - PAD - own, y, None))
        self._foot(placed, y_left, width)
        return placed

    def _head(self, placed: PlacedBox, width: float) -> float:
        box, left = placed.box, placed.rect.x0 + PAD
        room = width - 2 * PAD
        title = shorten(box.title, room, TITLE - 1, bold=True)
        placed.texts.append(PlacedText(left, 12.0, title, TITLE - 1, bold=True))
        if not box.compact:
            placed.texts.append(PlacedText(left, 25.0, shorten(box.subtitle, room), muted=True))
            return 36.0
        rest = room - text_width(title, TITLE - 1, bold=True) - 8.0
        for words in (box.subtitle, box.subtitle.rpartition(" · ")[2]):
            if (size := text_width(words, SMALL)) <= rest:
                placed.texts.append(PlacedText(left + room - size, 12.0, words, muted=True))
                break
        return 21.0

    def _foot(self, placed: PlacedBox, y: float, width: float) -> None:
        left = placed.rect.x0 + PAD
        y += 8.0 if placed.box.footer else 3.0
        if self.room_in == placed.box.node.netns:
            y += 2 * LINE + 8.0
        for text in placed.box.footer:
            for line in wrap(text, width - 2 * PAD, mono=True):
                muted = text.startswith("no ")
                placed.texts.append(PlacedText(left, y + 3.0, line, mono=not muted, muted=muted))
                y += LINE + 1
        placed.rect = Rect(placed.rect.x0, placed.rect.y0, placed.rect.x1, y + 3.0)

    def _stack(
        self, placed: PlacedBox, cards: Sequence[Card], x: float, y: float, room: float | None
    ) -> float:
        """Cards one below the other from y; in `room`, if given, in its middle. Returns where they end."""
        for block in blocks(cards):
            size = self.block_width(block)
            shift = (room - size) / 2 if room is not None and room > size else 0.0
            y = self._block(placed, block, x + shift, y, size) + GAP
        return y - GAP if cards else y

    def _block(self, placed: PlacedBox, block: Sequence[Card], x: float, y: float, size: float) -> float:
        if not block[-1].bridge:
            for card in block:
                width, height = self.card_size(card)
                placed.cards.append(PlacedCard(card, self.lines(card), Rect(x, y, x + width, y + height)))
                y += height + GAP
            return y - GAP
        top, y = y, y + LABEL
        inner = size - 2 * CARD_PAD
        for card in block:
            _, height = self.card_size(card)
            bus = BUS if len(block) > 2 and not card.bridge else 0.0
            y += 8.0 if card.bridge and len(block) > 1 else 0.0
            rect = Rect(x + CARD_PAD, y, x + CARD_PAD + inner - bus, y + height)
            placed.cards.append(PlacedCard(card, self.lines(card), rect))
            y += height + GAP
        bottom = y - GAP + CARD_PAD
        bridge = block[-1]
        ports = [card.key for card in block[:-1]]
        placed.groups.append(
            Group(bridge.key, bridge_label(len(ports)), ports, Rect(x, top, x + size, bottom))
        )
        return bottom


def bridge_label(ports: int) -> str:
    """What stands at the frame around a bridge and its ports."""
    return _("bridge") if ports else _("bridge without ports")
