"""Policies of IPsec: read as netlab.model.pack.IpsecPolicy, added and deleted. States stay where they are."""

from __future__ import annotations

import socket
import struct

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import xfrm
from netlab.linux.netlink.xfrm import Xfrm
from netlab.linux.wiring import fields
from netlab.linux.wiring.fields import Table, Unfit, ip_bytes, prefix_bytes, whole
from netlab.model import pack

XFRMA_TMPL, XFRMA_POLICY_TYPE, XFRMA_MARK, XFRMA_IF_ID = 5, 16, 21, 31
DIRECTIONS = 3  # in, out, forwarded; what has another number belongs to a socket
# struct xfrm_selector, xfrm_lifetime_cfg and _cur, and the rest of xfrm_userpolicy_info
_SELECTOR = struct.Struct("=16s16sHHHHHBBB3xiI")
_LIFE = struct.pack("=8Q", *[(1 << 64) - 1] * 4, *[0] * 4) + bytes(32)  # for ever
_REST = struct.Struct("=IIBBBB4x")
_ID = struct.Struct("=IB3x")
_TEMPLATE = struct.Struct("=16s4sB3xH2x16sIBBBxIII")  # struct xfrm_user_tmpl
DETAILS: Table = {"mark": fields.pair(XFRMA_MARK, 4), "if_id": whole(XFRMA_IF_ID, 4)}
_ANY_ALGORITHM = 0xFFFFFFFF


def read(socket_: Xfrm) -> tuple[pack.IpsecPolicy, ...]:
    """The policies of a namespace, in the order in which they were made: the last comes first. OSError."""
    found = (_policy(content) for content in reversed(socket_.policies()))
    return tuple(policy for policy in found if policy is not None)


def _policy(content: bytes) -> pack.IpsecPolicy | None:
    to, source, dport, dmask, sport, smask, family, to_length, from_length, proto, index, _ = (
        _SELECTOR.unpack_from(content)
    )
    priority, _, direction, action, flags, _ = _REST.unpack_from(content, _SELECTOR.size + len(_LIFE))
    if direction >= DIRECTIONS or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    words = rt.attributes(content, _SELECTOR.size + len(_LIFE) + _REST.size)
    kind = words.get(XFRMA_POLICY_TYPE, b"\0")[0]
    templates = words.get(XFRMA_TMPL, b"")
    return pack.IpsecPolicy(
        direction=direction,
        source=f"{_address(source, family)}/{from_length}",
        destination=f"{_address(to, family)}/{to_length}",
        action=action,
        priority=priority,
        kind=kind,
        flags=flags,
        index=index,
        protocol=proto,
        source_port=socket.ntohs(sport),
        source_mask=socket.ntohs(smask),
        destination_port=socket.ntohs(dport),
        destination_mask=socket.ntohs(dmask),
        templates=tuple(
            _template(templates[at : at + _TEMPLATE.size])
            for at in range(0, len(templates) - _TEMPLATE.size + 1, _TEMPLATE.size)
        ),
        details=fields.read(DETAILS, words),
    )


def _template(raw: bytes) -> pack.IpsecTemplate:
    to, spi, proto, family, source, reqid, mode, share, optional, *_ = _TEMPLATE.unpack(raw)
    return pack.IpsecTemplate(
        source=_address(source, family),
        destination=_address(to, family),
        protocol=proto,
        spi=int.from_bytes(spi, "big"),
        reqid=reqid,
        mode=mode,
        share=share,
        optional=bool(optional),
    )


def _address(raw: bytes, family: int) -> str:
    return rt.ip(raw[:4] if family == socket.AF_INET else raw)


def add(socket_: Xfrm, policy: pack.IpsecPolicy) -> None:
    """Unfit; OSError."""
    rest = _REST.pack(policy.priority, 0, policy.direction, policy.action, policy.flags, 0)
    body = _selector(policy) + _LIFE + rest + _words(policy)
    if policy.templates:
        body += rt.attribute(XFRMA_TMPL, b"".join(_template_body(each) for each in policy.templates))
    flags = rt.NLM_F_CREATE | rt.NLM_F_EXCL
    socket_.request(xfrm.XFRM_MSG_NEWPOLICY, flags, body, f"add policy for {policy.destination}")


def delete(socket_: Xfrm, policy: pack.IpsecPolicy) -> None:
    """Unfit; OSError."""
    body = _selector(policy) + _ID.pack(0, policy.direction) + _words(policy)
    socket_.request(xfrm.XFRM_MSG_DELPOLICY, 0, body, f"delete policy for {policy.destination}")


def _words(policy: pack.IpsecPolicy) -> bytes:
    kind = rt.attribute(XFRMA_POLICY_TYPE, struct.pack("=B5x", policy.kind))
    return kind + fields.write(DETAILS, policy.details)


def _selector(policy: pack.IpsecPolicy) -> bytes:
    family, source, from_length = prefix_bytes(policy.source)
    other, to, to_length = prefix_bytes(policy.destination)
    if family != other:
        raise Unfit(f"{policy.source} and {policy.destination} are not of one family")
    ports = (
        policy.destination_port,
        policy.destination_mask,
        policy.source_port,
        policy.source_mask,
    )
    return _SELECTOR.pack(
        *(_pad(to), _pad(source), *map(socket.htons, ports), family, to_length, from_length),
        *(policy.protocol, policy.index, 0),
    )


def _template_body(template: pack.IpsecTemplate) -> bytes:
    family, to = ip_bytes(template.destination)
    other, source = ip_bytes(template.source)
    if family != other:
        raise Unfit(f"{template.source} and {template.destination} are not of one family")
    return _TEMPLATE.pack(
        *(_pad(to), template.spi.to_bytes(4, "big"), template.protocol, family, _pad(source)),
        *(template.reqid, template.mode, template.share, template.optional),
        *[_ANY_ALGORITHM] * 3,
    )


def _pad(raw: bytes) -> bytes:
    return raw.ljust(16, b"\0")
