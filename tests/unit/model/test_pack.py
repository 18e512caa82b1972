"""A network as a value and as a file: it comes back as it was, and what is otherwise is told."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from netlab.model import codec, netpack, outside, pack, schema
from netlab.model.codec import Malformed
from netlab.model.pack_changes import differences
from netlab.model.pack_check import check, is_link_name

HOST, INSIDE = outside.empty("host", "host"), outside.empty("web", "container")
VETH = pack.Link(2, "veth0", "veth", up=True, mac="02:00:00:00:00:01", other=pack.End("web", 5))
ETH0 = pack.Link(5, "eth0", "veth", up=True, mac="02:00:00:00:00:02", other=pack.End("host", 2))
TABLE = pack.Table("ip", "nft", "filter", (pack.Chain("FORWARD", "DROP", ("-i a -j ACCEPT", "-j LOG")),))


def lab(**words: object) -> pack.Pack:
    """A host and a container with a cable between them; `words` are of the host."""
    host = replace(HOST, **{"links": (*HOST.links, VETH), "tables": (TABLE,), **words})  # type: ignore[arg-type]
    return pack.Pack("lab", 7, nodes=(host, replace(INSIDE, links=(*INSIDE.links, ETH0))))


def test_a_network_comes_back_from_its_file() -> None:
    """Every field, and the same network makes the same file."""
    found = lab(settings={"net/ipv4/ip_forward": "1"}, native=('{"table":{"family":"ip","name":"x"}}',))
    assert netpack.read(netpack.write(found)) == found
    assert netpack.write(found) == netpack.write(found)


def test_a_pack_of_the_first_schema_is_read() -> None:
    """It was made before packs had sets, policies of IPsec and VLANs: it has none, and is a whole network."""
    file = Path(__file__).parents[2] / "worlds" / "first-schema.netpack"
    with zipfile.ZipFile(file) as archive:
        assert json.loads(archive.read(netpack.MANIFEST))["version"] == 1 < pack.VERSION
    found = netpack.read(file.read_bytes())
    assert [node.name for node in found.nodes] == ["if-test", "two", "host", "blue", "internet"]
    host = found.nodes[2]
    assert len(host.links) == 12 and len(host.native) == 9 and host.ip_sets == host.ipsec == host.vlans == ()
    assert netpack.read(netpack.write(found)) == found


def test_a_file_says_what_it_is() -> None:
    """Its manifest has the version of the schema, the nodes and what could not be read."""
    found = replace(lab(), remarks=("host: not read: tc filter",))
    with zipfile.ZipFile(io.BytesIO(netpack.write(found))) as archive:
        manifest = json.loads(archive.read(netpack.MANIFEST))
    assert (manifest["format"], manifest["version"]) == (netpack.FORMAT, pack.VERSION)
    assert manifest["nodes"] == ["host", "web"] and manifest["remarks"] == list(found.remarks)


def test_the_schema_of_a_pack_is_published() -> None:
    """`python -m netlab.model.schema` has been run since a pack changed; a pack fits it, more does not."""
    jsonschema = pytest.importorskip("jsonschema")
    assert schema.PACK_FILE.read_text(encoding="utf-8") == schema.pack_file_text()
    published = json.loads(schema.pack_file_text())
    jsonschema.validate(codec.to_plain(lab()), published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**codec.to_plain(lab()), "environment": {}}, published)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (replace(lab(), name="a\nb"), "no proper name"),
        (replace(lab(), nodes=lab().nodes[1:]), "one host"),
        (replace(lab(), nodes=(*lab().nodes, INSIDE)), "twice"),
        (lab(addresses=(pack.Address(9, "10.0.0.1", 8),)), "not there"),
        (replace(lab(), nodes=lab().nodes[:1]), "other end of veth0"),
    ],
)
def test_what_is_not_consistent_is_refused(wrong: pack.Pack, complaint: str) -> None:
    """With the first reason; what is consistent is not."""
    check(lab())
    with pytest.raises(Malformed, match=complaint):
        check(wrong)


@pytest.mark.parametrize("name", ["", "a" * 16, "a/b", "a b", "a:b", "..", "a\n", "a\0"])
def test_links_are_called_what_the_kernel_allows(name: str) -> None:
    """And nothing else."""
    assert not is_link_name(name) and is_link_name("fifteen.letters")


def test_differences_are_told_by_node_and_kind() -> None:
    """What has gone, what has come; order counts among rules, and what was learned says nothing."""
    other = lab(
        tables=(replace(TABLE, chains=(pack.Chain("FORWARD", "ACCEPT", TABLE.chains[0].rules[::-1]),)),)
    )
    told = differences(lab(), other)
    assert "- host: chain: nft ip filter FORWARD DROP" in told
    assert "+ host: chain: nft ip filter FORWARD ACCEPT" in told
    assert "+ host: rule: nft ip filter FORWARD 1: -j LOG" in told and len(told) == 6
    learned = pack.Neighbour(2, "10.0.0.1", "02:00:00:00:00:09", 4)
    assert differences(lab(), lab(neighbours=(learned,))) == []
    assert differences(lab(), replace(lab(), nodes=lab().nodes[:1])) == ["- web: container"]


def test_a_card_becomes_a_cable_into_a_world_that_answers() -> None:
    """It keeps its number and its name; each other address is the world's, but none of those behind it."""
    card = pack.Link(2, "ens3", "", up=True, mac="52:54:00:00:00:01")
    bridge = pack.Link(3, "docker0", "bridge", up=True)
    held = (pack.Address(2, "192.0.2.10", 24), pack.Address(3, "172.17.0.1", 16))
    host = replace(HOST, links=(*HOST.links, card, bridge), addresses=(*HOST.addresses, *held))
    laid = outside.cables(pack.Pack("web1", 1, whole=False, nodes=(host,)))
    made = outside.world(laid)
    check(made)
    near, world = made.nodes[0].links[1], made.node("internet")
    assert world and (near.name, near.index, near.kind) == ("ens3", 2, "veth")
    assert near.other == pack.End("internet", world.links[1].index)
    ways = {route.destination: (route.kind, route.index) for route in world.routes if route.table == 255}
    assert ways["0.0.0.0/0"] == (2, 1) and ways["192.0.2.10/32"] == (1, world.links[1].index)
    assert "172.17.0.1/32" not in ways
    assert made.whole and any("ens3" in remark for remark in made.remarks)
    assert outside.world(made) == made
