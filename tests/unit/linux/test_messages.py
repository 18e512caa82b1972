"""Our numbers are those of the kernel's headers: pyroute2, which has typed them off as well, has the same."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import pyroute2.netlink
import pytest
from pyroute2.netlink.nfnetlink import nftsocket
from pyroute2.netlink.rtnl import rt_proto, rt_scope, rt_type
from pyroute2.netlink.rtnl.fibmsg import FR_ACT_NAMES
from pyroute2.netlink.rtnl.ifinfmsg import IFF_NAMES, macvx_data, state_by_code
from pyroute2.netlink.rtnl.ndmsg import states
from pyroute2.netlink.rtnl.rtmsg import RTNH_F_NAMES

from netlab.linux.netlink import messages, netfilter, notifications, parse, sock_diag, socket

MODULES = (messages, netfilter, notifications, sock_diag, socket)
# What pyroute2 does not know, or only under another name (compared below), and what is our own.
UNKNOWN = {
    *("RTM_GETNEXTHOP", "RTM_NEWNEXTHOP", "RTM_DELNEXTHOP", "NHA_ID"),
    *("NETCONFA_IFINDEX", "RTEXT_FILTER_SKIP_STATS", "IFLA_BR_FDB_N_LEARNED"),
    *("IFLA_INET6_RA_MTU", "IF_READY", "FIB_RULE_INVERT", "NLA_TYPE_MASK", "RT_TABLE_MAIN"),
    *("IPSET_PROTOCOL", "NFNL_MSG_BATCH_BEGIN", "NFNL_MSG_BATCH_END", "NFT_MSG_GETRULE_RESET"),
}
ELSEWHERE = {"RTPROT_KERNEL", "RTPROT_BOOT", "RTN_UNICAST", "TCP_CLOSE", "TCP_LISTEN", "NETLINK_XFRM"}
OWN = {"ROUTE_GROUPS", "NFTABLES_GROUP", "NEW_GENERATION", "AT_ONCE"}


def classes(of: Any, seen: set[type]) -> set[type]:
    """The classes of a module or class of pyroute2's, with those inside of them and those they come from."""
    for found in (*vars(of).values(), *getattr(of, "__mro__", ())):
        if isinstance(found, type) and found.__module__.startswith("pyroute2") and found not in seen:
            seen.add(found)
            classes(found, seen)
    return seen


@cache
def known() -> dict[str, set[int]]:
    """All that pyroute2 has a number for: constants of its modules, attributes in its tables."""
    found: dict[str, set[int]] = {}
    for about in pkgutil.walk_packages(pyroute2.netlink.__path__, "pyroute2.netlink."):
        module = importlib.import_module(about.name)
        for name, number in (*constants(module), *attributes(module)):
            found.setdefault(name, set()).add(number)
    return found


def constants(module: ModuleType) -> Iterator[tuple[str, int]]:
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_") and isinstance(value, int):
            yield name, int(value)


def attributes(module: ModuleType) -> Iterator[tuple[str, int]]:
    """A table has its entries in order, or with their numbers."""
    for one in classes(module, set()):
        for at, entry in enumerate(getattr(one, "nla_map", ())):
            number, name = entry[:2] if isinstance(entry[0], int) else (at, entry[0])
            yield name, number


NUMBERS = sorted({pair for module in MODULES for pair in constants(module)})


@pytest.mark.parametrize(("name", "number"), NUMBERS)
def test_a_number_is_pyroute2s(name: str, number: int) -> None:
    """Each that pyroute2 names is the same there; which those are that it does not name is written down."""
    if name in UNKNOWN | ELSEWHERE | OWN:
        assert name not in known()
    else:
        assert known().get(name) == {number}


def test_what_pyroute2_calls_by_another_name_is_the_same_too() -> None:
    """Protocols and kinds of routes, and states of sockets."""
    diag = importlib.import_module("pyroute2.netlink.diag")
    assert socket.NETLINK_XFRM == pyroute2.netlink.NETLINK_XFRM
    assert (rt_proto["kernel"], rt_proto["boot"]) == (messages.RTPROT_KERNEL, messages.RTPROT_BOOT)
    assert rt_type["unicast"] == messages.RTN_UNICAST
    assert (sock_diag.TCP_CLOSE, sock_diag.TCP_LISTEN) == (diag.SS_CLOSE, diag.SS_LISTEN)


def test_words_for_numbers_are_pyroute2s() -> None:
    """What flags, states, kinds and actions are called, as far as pyroute2 has a word for them."""
    assert messages.LINK_FLAGS.items() <= {n: w.removeprefix("IFF_") for w, n in IFF_NAMES.items()}.items()
    assert dict(enumerate(messages.OPERSTATES)) == state_by_code
    assert messages.NEIGHBOUR_STATES.items() <= {n: word.upper() for word, n in states.items()}.items()
    assert dict(enumerate(messages.ROUTE_KINDS)).items() <= rt_type.items()
    assert messages.PROTOCOLS.items() <= rt_proto.items()
    assert {n: w for n, w in rt_scope.items() if isinstance(n, int)} | {0: "global"} == messages.SCOPES
    assert {n: w.removeprefix("RTNH_F_").lower() for w, n in RTNH_F_NAMES.items()} == messages.NEXT_HOP_FLAGS
    assert messages.MACVLAN_MODES.items() <= macvx_data.mode.value_map.items()
    actions = {n: word.removeprefix("FR_ACT_").lower() for word, n in FR_ACT_NAMES.items()}
    assert messages.RULE_ACTIONS.items() <= (actions | {messages.FR_ACT_TO_TBL: "lookup"}).items()
    for number, family in netfilter.FAMILIES.items():
        word = {"ip": "IPV4", "ip6": "IPV6"}.get(family, family.upper())
        assert getattr(nftsocket, f"NFPROTO_{word}") == number


def test_most_is_compared() -> None:
    """The comparison finds what it is to compare."""
    assert len([name for name, _ in NUMBERS if name in known()]) > 120


def test_an_attribute_without_content_is_no_number() -> None:
    """An interface whose other end is said to be elsewhere, and where, with nothing behind it."""
    elsewhere = messages.attribute(messages.IFLA_LINK, b"") + messages.attribute(
        messages.IFLA_LINK_NETNSID, b""
    )
    assert parse.interface(1, parse.link(bytes(16) + elsewhere), {}, ()).index == 0
    assert messages.signed_number(b"\xff\xff\xff\xff") == -1 and messages.signed_number(b"", -1) == -1
