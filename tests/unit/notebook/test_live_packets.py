"""Packets of the live view: what is kept, what is shown of it, where it moves, and why it ended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from netlab.drawing.edges import Trails
from netlab.drawing.path_overlay import LANE
from netlab.lessons.content import lesson
from netlab.lessons.progress import Progress
from netlab.model import Capture, Frame, Point
from netlab.notebook.live import lanes, motion, reasons
from netlab.notebook.live.frame_store import MOST, FrameStore
from netlab.notebook.live.headers import headers
from netlab.notebook.live.history import LAG, History
from netlab.notebook.live.picture import cabling
from netlab.notebook.live.still import still
from netlab.notebook.veil import Veil
from netlab.packets.batch import LOST, REFUSED, pack, unpack
from netlab.packets.journeys.assemble import assemble, journeys
from tests.unit.diagnosis.test_diagnosis import UNREACHABLE, changed, with_forwarding_setting
from tests.worlds import builders as b
from tests.worlds import fuzz

LATER = 10 * b.SECOND  # when nothing is under way any more


def batch(frames: Iterable[Frame], points: tuple[Point, ...]) -> bytes:
    """As a tap delivers them; the number of a point is its place."""
    return pack(fuzz.record(frame, points.index(frame.point)) for frame in frames)


def test_a_batch_of_no_records_holds_none() -> None:
    """It is empty, as what a tap delivers at its end."""
    store = FrameStore()
    assert pack([]) == b"" and list(unpack(b"")) == []
    store.add(b"")
    assert store.batches() == ()


def test_a_snapshot_shows_what_was_so_a_moment_before_it() -> None:
    """A packet that passed while it was being read went by its wiring; one that passed earlier did not."""
    history, before = History(), replace(b.lab(forward="0"), time_ns=b.START)
    after = replace(b.lab(forward="1"), time_ns=b.START + b.SECOND)
    for snapshot in (before, after):
        history.add(snapshot)
    assert history.at(after.time_ns + 1) is after and history.at(after.time_ns - LAG) is after
    assert history.at(after.time_ns - LAG - 1) is before
    assert history.at(b.START - b.SECOND) is before


def stored(capture: Capture, limit: int = 1 << 20) -> FrameStore:
    store = FrameStore(limit)
    for at in range(0, len(capture.frames), 10):
        store.add(batch(capture.frames[at : at + 10], capture.points))
    return store


def drawn(capture: Capture, strip: lanes.Strip | None = None, since: int = 0) -> dict[str, object]:
    end = capture.frames[-1].time_ns + LATER
    times = lanes.Times(b.START, since, end, end)
    return lanes.timeline(capture, journeys(capture), strip or lanes.Strip(), times, {})


def test_what_is_kept_comes_out_as_it_went_in() -> None:
    """The same journeys as from a capture that was made at once."""
    capture = b.ping()
    store = stored(capture)
    stretch = store.stretch(capture.frames[-1].time_ns, capture.points.__getitem__)
    history = History()
    history.add(capture.before)
    assert (stretch.every, store.frames, stretch.since) == (1, len(capture.frames), capture.frames[0].time_ns)
    assert assemble(stretch.frames, history.wirings(capture.points)) == journeys(capture)


def test_a_look_back_shows_all_that_was_there_then() -> None:
    """Whatever has come since: it is no reason to leave out the oldest."""
    capture = b.ping()
    then = capture.frames[10].time_ns - 1
    stretch = stored(capture).stretch(then, capture.points.__getitem__, whole=True)
    assert stretch.since == capture.frames[0].time_ns
    assert stretch.frames == capture.frames[:10]


def test_of_too_many_packets_some_are_shown_whole_and_all_are_recorded() -> None:
    """A sample holds requests together with their replies, at every point; and it says which part it is."""
    capture = b.ping(2000)
    squeezed = tuple(
        replace(f, time_ns=b.START + (f.time_ns - b.START) // 1000) for f in capture.frames
    )  # in 2 s
    capture = replace(capture, frames=squeezed)
    store = stored(capture, 1 << 30)
    stretch = store.stretch(squeezed[-1].time_ns, capture.points.__getitem__)
    assert store.frames == len(squeezed) == 20_000
    assert stretch.every >= 64 and 20 < len(stretch.frames) <= 2 * MOST
    found = journeys(replace(capture, frames=stretch.frames))
    assert all(journey.reached and len(journey.hops) == 5 for journey in found)
    assert sum(j.answers is None for j in found) == sum(j.answers is not None for j in found)
    whole = store.stretch(squeezed[-1].time_ns, capture.points.__getitem__, whole=True)
    assert (whole.every, len(whole.frames)) == (1, MOST)


def test_a_sample_of_a_conversation_holds_its_packets_at_every_point() -> None:
    """TCP has no echo's number: a segment is known by its own, through MASQUERADE as well."""
    snapshot = b.lab(forward="1")
    frames: list[Frame] = []
    for number in range(400):
        segment = b.tcp(40000, 80, 0x10, sequence=number)
        start = b.START + number * 100_000
        frames += b.trip(snapshot, b.REQUEST, segment, 6, ip_id=number, start=start)
    capture = b.capture(snapshot, frames)
    stretch = stored(capture).stretch(frames[-1].time_ns, capture.points.__getitem__)
    found = journeys(replace(capture, frames=stretch.frames))
    assert stretch.every == 16 and len(found) > 5
    assert all(len(journey.hops) == 5 for journey in found)


def test_the_oldest_go_when_there_is_no_more_room_and_are_counted() -> None:
    """Nothing is forgotten without a word; what the kernel lost or refused is counted as well."""
    capture = b.ping(100)
    store = stored(capture, 20_000)
    assert 0 < store.forgotten < store.frames == 1000
    kept = sum(kept.frames for kept in store.batches())
    assert kept + store.forgotten == store.frames and store.span[0] > b.START
    solicitation = b"\x33\x33" + bytes(10) + b"\x86\xdd" + bytes(6) + b"\x3a" + bytes(33) + b"\x87"
    quiet = Frame(b.START, capture.points[0], "out", solicitation + bytes(23), 78)
    assert store.add(batch(capture.frames[:1], capture.points))
    assert not store.add(batch([quiet], capture.points)), "noise alone is no reason to draw"
    store = stored(capture, 20_000)
    store.add(pack([(2, LOST, 7, 0, b""), (3, REFUSED, 0, 0, b"")]))
    assert (store.lost[2], store.refused, store.frames) == (7, {3}, 1000)


def test_the_cross_stands_between_the_last_lane_that_saw_it_and_the_empty_ring() -> None:
    """As in the static timeline: seen on three lanes, a ring on the fourth."""
    made = drawn(b.lecture_death())
    heights = {lane["name"]: lane["y"] for lane in made["lanes"]}  # type: ignore[attr-defined]
    for track in made["tracks"]:  # type: ignore[attr-defined]
        assert [y for _, y in track["spots"]][-1] == heights["host docker0"]
        assert track["expected"][1] == heights["host eth0"]
        assert heights["host docker0"] < track["cross"][1] < heights["host eth0"]
        assert "expected at host eth0 and not seen" in track["words"]
    assert str(made["head"]).startswith("3 requests, 0 replies")
    json.dumps(made)


def test_a_packet_that_may_still_come_is_not_called_dead() -> None:
    """Only when nothing was seen of it for a while."""
    capture = b.lecture_death(1)
    last = capture.frames[-1].time_ns
    for now, dead in ((last + 1, False), (last + 2 * lanes.GRACE, True)):
        times = lanes.Times(b.START, 0, now, now)
        made = lanes.timeline(capture, journeys(capture), lanes.Strip(), times, {})
        assert (made["tracks"][0]["expected"] is not None) is dead
        assert ("on its way" in made["tracks"][0]["words"]) is not dead


def test_what_was_drawn_once_stays_in_its_place() -> None:
    """The strip only goes on: later packets move none of the earlier ones, and none lies on another."""
    capture, strip = b.ping(5), lanes.Strip()
    places: dict[str, float] = {}
    for number in range(10, len(capture.frames) + 1, 10):
        some = replace(capture, frames=capture.frames[:number])
        tracks = drawn(some, strip)["tracks"]
        found = {track["id"]: track["spots"][0][0] for track in tracks}  # type: ignore[attr-defined]
        assert found.items() >= places.items()
        places = found
    assert sorted(places.values()) == list(places.values()) and len(set(places.values())) == 10


def test_a_long_silence_is_told_not_drawn() -> None:
    """Half a minute later there is a word for it, and not half a mile of nothing."""
    capture = b.ping(2)
    cut = capture.frames[10].time_ns
    frames = tuple(
        replace(f, time_ns=f.time_ns + 30 * b.SECOND) if f.time_ns >= cut else f for f in capture.frames
    )
    made = drawn(replace(capture, frames=frames))
    assert any("31 s later" in text for _, _, text, _ in made["texts"])  # type: ignore[attr-defined]
    assert made["end"] < 600  # type: ignore[operator]


def test_packets_move_over_the_cables_and_are_rewritten_where_nat_does() -> None:
    """Hop by hop, from card to card; the words of MASQUERADE stand beside eth0."""
    capture = b.ping(1)
    trails = Trails(cabling(capture.before))
    request, reply = motion.motions(journeys(capture), trails, b.START + LATER)
    assert (request["kind"], reply["kind"], reply["answers"]) == ("request", "reply", True)
    (note,) = [piece["note"] for piece in request["pieces"] if "note" in piece]
    assert " ".join(text for *_, text in note) == "src 172.17.0.2 → 192.0.2.10"
    there = [spot for piece in request["pieces"] for way in piece["ways"] for spot in way]
    back = [spot for piece in reply["pieces"] for way in piece["ways"] for spot in way]
    assert len(there) == len(back) > 8
    # Beside each other, the same way.
    assert all(
        0 < abs(x - u) + abs(y - v) <= 4 * LANE for (x, y), (u, v) in zip(there, back[::-1], strict=True)
    )


def test_a_mark_stands_where_the_static_picture_has_it_until_a_packet_gets_through() -> None:
    """On the way from docker0 to eth0, with what is known; a later success takes it away."""
    dead = b.lecture_death()
    trails = Trails(cabling(dead.before))
    found = motion.deaths(journeys(dead), b.START + LATER)
    (mark,) = motion.marks(found, {}, trails)
    assert "last seen on host docker0, expected on host eth0" in mark["words"]
    assert [text for *_, text, _ in mark["note"]] == ["ends here", "last seen on host docker0"]
    later = tuple(replace(f, time_ns=f.time_ns + LATER) for f in b.ping(1).frames)
    both = replace(dead, frames=dead.frames + later)
    assert motion.deaths(journeys(both), b.START + 3 * LATER) == []


def test_the_kernel_says_why_and_nothing_is_sent() -> None:
    """The setting and the counter, out of packets that somebody else sent; without proof it says so."""
    capture = with_forwarding_setting(changed(b.lecture_death(), **{"Ip.InAddrErrors": 3}))
    found = journeys(capture)
    assert all(map(reasons.can_be_judged, found))
    died = reasons.alike(found, found[0], b.START - 1)
    reason = reasons.why(died, capture, lambda *_: UNREACHABLE, Veil())
    assert reason.lines == ("not forwarded (likely)", "net.ipv4.ip_forward = 0") and reason.final
    assert "IpInAddrErrors +3" in reason.sentence
    on = replace(capture.before.by_netns(b.HOST), sysctls={"net.ipv4.conf.docker0.forwarding": "1"})  # type: ignore[type-var]
    nodes = tuple(on if node.netns == b.HOST else node for node in capture.before.nodes)
    unknown = replace(capture.before, nodes=nodes)  # type: ignore[arg-type]
    reason = reasons.why(
        died, replace(capture, before=unknown, after=unknown), lambda *_: UNREACHABLE, Veil()
    )
    assert reason.lines == ("ends here", "why is not known") and not reason.final


def test_what_the_lesson_asks_for_is_no_reason(tmp_path: Path) -> None:
    """Before 05.2 is answered the mark says that the packet ends here, and nothing of forwarding."""
    capture = with_forwarding_setting(changed(b.lecture_death(), **{"Ip.InAddrErrors": 3}))
    veil = Veil(lesson("05"), Progress(tmp_path / "progress.json"))
    reason = reasons.why(journeys(capture), capture, lambda *_: UNREACHABLE, veil)
    assert reason.lines == ("ends here",) and not reason.final
    assert "forward" not in reason.sentence


@pytest.mark.parametrize("number", [0, 1])
def test_headers_stand_side_by_side_and_what_changed_is_marked(number: int) -> None:
    """scapy's reading of each hop: the time to live and the source change at eth0, the sequence never."""
    made = headers(journeys(b.ping(1))[number], "")
    rows = {row["name"]: row for row in made["rows"]}
    assert len(made["hops"]) == 5 and rows["ICMP seq"]["changed"] == [False] * 5
    column = 3 if number == 0 else 2
    assert rows["IP ttl"]["changed"] == [n == column for n in range(5)]
    assert rows["IP src" if number == 0 else "IP dst"]["changed"][column]
    json.dumps(made)


def test_what_stays_in_the_notebook_is_images_with_words() -> None:
    """Topology with the death, and the timeline; nothing that an untrusted notebook would strip."""
    capture = b.lecture_death()
    found = journeys(capture)
    page = still(capture.after, capture, found, found[-1], "not forwarded")
    assert page.count("<img alt=") == 2 and page.count("data:image/svg+xml;base64,") == 2
    assert "expected at host eth0 and not seen" in page and "<script" not in page


def test_with_many_interfaces_only_those_that_saw_something_get_a_lane() -> None:
    """200 containers, one of which pings: five lanes, and a word about the others."""
    snapshot = b.lab(200)
    frames = tuple(replace(f, time_ns=f.time_ns) for f in b.lecture_death().frames)
    history = History()
    history.add(snapshot)
    points = history.points(b.START, b.START + 1)
    capture = Capture(points, frames, {}, snapshot, snapshot)
    made = drawn(capture)
    assert [lane["name"] for lane in made["lanes"]][:3] == ["if-test eth0", "host veth_host", "host docker0"]  # type: ignore[attr-defined]
    assert len(made["lanes"]) == 4 and "399 interfaces that saw nothing" in made["remarks"][0]  # type: ignore[arg-type,index]
