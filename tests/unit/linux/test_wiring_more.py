"""VLANs of a bridge's ports, policies of IPsec, sets of ipset: values as bytes for a kernel, and back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import xfrm
from netlab.linux.ruleset import ip_sets
from netlab.linux.wiring import ipsec, vlans
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack


class Recorder:
    """Stands in for a socket: keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []

    def request(self, kind: int, flags: int, body: bytes, what: str) -> None:
        self.sent.append((kind, body))

    def policies(self) -> list[bytes]:
        """As a kernel lists them: the last comes first."""
        return [body for kind, body in reversed(self.sent) if kind == xfrm.XFRM_MSG_NEWPOLICY]

    @contextmanager
    def batch(self, refused: object = None) -> Iterator[None]:
        yield


@pytest.mark.parametrize(
    ("vlan", "infos"),
    [
        (pack.PortVlan(5, 10, 20, vlans.UNTAGGED), [(10, 8 | 4), (20, 16 | 4)]),
        (pack.PortVlan(5, 7, 7, vlans.PVID | vlans.UNTAGGED), [(7, 2 | 4)]),
    ],
)
def test_vlans_are_written_as_pyroute2_writes_them(vlan: pack.PortVlan, infos: list[tuple[int, int]]) -> None:
    """One VLAN, or a range of them by its two ends; and a listing reads as what was written."""
    theirs = ifinfmsg()
    theirs["family"], theirs["index"] = socket.AF_BRIDGE, vlan.index
    words = [("IFLA_BRIDGE_VLAN_INFO", {"vid": vid, "flags": flags}) for vid, flags in infos]
    theirs["attrs"] = [("IFLA_AF_SPEC", {"attrs": words})]
    theirs.encode()
    assert vlans.body(vlan, is_bridge=False) == bytes(theirs.data)[16:]
    assert list(vlans.parse(vlans.body(vlan, is_bridge=True))) == [vlan]


@pytest.mark.parametrize("ends", [(0, 5), (9, 8), (1, 4095)])
def test_what_is_no_vlan_is_not_sent(ends: tuple[int, int]) -> None:
    """0 and 4095 belong to nobody, and a range begins before it ends."""
    with pytest.raises(Unfit, match="no VLANs"):
        vlans.body(pack.PortVlan(5, *ends), is_bridge=False)


POLICIES = (
    pack.IpsecPolicy(1, "0.0.0.0/0", "192.0.2.9/32", action=1, priority=7),
    pack.IpsecPolicy(
        2, "fd00::/64", "fd01::/64", protocol=6, destination_port=80, destination_mask=0xFFFF,
        templates=(pack.IpsecTemplate("fd00::1", "fd01::1", spi=258, reqid=3, mode=1),),
        details={"mark": "5 255", "if_id": "9"},
    ),
)  # fmt: skip


def test_policies_come_back_from_their_bytes() -> None:
    """Selectors of both families, ports, templates, marks; in the order in which they were made."""
    socket_ = Recorder()
    for policy in POLICIES:
        ipsec.add(socket_, policy)  # type: ignore[arg-type]
    assert ipsec.read(socket_) == POLICIES  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "destination"), [("10.0.0.0/8", "fd00::/8"), ("all", "10.0.0.0/8")])
def test_a_policy_of_no_family_is_refused(source: str, destination: str) -> None:
    """Before a byte of it is sent."""
    socket_ = Recorder()
    with pytest.raises(Unfit):
        ipsec.add(socket_, pack.IpsecPolicy(0, source, destination))  # type: ignore[arg-type]
    assert socket_.sent == []


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (pack.IpSet("a", "hash:evil"), "no type"),
        (pack.IpSet("a b", "hash:ip"), "no name of a set"),
        (pack.IpSet("a\nb", "hash:ip"), "no name of a set"),
        (pack.IpSet("a", "hash:ip", options={"modprobe": "x"}), "no 'modprobe'"),
        (pack.IpSet("a", "hash:ip", entries=({"ip": "example.com"},)), "cannot be"),
        (pack.IpSet("a", "hash:net,iface", entries=({"iface": "../x"},)), "cannot be"),
    ],
)
def test_a_set_is_made_of_known_words_alone(
    wanted: pack.IpSet, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another type would have the kernel look for a module of that name."""
    monkeypatch.setattr(ip_sets, "IP_SETS", "/")
    (line,) = ip_sets.restore(Recorder(), [wanted])  # type: ignore[arg-type]
    assert why in line and "\n" not in line


def test_an_entry_reads_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of both families, ports in the network's order, names of cards and of sets."""
    monkeypatch.setattr(ip_sets, "IP_SETS", "/")
    entry = {"ip": "fd00::9", "cidr": "64", "port": "80", "proto": "6", "iface": "eth0", "name": "other"}
    socket_ = Recorder()
    assert ip_sets.restore(socket_, [pack.IpSet("a", "hash:ip,port", 10, entries=(entry,))]) == []  # type: ignore[arg-type]
    data = rt.attributes(socket_.sent[-1][1], 4)[ip_sets.DATA]
    table = {word: (field.number & rt.NLA_TYPE_MASK, field.read) for word, field in ip_sets.ENTRY.items()}
    words = rt.attributes(data)
    assert {word: read(words[n]) for word, (n, read) in table.items() if n in words} == entry
