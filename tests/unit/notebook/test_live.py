"""What the live view sends to the page: places and words, and ids that last."""

from __future__ import annotations

import json
from dataclasses import replace

from netlab.model import Interface, Snapshot
from netlab.notebook.live.picture import Identities, cabling, picture
from tests.worlds import builders as b
from tests.worlds.stories import CONTAINER, HOST, World, interface


def lab(*added: tuple[str, Interface]) -> Snapshot:
    """The base lab, a container without a network, and interfaces put into nodes."""
    world = World()
    world.container()
    for name, found in added:
        node = world.nodes[name]
        world.nodes[name] = replace(node, interfaces=(*node.interfaces, found))
    return world.snapshot()


def test_an_interface_that_moves_and_is_renamed_stays_the_same() -> None:
    """The page may move the card, since its id is the one that it had; a new one gets a new id."""
    spare = replace(interface(HOST, 9, "veth_container"), mac="02:00:00:00:00:09")
    inside = replace(spare, netns=CONTAINER, index=2, name="eth0")
    identities = Identities()
    before = identities.follow(lab(("host", spare)))
    id = before[spare.id]
    after = identities.follow(lab(("if-test", inside)))
    assert after[inside.id] == id
    assert len(set(after.values())) == len(after)
    gone = identities.follow(lab())
    again = identities.follow(lab(("host", spare)))
    assert id not in gone.values()
    assert again[spare.id] not in {*before.values(), *after.values()}


def test_a_picture_is_plain_data_with_everything_in_its_place() -> None:
    """Each card lies in its namespace's box, and what is new is marked."""
    first = lab()
    second = lab(("host", interface(HOST, 9, "veth_host")))
    identities = Identities()
    identities.follow(first)
    made = json.loads(json.dumps(picture(second, identities.follow(second), cabling(second, first))))
    boxes = {box["texts"][0]["text"]: box["rect"] for box in made["boxes"]}
    cards = {card["details"].partition(":")[0]: card for card in made["cards"]}
    assert {"if-test", "host", "internet"} <= set(boxes)
    assert (cards["veth_host in host"]["mark"], cards["docker0 in host"]["mark"]) == ("new", "")
    for name, card in cards.items():
        x, y, width, height = boxes[name.rpartition(" in ")[2]]
        left, top, *_ = card["rect"]
        assert x <= left <= x + width and y <= top <= y + height, name
    assert made["width"] >= max(x + width for x, _, width, _ in boxes.values())


def test_two_hundred_containers_are_grouped() -> None:
    """The picture stays as small as one of a few, and every interface has an id."""
    snapshot = b.lab(200)
    ids = Identities().follow(snapshot)
    made = picture(snapshot, ids, cabling(snapshot))
    assert len(made["boxes"]) < 12
    flood = picture(snapshot, ids, cabling(snapshot, b.lab(100)))
    assert len(flood["boxes"]) < 12, "what is new is shown one by one only where there is little of it"
    assert len(ids) > 400
