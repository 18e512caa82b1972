"""What must hold of every figure: letters that can be read, none on top of another, none out of its box."""

from __future__ import annotations

from itertools import combinations, pairwise

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

NOTEBOOK = 9.5  # inches: what a notebook shows at about 900 pixels
SLACK = 0.6  # of a pixel at 100 dpi


def texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def boxes(figure: Figure) -> dict[str, Bbox]:
    """Every named box of the figure: "card NETNS INDEX" or "node NETNS NAME"."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return {p.get_gid(): p.get_window_extent(renderer) for p in figure.axes[0].patches if p.get_gid()}


def check_picture(figure: Figure) -> None:
    """Every rule, each with a message that names the texts."""
    figure.set_dpi(100)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    extents = [(text, text.get_window_extent(renderer)) for text in texts(figure)]
    named = boxes(figure)
    shrunk = min(NOTEBOOK / figure.get_size_inches()[0], 1.0)
    for text, extent in extents:
        label = text.get_text()
        assert text.get_fontsize() * shrunk >= 7.99, f"{label!r} is too small to read"
        assert inside(extent, figure.bbox), f"{label!r} sticks out of the picture"
        owner = text.get_gid()
        if owner:
            assert inside(extent, named[owner.removeprefix("in ")]), f"{label!r} sticks out of its box"
    for (one, a), (two, b) in combinations(extents, 2):
        assert not overlap(a, b), f"{one.get_text()!r} is on top of {two.get_text()!r}"
    check_boxes(named)


def check_boxes(named: dict[str, Bbox]) -> None:
    """Cards are within one namespace each, and neither cards nor namespaces overlap."""
    nodes = {name: box for name, box in named.items() if name.startswith("node")}
    cards = {name: box for name, box in named.items() if name.startswith("card")}
    for group in (nodes, cards):
        for (one, a), (two, b) in combinations(group.items(), 2):
            assert not overlap(a, b), f"{one} is on top of {two}"
    for name, card in cards.items():
        assert sum(inside(card, node) for node in nodes.values()) == 1, f"{name} is not in one namespace"


def check_cables(figure: Figure, cables: list[list[tuple[float, float]]]) -> None:
    """No cable runs diagonally, through a card or through a text."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    blocks = [(name, box) for name, box in boxes(figure).items() if name.startswith("card")]
    blocks += [
        (t.get_text(), t.get_window_extent(renderer)) for t in texts(figure) if "×" not in t.get_text()
    ]
    to_pixels = figure.axes[0].transData
    for cable in cables:
        for a, b in pairwise(to_pixels.transform(cable)):
            assert abs(a[0] - b[0]) < 0.01 or abs(a[1] - b[1]) < 0.01, "a cable runs diagonally"
            piece = Bbox([[min(a[0], b[0]), min(a[1], b[1])], [max(a[0], b[0]), max(a[1], b[1])]])
            for name, box in blocks:
                assert not overlap(piece, box, 1.5), f"a cable runs through {name}"


def inside(inner: Bbox, outer: Bbox) -> bool:
    return (
        inner.x0 >= outer.x0 - SLACK
        and inner.x1 <= outer.x1 + SLACK
        and inner.y0 >= outer.y0 - SLACK
        and inner.y1 <= outer.y1 + SLACK
    )


def overlap(a: Bbox, b: Bbox, slack: float = SLACK) -> bool:
    wide = min(a.x1, b.x1) - max(a.x0, b.x0)
    high = min(a.y1, b.y1) - max(a.y0, b.y0)
    # A line has no width, so it overlaps as soon as it is inside.
    thin = min(a.width, b.width, a.height, b.height) < 0.01
    return (
        (wide > slack and high > slack)
        if not thin
        else (wide > -0.01 and high > -0.01 and wide + high > slack and _crosses(a, b, slack))
    )


def _crosses(line: Bbox, box: Bbox, slack: float) -> bool:
    return (
        line.x1 > box.x0 + slack
        and line.x0 < box.x1 - slack
        and line.y1 > box.y0 + slack
        and line.y0 < box.y1 - slack
    )


def lines(figure: Figure) -> list[Line2D]:
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) > 1]
