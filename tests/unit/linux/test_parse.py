"""What is read from rtnetlink's bytes is what pyroute2 reads from them, also when they are made at random."""

from __future__ import annotations

import random
import struct
from contextlib import suppress

import pytest
from pyroute2.netlink.rtnl.fibmsg import FR_ACT_NAMES, fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg, states
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import parse

SEEDS = range(30)


def decoded(kind: type, message: int, body: bytes):  # type: ignore[no-untyped-def]
    """What pyroute2 makes of a body."""
    found = kind(rt.message(message, 0, 1, body))
    found.decode()
    return found


def random_link(dice: random.Random) -> bytes:
    """A link with some of the attributes that are read, in any order."""
    name = "".join(dice.choices("abcdefgh0123.-_", k=dice.randint(1, 15)))
    attributes = [
        rt.attribute(3, name),
        rt.attribute(4, dice.randrange(1 << 16)),
        rt.attribute(1, dice.randbytes(6)),
        rt.attribute(6, dice.choice(("noqueue", "fq_codel"))),
        rt.attribute(16, bytes([dice.randrange(7)])),
        rt.attribute(18, rt.attribute(1, dice.choice(("veth", "bridge", "macvlan")))),
        rt.attribute(5, dice.randrange(1, 100)) + rt.attribute(37, struct.pack("=i", dice.randint(-1, 5))),
    ]
    dice.shuffle(attributes)
    head = rt.IFINFO.pack(0, 1, dice.randrange(1, 1 << 20), dice.randrange(1 << 17), 0)
    return head + b"".join(attributes[: dice.randint(3, 7)])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_link_reads_as_pyroute2_reads_it(seed: int) -> None:
    """Index, name, MTU, MAC, kind, qdisc, operational state, and the number of the peer."""
    body = random_link(random.Random(seed))
    ours = parse.interface(7, parse.link(body), {}, ())
    theirs = decoded(ifinfmsg, rt.RTM_NEWLINK, body)
    assert (ours.index, ours.name) == (theirs["index"], theirs.get_attr("IFLA_IFNAME") or "")
    assert ours.mtu == (theirs.get_attr("IFLA_MTU") or 0)
    assert ours.mac == (theirs.get_attr("IFLA_ADDRESS") or "")
    assert ours.operstate == (theirs.get_attr("IFLA_OPERSTATE") or "UNKNOWN")
    assert ours.details.get("qdisc", "noqueue") == (theirs.get_attr("IFLA_QDISC") or "noqueue")
    if "LOOPBACK" not in ours.flags:
        assert ours.kind == (theirs.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") or "")
    assert (ours.peer.index if ours.peer else None) == theirs.get_attr("IFLA_LINK")


@pytest.mark.parametrize("seed", SEEDS)
def test_addresses_and_routes_read_as_pyroute2_reads_them(seed: int) -> None:
    """Of both families: address and prefix; destination, gateway, source, metric, table, and the device."""
    dice = random.Random(seed)
    family, size = dice.choice(((2, 4), (10, 16)))
    prefix = dice.randint(1, size * 8)
    body = rt.IFADDR.pack(family, prefix, 0, 0, dice.randrange(1, 99)) + rt.attribute(1, dice.randbytes(size))
    index, address = parse.address(body)
    theirs = decoded(ifaddrmsg, rt.RTM_NEWADDR, body)
    assert (index, address.address) == (theirs["index"], theirs.get_attr("IFA_ADDRESS"))
    assert address.prefixlen == theirs["prefixlen"]

    parts = [rt.attribute(kind, dice.randbytes(size)) for kind in (1, 5, 7)]
    parts += [rt.attribute(kind, dice.randrange(1, 250)) for kind in (4, 6, 15)]
    dice.shuffle(parts)
    head = rt.RTMSG.pack(family, prefix, 0, 0, dice.randrange(1, 250), 3, 0, dice.randrange(1, 9), 0)
    body = head + b"".join(parts[: dice.randint(1, 6)])
    route, found = parse.route(body, "eth0"), decoded(rtmsg, rt.RTM_NEWROUTE, body)
    destination = found.get_attr("RTA_DST")
    shown = f"{destination}/{prefix}" if prefix != size * 8 else destination
    assert route.destination == (shown if destination else "default")
    assert route.gateway == (found.get_attr("RTA_GATEWAY") or "")
    assert (route.source, route.metric) == (
        found.get_attr("RTA_PREFSRC") or "",
        found.get_attr("RTA_PRIORITY") or 0,
    )
    table = found.get_attr("RTA_TABLE") or found["table"]
    assert route.table == rt.TABLES.get(table, str(table))
    assert parse.leaves_by(body) == (found.get_attr("RTA_OIF") or 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_neighbour_reads_as_pyroute2_reads_it(seed: int) -> None:
    """Its address, its MAC, the interface, and every state it may be in."""
    dice = random.Random(seed)
    family, size = dice.choice(((2, 4), (10, 16)))
    parts = [rt.attribute(1, dice.randbytes(size)), rt.attribute(2, dice.randbytes(6))]
    parts += [rt.attribute(3, dice.randbytes(16)), rt.attribute(4, dice.randrange(9))]
    dice.shuffle(parts)
    state = dice.choice((0, *rt.NEIGHBOUR_STATES))
    body = rt.NDMSG.pack(family, dice.randrange(1, 4), state, 0, 1) + b"".join(parts[: dice.randint(1, 4)])
    ours, theirs = parse.neighbour(body, {1: "eth0", 2: "docker0"}), decoded(ndmsg, rt.RTM_NEWNEIGH, body)
    assert ours.address == (theirs.get_attr("NDA_DST") or "")
    assert ours.mac == (theirs.get_attr("NDA_LLADDR") or "")
    assert ours.device == {1: "eth0", 2: "docker0"}.get(theirs["ifindex"], "")
    assert ours.state == {number: name for name, number in states.items()}[theirs["state"]].upper()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_policy_rule_reads_as_pyroute2_reads_it(seed: int) -> None:
    """All that it may ask for, what it does, and whether it asks for more than is read."""
    dice = random.Random(seed)
    family, size = dice.choice(((2, 4), (10, 16)))
    to, source = (dice.randint(1, size * 8) for _ in range(2))
    parts = [rt.attribute(kind, dice.randbytes(size)) for kind in (1, 2)]
    parts += [rt.attribute(kind, dice.choice(("eth0", "docker0"))) for kind in (3, 17)]
    parts += [rt.attribute(kind, dice.randrange(1, 1 << 31)) for kind in (4, 6, 10, 14, 15, 16)]
    parts += [
        rt.attribute(kind, dice.randbytes(length)) for kind, length in ((20, 8), (22, 1), (23, 4), (24, 4))
    ]
    dice.shuffle(parts)
    action, flags = dice.choice(list(rt.RULE_ACTIONS)), dice.choice((0, 2))
    head = rt.RTMSG.pack(family, to, source, 0, dice.randrange(1, 250), 0, 0, action, flags)
    body = head + b"".join(parts[: dice.randint(0, len(parts))])
    rule, found = parse.policy(body), decoded(fibmsg, rt.RTM_NEWRULE, body)
    said = dict(found["attrs"])
    assert rule is not None and rule.family == (4 if found["family"] == 2 else 6)
    assert rule.source == (f"{said['FRA_SRC']}/{source}" if "FRA_SRC" in said else "")
    assert rule.destination == (f"{said['FRA_DST']}/{to}" if "FRA_DST" in said else "")
    assert (rule.iif, rule.oif) == (said.get("FRA_IIFNAME", ""), said.get("FRA_OIFNAME", ""))
    assert (rule.preference, rule.goto) == (said.get("FRA_PRIORITY", 0), said.get("FRA_GOTO", 0))
    assert (rule.mark, rule.suppress) == (said.get("FRA_FWMARK", 0), said.get("FRA_SUPPRESS_PREFIXLEN", -1))
    assert rule.mask == said.get("FRA_FWMASK", 0xFFFFFFFF if "FRA_FWMARK" in said else 0)
    table = said.get("FRA_TABLE", found["table"])
    assert rule.table == (rt.TABLES.get(table, str(table)) if rule.action == "lookup" else "")
    assert FR_ACT_NAMES[f"FR_ACT_{rule.action.upper()}".replace("LOOKUP", "TO_TBL")] == found["action"]
    assert rule.inverted == bool(found["flags"] & 2)
    assert rule.partial == bool(
        said.keys() & {"FRA_UID_RANGE", "FRA_IP_PROTO", "FRA_SPORT_RANGE", "FRA_DPORT_RANGE"}
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_kept_is_what_would_be_read_again(seed: int) -> None:
    """Bodies cut short and with bits flipped: read twice, and past what is kept, all three say the same."""
    dice = random.Random(seed)
    body = bytearray(random_link(dice))
    for _ in range(dice.randint(0, 4)):
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    cut = bytes(body[: dice.randint(0, len(body))])
    for read in (parse.link, parse.address, parse.policy, parse.leaves_by):
        outcomes = []
        for go in (read, read, read.__wrapped__):
            outcome: object = "refused"
            with suppress(struct.error):
                outcome = go(cut)
            outcomes.append(outcome)
        assert outcomes[0] == outcomes[1] == outcomes[2]
