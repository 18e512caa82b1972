"""Queueing disciplines that somebody set: read as netlab.model.pack.Queue, added and deleted."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack

RTM_NEWQDISC, RTM_DELQDISC, RTM_GETTFILTER = 36, 37, 46
RTM_NEWTCLASS, RTM_DELTCLASS, RTM_GETTCLASS = 40, 41, 42
TCA_OPTIONS, ROOT = 2, 0xFFFFFFFF
TCA_HTB_PARMS, TCA_HTB_INIT, TCA_HTB_RATE64, TCA_HTB_CEIL64 = 1, 2, 6, 7
TCA_TBF_PARMS, TCA_TBF_RATE64, TCA_TBF_PRATE64 = 1, 4, 5
_RATE = ("cell_log", "linklayer", "overhead", "cell_align", "mpu", "rate")  # of struct tc_ratespec
_TBF = struct.Struct("=BBHhHIBBHhHIIII")
_TBF_WORDS = (*_RATE, *(f"peak_{word}" for word in _RATE), "limit", "buffer", "mtu")
_HTB = struct.Struct("=IIIII")
_HTB_WORDS = ("version", "rate2quantum", "default", "debug", "direct_packets")
_HTB_CLASS = struct.Struct("=BBHhHIBBHhHIIIIII")
_HTB_CLASS_WORDS = (*_RATE, *(f"ceil_{word}" for word in _RATE))
_HTB_CLASS_WORDS += ("buffer", "cbuffer", "quantum", "level", "prio")
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


def _read_htb(raw: bytes) -> dict[str, int]:
    found = _HTB_KIND.read(rt.attributes(raw).get(TCA_HTB_INIT, b""))
    # A kernel tells the whole version and takes its first half; the last word is a count.
    return {**found, "version": found["version"] >> 16, "direct_packets": 0} if found else {}


def _write_htb(details: Details) -> bytes:
    return rt.attribute(TCA_HTB_INIT, _HTB_KIND.write(details)) if details else b""


def _read_htb_class(raw: bytes) -> dict[str, int]:
    words = rt.attributes(raw)
    wide = {"rate64": words.get(TCA_HTB_RATE64), "ceil64": words.get(TCA_HTB_CEIL64)}
    found = _HTB_CLASS_KIND.read(words.get(TCA_HTB_PARMS, b""))
    return found | {name: rt.number(value) for name, value in wide.items() if value}


def _write_htb_class(details: Details) -> bytes:
    body = rt.attribute(TCA_HTB_PARMS, _HTB_CLASS_KIND.write(details))
    for word, number in (("rate64", TCA_HTB_RATE64), ("ceil64", TCA_HTB_CEIL64)):
        if word in details:
            body += rt.attribute(number, struct.pack("=Q", details[word]))
    return body


_HTB_KIND, _HTB_CLASS_KIND = _structure(_HTB, _HTB_WORDS), _structure(_HTB_CLASS, _HTB_CLASS_WORDS)
_TBF_KIND = _structure(_TBF, _TBF_WORDS)
_NOTHING = _Kind(lambda raw: {}, lambda details: b"")
KINDS = {
    "tbf": _Kind(_read_tbf, _write_tbf),
    "htb": _Kind(_read_htb, _write_htb),
    "pfifo": _structure(_FIFO, ("limit",)),
    "bfifo": _structure(_FIFO, ("limit",)),
    "fq_codel": _Kind(_read_fq_codel, _write_fq_codel),
    **dict.fromkeys(("noqueue", "pfifo_fast", "ingress", "clsact", "mq", "blackhole"), _NOTHING),
}


CLASSES = {"htb": _Kind(_read_htb_class, _write_htb_class)}  # kinds of queues whose classes are made here


def read(kernel: RouteSocket) -> tuple[pack.Queue, ...]:
    """Those that somebody set: they have a handle. OSError."""
    question = rt.TCMSG.pack(0, 0, 0, 0, 0)
    found = (_queue(c, KINDS) for _, c in kernel.query(rt.RTM_GETQDISC, rt.NLM_F_DUMP, question))
    return tuple(queue for queue in found if queue.handle)


def read_classes(kernel: RouteSocket, queues: Iterable[pack.Queue]) -> tuple[pack.Queue, ...]:
    """The classes of those queues, those below another behind it. OSError."""
    found = []
    for index in dict.fromkeys(queue.index for queue in queues if queue.kind in CLASSES):
        question = rt.TCMSG.pack(0, index, 0, 0, 0)
        listed = [_queue(c, CLASSES) for _, c in kernel.query(RTM_GETTCLASS, rt.NLM_F_DUMP, question)]
        found += [each for each in listed if each.kind in CLASSES]
    return tuple(_from_above(found))


def _from_above(found: Sequence[pack.Queue]) -> list[pack.Queue]:
    handles = {(each.index, each.handle): each.parent for each in found}

    def depth(each: pack.Queue) -> int:
        parent, steps = each.parent, 0
        while (each.index, parent) in handles and steps < len(found):
            parent, steps = handles[each.index, parent], steps + 1
        return steps

    return sorted(found, key=lambda each: (depth(each), each.index, each.handle))


def _queue(content: bytes, kinds: Mapping[str, _Kind]) -> pack.Queue:
    _, index, handle, parent, _ = rt.TCMSG.unpack_from(content)
    words = rt.attributes(content, rt.TCMSG.size)
    kind = rt.text(words.get(rt.TCA_KIND))
    options = words.get(TCA_OPTIONS, b"")
    return pack.Queue(index, kind, handle, parent, kinds[kind].read(options) if kind in kinds else {})


def unread(kernel: RouteSocket, queues: tuple[pack.Queue, ...]) -> Iterator[str]:
    """What of a traffic control is not in the pack, a few words each."""
    for queue in queues:
        if queue.kind not in KINDS:
            yield f"tc qdisc {queue.kind}"
        if set(_kinds_of(kernel, RTM_GETTFILTER, queue.index, queue.handle)):
            yield f"tc filter of {queue.kind}"
    for index in dict.fromkeys(queue.index for queue in queues):
        for kind in dict.fromkeys(_kinds_of(kernel, RTM_GETTCLASS, index)):
            if kind not in CLASSES and kind != "tbf":  # whose class comes with it
                yield f"tc class of {kind}"


def _kinds_of(kernel: RouteSocket, question: int, index: int, parent: int = 0) -> list[str]:
    """Of which kinds those are."""
    try:
        body = rt.TCMSG.pack(0, index, 0, parent, 0)
        found = [c for _, c in kernel.query(question, rt.NLM_F_DUMP, body)]
    except OSError:  # not in this kernel, so there is none
        return []
    return [rt.text(rt.attributes(content, rt.TCMSG.size).get(rt.TCA_KIND)) for content in found]


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


def add_class(kernel: RouteSocket, wanted: pack.Queue) -> None:
    """In place of the one of that number. Unfit; OSError."""
    if wanted.kind not in CLASSES:
        raise Unfit(f"no class of {wanted.kind!r} is made here")
    body = rt.TCMSG.pack(0, wanted.index, wanted.handle, wanted.parent, 0)
    try:
        options = CLASSES[wanted.kind].write({**wanted.details, "level": 0})
    except struct.error as error:
        raise Unfit(f"a class of {wanted.kind} cannot be told that: {error}") from None
    body += rt.attribute(rt.TCA_KIND, wanted.kind) + rt.attribute(TCA_OPTIONS, options)
    kernel.request(RTM_NEWTCLASS, rt.NLM_F_CREATE, body, f"add class of {wanted.kind}")


def delete_class(kernel: RouteSocket, there: pack.Queue) -> None:
    """OSError."""
    body = rt.TCMSG.pack(0, there.index, there.handle, there.parent, 0)
    kernel.request(RTM_DELTCLASS, 0, body, f"delete class of {there.kind}")


def delete(kernel: RouteSocket, queue: pack.Queue) -> None:
    """OSError."""
    body = rt.TCMSG.pack(0, queue.index, queue.handle, queue.parent, 0)
    kernel.request(RTM_DELQDISC, 0, body, f"delete qdisc {queue.kind}")
