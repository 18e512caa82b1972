"""The picture of a lab: readable for every topology, and true to the snapshot."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netlab.drawing.canvas import Rect
from netlab.drawing.edge_router import CLEAR, NEAR, Router, Spot
from netlab.drawing.layout import lay_out
from netlab.drawing.path_overlay import Cables, Overlay
from netlab.drawing.scene import build_scene
from netlab.drawing.topology import MOST_CHANGES, alt_text, draw, figure_html, save
from netlab.errors import BadInput
from netlab.model import Node, Snapshot
from netlab.model.changes import marks
from netlab.packets.journeys.assemble import journeys
from tests.worlds import builders as b
from tests.worlds.pictures import boxes, check_cables, check_picture, words
from tests.worlds.topologies import WORLDS, odd_one_out, pair_in_the_host


def cables_of(snapshot: Snapshot) -> Cables:
    scene = build_scene(snapshot, {})
    return Cables(scene, lay_out(scene, 9.5 * 72, 10.0))


@pytest.mark.parametrize("name", WORLDS)
def test_every_topology_can_be_read(name: str) -> None:
    """No text on another, none out of its box, none too small; no cable through a card or a text."""
    snapshot = WORLDS[name]()
    figure = draw(snapshot)
    check_picture(figure)
    cables = cables_of(snapshot)
    check_cables(figure, list(cables.ways.values()))
    missing = [wire for wire in cables.scene.edges if cables.between(wire.a, wire.b) is None]
    assert not missing


def test_boxes_stand_in_the_order_in_which_their_cables_arrive() -> None:
    """Whenever they were made, so that no cable has to cross another and nothing is pushed far down."""
    cables = cables_of(WORLDS["neighbour made between"]())
    assert [box.box.title for box in cables.layout.boxes][:3] == ["if-test", "web", "office"]
    assert cables.layout.bottom < 400


@pytest.mark.parametrize("name", WORLDS)
def test_every_topology_can_be_read_with_a_title_and_changes(name: str) -> None:
    """Everything new at once: the marks in the cards and the sentences below must fit as well."""
    snapshot = WORLDS[name]()
    before = replace(snapshot, nodes=tuple(replace(node, interfaces=()) for node in snapshot.nodes))
    check_picture(draw(snapshot, previous=before, title="Everything is new"))


@pytest.mark.parametrize("name", [name for name in WORLDS if "thirty" not in name and "odd" not in name])
def test_every_interface_is_in_the_picture(name: str) -> None:
    """Each interface but a plain lo has its card and its name, and each address its text."""
    snapshot = WORLDS[name]()
    figure = draw(snapshot)
    said, drawn = words(figure), boxes(figure)
    for node, interface in snapshot.interfaces():
        if interface.name == "lo" and node.kind != "internet":
            continue
        assert f"card {interface.netns} {interface.index}" in drawn
        assert interface.name in said
        for address in interface.addresses:
            if not address.address.startswith("127.") and address.scope != "link":
                assert str(address) in said.replace("\n", "")


def test_lo_with_an_address_of_its_own_is_shown() -> None:
    """The internet's target address sits on its lo; the host's lo says nothing and is left out."""
    said = words(draw(b.lab()))
    assert "39.106.233.176/32" in said
    assert "127.0.0.1" not in said
    assert said.count("lo\n") <= 1


def test_thirty_containers_fold_and_the_odd_one_stays() -> None:
    """The one whose interface is down has its own box; those that are alike share one."""
    said = words(draw(odd_one_out()))
    assert "c17" in said and "down" in said
    assert "27 more containers" in said


def test_the_death_is_between_the_last_point_and_the_next() -> None:
    """The path is coloured up to docker0, the cross stands beyond it, and the reason is told."""
    capture = b.lecture_death(1)
    (journey,) = journeys(capture)
    died = (journey.last_seen.frame.point, journey.next_expected)
    figure = draw(capture.before, path=journey, died=died, note="not forwarded\nnet.ipv4.ip_forward = 0")
    check_picture(figure)
    assert "not forwarded" in words(figure) and "ends here" in words(figure)
    cards = boxes(figure)
    last, following = cards[f"card {b.HOST} 3"], cards[f"card {b.HOST} 2"]
    crosses = [
        line for line in figure.axes[0].lines if line.get_marker() == "x" and line.get_markersize() > 7
    ]
    assert crosses
    ((x, _),) = figure.axes[0].transData.transform(crosses[0].get_xydata())
    assert last.x1 < x < following.x1


@pytest.mark.parametrize("seen", [1, 2, 3, 4])
def test_a_death_anywhere_on_the_way_can_be_read(seen: int) -> None:
    """On a cable, between a port and its bridge, in the host, on the uplink; the reason is never lost."""
    snapshot = b.lab(3)
    frames = b.trip(snapshot, b.REQUEST[:seen], b.echo(1))
    (journey,) = journeys(b.capture(snapshot, frames))
    note = "the far end does not answer ARP\nip neigh show dev eth0"
    died = (journey.last_seen.frame.point, journey.next_expected)
    figure = draw(snapshot, path=journey, died=died, note=note)
    check_picture(figure)
    assert "does not answer ARP" in " ".join(words(figure).split())


def test_a_death_with_nothing_expected_next_is_drawn_too() -> None:
    """A packet that ended where nothing follows gets its cross beside the last card."""
    snapshot = b.lab()
    figure = draw(
        snapshot, died=(b.point(snapshot, "internet", "uplink"), None), note="nobody has that address"
    )
    check_picture(figure)
    assert "nobody has that address" in words(figure)


def test_a_reason_without_a_place_is_told_all_the_same() -> None:
    """The interface where the packet died is gone from the snapshot: the words stand under the picture."""
    snapshot = b.lab()
    gone = replace(b.point(snapshot, "host", "veth_host"), index=77)
    figure = draw(snapshot, died=(gone, None), note="the interface was deleted\nip link show")
    check_picture(figure)
    assert "the interface was deleted — ip link show" in words(figure)


def test_what_a_bridge_switches_goes_by_way_of_the_bridge() -> None:
    """From one container to another the path runs by way of docker0, though no frame was seen there."""
    snapshot = b.lab(2)
    ends = "172.17.0.2>172.17.0.3"
    steps = [("if-test", "eth0", "out", ends, 64), ("host", "veth_host", "in", ends, 64)]
    steps += [("host", "veth0000002", "out", ends, 64), ("c2", "eth0", "in", ends, 64)]
    frames = b.trip(snapshot, steps, b.echo(1))
    points = tuple(dict.fromkeys(frame.point for frame in frames))
    (journey,) = journeys(replace(b.capture(snapshot, frames), points=points))
    assert journey.reached
    check_picture(draw(snapshot, path=journey))
    scene = build_scene(snapshot, {})
    cables = Cables(scene, lay_out(scene, 9.5 * 72, 10.0))
    pieces = [way for way, _ in Overlay(cables, [journey], None, "").pieces]
    docker0 = cables.rects[snapshot.node("host").interface("docker0").id]
    assert len(pieces) == 4
    assert pieces[1][-1][1] == pieces[2][0][1] == docker0.y0


def test_request_and_answer_are_told_apart_without_colour() -> None:
    """Both ways are in the legend, and the answer's is dashed."""
    capture = b.ping(1)
    figure = draw(capture.before, path=journeys(capture))
    check_picture(figure)
    assert "the packet's way" in words(figure) and "the answer's way" in words(figure)


def test_a_pair_that_moved_is_marked_and_described() -> None:
    """Before: both ends in the host. After: one is the container's eth0. The picture says so in words."""
    before = pair_in_the_host()
    old = before.node("host").interface("veth_container")
    moved = replace(
        old, netns=b.CONTAINER, index=7, name="eth0", flags=b.UP, addresses=b.addresses("172.17.0.2/16")
    )
    container = replace(before.node("if-test"), interfaces=(*before.node("if-test").interfaces, moved))
    host = before.node("host")
    rest = tuple(
        replace(i, flags=b.UP, peer=moved.id) if i.name == "veth_host" else i
        for i in host.interfaces
        if i != old
    )
    after = b.world(container, replace(host, interfaces=rest), before.node("internet"))
    figure = draw(after, previous=before)
    check_picture(figure)
    said = " ".join(words(figure).split())
    assert "veth_container moved to if-test and became eth0" in said
    assert marks(before, after)[moved.id] == "moved"
    assert "moved" in words(figure).splitlines()


@pytest.mark.parametrize(("more", "told"), [(0, ""), (1, "and 1 more"), (3, "and 3 more")])
def test_what_is_not_told_below_a_picture_is_counted(more: int, told: str) -> None:
    """Of many changes the first are said one by one, and how many are not is said as well."""
    new = [Node(9000 + number, f"c{number}", "container") for number in range(MOST_CHANGES + more)]
    below = words(draw(b.world(b.host(), *new), previous=b.world(b.host())))
    assert below.count(" appeared") == MOST_CHANGES
    assert re.findall(r"and \d+ more", " ".join(below.split())) == [told] * bool(told)


def test_state_is_said_in_words_too() -> None:
    """Down and no carrier are words on the card, not only a colour and a sign."""
    said = words(draw(WORLDS["broken"]()))
    assert "no carrier" in said and "down" in said


def test_saved_pictures_carry_their_alternative_text(tmp_path: Path) -> None:
    """SVG in title and desc, PNG in Description; another ending is refused with a next step."""
    snapshot = b.lab()
    figure, alt = draw(snapshot), alt_text(snapshot)
    save(figure, tmp_path / "lab.svg", alt)
    root = ElementTree.parse(tmp_path / "lab.svg").getroot()
    assert root.findtext("{http://www.w3.org/2000/svg}desc") == alt
    assert (
        root.findtext("{http://www.w3.org/2000/svg}title")
        == "Network of 3 namespaces: if-test, host, internet"
    )
    save(figure, tmp_path / "lab.png", alt)
    from PIL import Image

    assert Image.open(tmp_path / "lab.png").info["Description"] == alt
    with pytest.raises(BadInput, match=r"lab\.gif"):
        save(figure, tmp_path / "lab.gif", alt)


def test_equal_snapshots_give_equal_files(tmp_path: Path) -> None:
    """No date, no random ids: a picture in a repository changes only when what it shows does."""
    for name in ("one.svg", "two.svg"):
        save(draw(b.lab()), tmp_path / name, "alt")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_html_survives_a_notebook_without_trust() -> None:
    """One <img> with the alternative text, quotes escaped, and an SVG document inside."""
    html = figure_html(draw(b.lab()), 'a "lab" & more')
    found = re.fullmatch(r'<img alt="([^"]*)" style="[^"]*" src="data:image/svg\+xml;base64,([^"]+)">', html)
    assert found and found[1] == "a &quot;lab&quot; &amp; more"
    ElementTree.fromstring(base64.b64decode(found[2]))


def test_importing_the_drawing_is_cheap() -> None:
    """matplotlib, networkx and the kernel's side are not imported until they are used; pyplot never is."""
    code = (
        "import sys, netlab.drawing.topology, netlab.drawing.timeline, tests.worlds.builders as b;"
        "heavy = {'matplotlib', 'networkx', 'pyroute2', 'netlab.linux.netlink.route', 'netlab.linux.netns'};"
        "heavy &= set(sys.modules);"
        "assert not heavy, heavy; netlab.drawing.topology.draw(b.lab());"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_cable_runs_along_the_edge_of_a_card() -> None:
    """Not even where something else leaves a track there: it would be taken for part of the card."""
    left, right = Rect(0, 40, 20, 60), Rect(200, 40, 220, 60)
    between, above = Rect(80, 40, 120, 60), Rect(80, 10, 120, 40 - 1.1 * CLEAR)
    way = Router([left, right, between, above], Rect(-50, -50, 300, 100)).route(left, right)
    assert way
    assert not [step for step in pairwise(way) if _runs_beside(step, between)]


def _runs_beside(step: tuple[Spot, Spot], card: Rect) -> bool:
    (ax, ay), (bx, by) = step
    level = ay == by and min(abs(ay - card.y0), abs(ay - card.y1)) < NEAR
    return level and min(ax, bx) < card.x1 and max(ax, bx) > card.x0
