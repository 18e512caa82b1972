"""The picture on the front page: the packet leaves its container and dies, again and again.

python -m tests.support.moving_picture plays the first five stops of `./run tour` in a lab and writes
docs/pictures/where-it-dies.svg, and the same in Chinese.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from netlab.cli import tour
from netlab.drawing.canvas import MARGIN, REQUEST
from netlab.drawing.edge_router import Spot, Way
from netlab.drawing.edges import Cables
from netlab.drawing.layout import lay_out
from netlab.drawing.path_overlay import Overlay
from netlab.drawing.scene import build_scene
from netlab.drawing.topology import describe, draw, svg
from netlab.lab import Lab
from netlab.model import Journey, Point, Snapshot

PICTURES = Path(__file__).parents[2] / "docs/pictures"
WIDTH = 9.5  # inches
CROSS = (7, 8)  # the layers that Canvas.circled_cross paints in
# A picture that must not move shows its end: the way, the cross, and why.
STYLE = """<style>
@media (prefers-reduced-motion: no-preference) {{
  .packet {{ offset-path: path("{way}"); animation: travel 5s linear infinite; }}
  #death-7, #death-8 {{ animation: die 5s linear infinite; }}
}}
@media (prefers-reduced-motion: reduce) {{ .packet {{ display: none; }} }}
@keyframes travel {{ 0% {{ offset-distance: 0%; }} 50% {{ offset-distance: 100%; opacity: 1; }}
  55%, 100% {{ offset-distance: 100%; opacity: 0; }} }}
@keyframes die {{ 0%, 48% {{ opacity: 0; }} 52%, 100% {{ opacity: 1; }} }}
</style>"""
PACKET = '<circle class="packet" r="6" fill="{color}" stroke="white" stroke-width="1.5"/>'


def main() -> None:
    """Write the picture in both languages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    lab = Lab.up(f"picture-{os.getpid()}")
    try:
        *before, last = (command for stop in tour.STOPS[:5] for command in stop.commands)
        for command in before:
            lab.script(command)
        with lab.capture() as seen:
            lab.script(last)
    finally:
        lab.down()
    dead = tour._death(seen)
    assert dead is not None
    for language, name in (("en", "where-it-dies.svg"), ("zh", "where-it-dies.zh.svg")):
        os.environ["NETLAB_LANG"] = language
        picture = moving(seen.after, dead, tour._forwarding_note(seen.after))
        (PICTURES / name).write_text(picture, encoding="utf-8")


def moving(snapshot: Snapshot, dead: Journey, note: str) -> str:
    """An SVG in which a packet goes the way of that journey, and the cross appears where it ends."""
    died = (dead.last_seen.frame.point, dead.next_expected)
    figure = draw(snapshot, path=dead, died=died, note=note, width=WIDTH)
    way = way_of(snapshot, dead, died)
    for line in figure.axes[0].lines:
        here = tuple(line.get_xydata()[-1])
        if line.get_zorder() in CROSS and here == way[-1]:  # and not the one of the legend
            line.set_gid(f"death-{line.get_zorder()}")
    still = svg(figure, describe(snapshot, died=died))
    style = STYLE.format(way="M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in way))
    return still.replace("</svg>", f"{style}{PACKET.format(color=REQUEST)}\n</svg>")


def way_of(snapshot: Snapshot, dead: Journey, died: tuple[Point, Point | None]) -> Way:
    """The packet's way up to its end, in the picture's own points."""
    ends = [point for point in died if point is not None]
    keep = {hop.frame.point.netns for hop in dead.hops} | {point.netns for point in ends}
    scene = build_scene(snapshot, {}, keep)
    inside = ends[0].netns if len(ends) == 2 and ends[0].netns == ends[1].netns else None
    overlay = Overlay(Cables(scene, lay_out(scene, WIDTH * 72, MARGIN, inside)), [dead], died, "")
    assert overlay.cross is not None
    to_the_cross = _until(overlay.end, overlay.cross)
    return [spot for way, __ in overlay.pieces for spot in way] + to_the_cross


def _until(way: Sequence[Spot], end: Spot) -> Way:
    """The way as far as a point that lies on it."""
    kept = [way[0]]
    for (x0, y0), (x1, y1) in pairwise(way):
        if min(x0, x1) <= end[0] <= max(x0, x1) and min(y0, y1) <= end[1] <= max(y0, y1):
            break
        kept.append((x1, y1))
    return [*kept, end]


if __name__ == "__main__":
    main()
