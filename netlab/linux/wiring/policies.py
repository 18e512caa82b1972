"""The rules of `ip rule`: read as netlab.model.pack.PolicyRule, added and deleted."""

from __future__ import annotations

import socket

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import fields
from netlab.linux.wiring.fields import Table, Unfit, name, pair, prefix_bytes, whole
from netlab.linux.wiring.routes import RT_TABLE_COMPAT
from netlab.model import pack

DETAILS: Table = {
    "iif": name(rt.FRA_IIFNAME),
    "oif": name(rt.FRA_OIFNAME),
    "goto": whole(rt.FRA_GOTO, 4),
    "fwmark": whole(rt.FRA_FWMARK, 4),
    "fwmask": whole(rt.FRA_FWMASK, 4),
    "realms": whole(11, 4),
    "suppress_ifgroup": whole(13, 4),
    "suppress_prefixlength": whole(rt.FRA_SUPPRESS_PREFIXLEN, 4),
    "l3mdev": whole(19, 1),
    "uidrange": pair(rt.FRA_UID_RANGE, 4),
    "protocol": whole(rt.FRA_PROTOCOL, 1),
    "ipproto": whole(rt.FRA_IP_PROTO, 1),
    "sport": pair(rt.FRA_SPORT_RANGE, 2),
    "dport": pair(rt.FRA_DPORT_RANGE, 2),
}
_UNSET = {"suppress_prefixlength": "4294967295", "suppress_ifgroup": "4294967295", "protocol": "0"}
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_ANY = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)
# What `ip rule` shows in a fresh namespace.
OWN = tuple(
    pack.PolicyRule(family, preference, table=table, details={"protocol": str(rt.RTPROT_KERNEL)})
    for family, tables in ((4, (255, 254, 253)), (6, (255, 254)))
    for preference, table in zip((0, 32766, 32767), tables, strict=False)
)


def read(kernel: RouteSocket) -> tuple[pack.PolicyRule, ...]:
    """The rules of both families. OSError."""
    found = (_rule(content) for _, content in kernel.query(rt.RTM_GETRULE, rt.NLM_F_DUMP, _ANY))
    return tuple(rule for rule in found if rule is not None)


def _rule(content: bytes) -> pack.PolicyRule | None:
    family, to, source, tos, table, _, _, action, flags = rt.RTMSG.unpack_from(content)
    number = {socket.AF_INET: 4, socket.AF_INET6: 6}.get(family)
    if number is None:
        return None
    words = rt.attributes(content, rt.RTMSG.size)
    details = fields.read(DETAILS, words)
    return pack.PolicyRule(
        family=number,
        preference=rt.number(words.get(rt.FRA_PRIORITY)),
        action=action,
        table=rt.number(words.get(rt.FRA_TABLE), table),
        source=f"{rt.ip(words[rt.FRA_SRC])}/{source}" if rt.FRA_SRC in words else "",
        destination=f"{rt.ip(words[rt.FRA_DST])}/{to}" if rt.FRA_DST in words else "",
        tos=tos,
        inverted=bool(flags & rt.FIB_RULE_INVERT),
        details={word: value for word, value in details.items() if _UNSET.get(word) != value},
    )


def add(kernel: RouteSocket, rule: pack.PolicyRule) -> None:
    """Unfit; OSError."""
    flags = rt.NLM_F_CREATE | rt.NLM_F_EXCL
    kernel.request(rt.RTM_NEWRULE, flags, _body(rule), f"add rule {rule.preference}")


def is_of_users(rule: pack.PolicyRule) -> bool:
    """Whether it is for some users: of such a one the kernel hears only in the user namespace that the
    network namespace belongs to."""
    return "uidrange" in rule.details


def delete(kernel: RouteSocket, rule: pack.PolicyRule) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_DELRULE, 0, _body(rule), f"delete rule {rule.preference}")


def _body(rule: pack.PolicyRule) -> bytes:
    if rule.family not in _FAMILIES:
        raise Unfit(f"a rule of family {rule.family}")
    words, lengths = b"", {}
    for word, number in (("source", rt.FRA_SRC), ("destination", rt.FRA_DST)):
        if prefix := getattr(rule, word):
            _, raw, lengths[word] = prefix_bytes(prefix)
            words += rt.attribute(number, raw)
    flags = rt.FIB_RULE_INVERT if rule.inverted else 0
    table = rule.table if rule.table < 256 else RT_TABLE_COMPAT
    head = rt.RTMSG.pack(
        *(_FAMILIES[rule.family], lengths.get("destination", 0), lengths.get("source", 0), rule.tos),
        *(table, 0, 0, rule.action, flags),
    )
    words += rt.attribute(rt.FRA_PRIORITY, rule.preference) + rt.attribute(rt.FRA_TABLE, rule.table)
    return head + words + fields.write(DETAILS, rule.details)
