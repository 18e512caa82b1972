"""The lab in a terminal and for a screen reader."""

from __future__ import annotations

import pytest

from netlab.drawing.text import alt_text, as_text
from netlab.model import Route
from tests.worlds import builders as b
from tests.worlds.topologies import WORLDS

LECTURE = """\
if-test  (container, netns 4026532281)
├─ ● eth0  172.17.0.2/16  ⇄ host veth_host
└─ default → 172.17.0.1

host  (lab host, netns 4026532200)
├─ ● eth0  192.0.2.10/24  ⇄ internet uplink
├─ ● docker0  bridge  172.17.0.1/16
│  └─ ● veth_host  ⇄ if-test eth0
├─ default → 192.0.2.1
└─ net.ipv4.ip_forward = 0

internet  (netns 4026532100)
├─ ● uplink  192.0.2.1/24  ⇄ host eth0
└─ ● lo  39.106.233.176/32

● up"""


def test_the_lecture_s_lab_as_a_tree() -> None:
    """Golden text: what ./run status prints."""
    assert as_text(b.lab()) == LECTURE


@pytest.mark.parametrize("name", WORLDS)
def test_the_tree_fits_a_terminal_and_names_everything(name: str) -> None:
    """At most 80 columns, every namespace, every interface but a plain lo."""
    snapshot = WORLDS[name]()
    text = as_text(snapshot)
    assert all(len(line) <= 80 for line in text.splitlines())
    for node, interface in snapshot.interfaces():
        assert node.name in text
        assert interface.name in text or interface.kind == "loopback"


@pytest.mark.parametrize("name", WORLDS)
def test_the_alternative_text_tells_what_the_picture_shows(name: str) -> None:
    """Every namespace, interface, address and state, in sentences."""
    snapshot = WORLDS[name]()
    text = alt_text(snapshot)
    assert text.endswith(".")
    for node, interface in snapshot.interfaces():
        assert node.name in text
        if interface.kind != "loopback":
            assert interface.name in text
            assert all(str(a) in text for a in interface.addresses if a.scope == "global")


def test_a_route_reads_as_ip_prints_it() -> None:
    """Kind, gateway, device, source, metric, and what is said of the link behind all of it."""
    held = Route("172.17.0.0/16", "docker0", source="172.17.0.1", metric=5, flags=frozenset({"linkdown"}))
    assert str(held) == "172.17.0.0/16 dev docker0 src 172.17.0.1 metric 5 linkdown"
    given = Route("default", "eth0", "192.0.2.1", flags=frozenset({"onlink", "dead"}))
    assert str(given) == "default via 192.0.2.1 dev eth0 dead onlink"
    assert str(Route("10.0.0.0/8", kind="blackhole")) == "blackhole 10.0.0.0/8"


def test_states_and_bridges_are_told() -> None:
    """A reader who cannot see the signs still learns what is down and what hangs on which bridge."""
    text = alt_text(WORLDS["broken"]())
    assert "eth0 down with 172.17.0.2/16" in text
    assert "veth_host no carrier without an address as a port of docker0 connected to if-test eth0" in text


def test_a_branch_ends_where_its_last_row_is() -> None:
    """Two ports of one bridge: the first has a branch, the last a corner."""
    rows = as_text(b.lab(2)).splitlines()
    assert "│  ├─ ● veth_host  ⇄ if-test eth0" in rows
    assert "│  └─ ● veth0000002  ⇄ c2 eth0" in rows
