"""Queueing disciplines that somebody set: read as netlab.model.pack.Queue, added and deleted."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack

RTM_NEWQDISC, RTM_DELQDISC, RTM_GETTCLASS, RTM_GETTFILTER = 36, 37, 42, 46
TCA_OPTIONS, ROOT = 2, 0xFFFFFFFF
TCA_TBF_PARMS, TCA_TBF_RATE64, TCA_TBF_PRATE64 = 1, 4, 5
_RATE = ("cell_log", "linklayer", "overhead", "cell_align", "mpu", "rate")  # of struct tc_ratespec
_TBF = struct.Struct("=BBHhHIBBHhHIIII")
_TBF_WORDS = (*_RATE, *(f"peak_{word}" for word in _RATE), "limit", "buffer", "mtu")
_FIFO = struct.Struct("=I")
_FQ_CODEL = dict(
    zip(
        (
            "target",
            "limit",
            "interval",
            "ecn",
            "flows",
            "quantum",
            "ce_threshold",
            "drop_batch",
            "memory_limit",
        ),
        range(1, 10),
        strict=True,
    )
)
Details = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Kind:
    read: Callable[[bytes], dict[str, int]]
    write: Callable[[Details], bytes]


def _structure(form: struct.Struct, words: tuple[str, ...]) -> _Kind:
    def read(raw: bytes) -> dict[str, int]:
        return dict(zip(words, form.unpack_from(raw), strict=True)) if len(raw) >= form.size else {}

    def write(details: Details) -> bytes:
        return form.pack(*(details.get(word, 0) for word in words)) if details else b""

    return _Kind(read, write)


def _read_tbf(raw: bytes) -> dict[str, int]:
    words = rt.attributes(raw)
    wide = {"rate64": words.get(TCA_TBF_RATE64), "peak_rate64": words.get(TCA_TBF_PRATE64)}
    found = _TBF_KIND.read(words.get(TCA_TBF_PARMS, b""))
    return found | {name: rt.number(value) for name, value in wide.items() if value}


def _write_tbf(details: Details) -> bytes:
    body = rt.attribute(TCA_TBF_PARMS, _TBF_KIND.write(details))
    for word, number in (("rate64", TCA_TBF_RATE64), ("peak_rate64", TCA_TBF_PRATE64)):
        if word in details:
            body += rt.attribute(number, struct.pack("=Q", details[word]))
    return body


def _read_fq_codel(raw: bytes) -> dict[str, int]:
    words = rt.attributes(raw)
    return {name: rt.number(words[number]) for name, number in _FQ_CODEL.items() if number in words}


def _write_fq_codel(details: Details) -> bytes:
    return b"".join(
        rt.attribute(_FQ_CODEL[w], struct.pack("=I", details[w])) for w in _FQ_CODEL if w in details
    )


_TBF_KIND = _structure(_TBF, _TBF_WORDS)
_NOTHING = _Kind(lambda raw: {}, lambda details: b"")
KINDS = {
    "tbf": _Kind(_read_tbf, _write_tbf),
    "pfifo": _structure(_FIFO, ("limit",)),
    "bfifo": _structure(_FIFO, ("limit",)),
    "fq_codel": _Kind(_read_fq_codel, _write_fq_codel),
    **dict.fromkeys(("noqueue", "pfifo_fast", "ingress", "clsact", "mq", "blackhole"), _NOTHING),
}


def read(kernel: RouteSocket) -> tuple[pack.Queue, ...]:
    """Those that somebody set: they have a handle. OSError."""
    question = rt.TCMSG.pack(0, 0, 0, 0, 0)
    found = (_queue(c) for _, c in kernel.query(rt.RTM_GETQDISC, rt.NLM_F_DUMP, question))
    return tuple(queue for queue in found if queue.handle)


def _queue(content: bytes) -> pack.Queue:
    _, index, handle, parent, _ = rt.TCMSG.unpack_from(content)
    words = rt.attributes(content, rt.TCMSG.size)
    kind = rt.text(words.get(rt.TCA_KIND))
    options = words.get(TCA_OPTIONS, b"")
    return pack.Queue(index, kind, handle, parent, KINDS[kind].read(options) if kind in KINDS else {})


def unread(kernel: RouteSocket, queues: tuple[pack.Queue, ...]) -> Iterator[str]:
    """What of a traffic control is not in the pack, a few words each."""
    for queue in queues:
        if queue.kind not in KINDS:
            yield f"tc qdisc {queue.kind}"
        for what, question in (("class", RTM_GETTCLASS), ("filter", RTM_GETTFILTER)):
            body = rt.TCMSG.pack(0, queue.index, 0, queue.handle if what == "filter" else 0, 0)
            try:
                if any(True for _ in kernel.query(question, rt.NLM_F_DUMP, body)) and queue.kind != "tbf":
                    yield f"tc {what} of {queue.kind}"
            except OSError:  # not in this kernel, so there is none
                continue


def add(kernel: RouteSocket, queue: pack.Queue) -> None:
    """In place of the one that is there. Unfit; OSError."""
    if queue.kind not in KINDS:
        raise Unfit(f"no {queue.kind!r} is made here")
    body = rt.TCMSG.pack(0, queue.index, queue.handle, queue.parent, 0) + rt.attribute(
        rt.TCA_KIND, queue.kind
    )
    try:
        options = KINDS[queue.kind].write(queue.details)
    except struct.error as error:
        raise Unfit(f"a {queue.kind} cannot be told that: {error}") from None
    body += rt.attribute(TCA_OPTIONS, options) if options else b""
    flags = rt.NLM_F_CREATE | rt.NLM_F_REPLACE
    kernel.request(RTM_NEWQDISC, flags, body, f"add qdisc {queue.kind}")


def delete(kernel: RouteSocket, queue: pack.Queue) -> None:
    """OSError."""
    body = rt.TCMSG.pack(0, queue.index, queue.handle, queue.parent, 0)
    kernel.request(RTM_DELQDISC, 0, body, f"delete qdisc {queue.kind}")
