"""One packet's headers at each hop, side by side, as scapy reads them."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import Frame, Journey
from netlab.notebook.live.lanes import describe, name_of

FIELDS = {  # what REWRITABLE of netlab.packets.journeys.assemble is called here
    "source": N_("source"),
    "destination": N_("destination"),
    "source_port": N_("source port"),
    "destination_port": N_("destination port"),
    "identifier": N_("identifier"),
    "ttl": N_("ttl"),
    "source_mac": N_("source mac"),
    "destination_mac": N_("destination mac"),
    "encapsulation": N_("encapsulation"),
}
DIRECTIONS = {"in": N_("in"), "out": N_("out")}
LONGEST = 40  # characters of a field that are shown


def headers(journey: Journey, reason: str) -> dict[str, Any]:
    """A table: a column for each hop, a row for each field; a value that is not as before is marked."""
    columns = [_fields(hop.frame) for hop in journey.hops]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = []
    for name in names:
        values = [column.get(name, "") for column in columns]
        changed = [False, *(old != new for old, new in pairwise(values))]
        rows.append({"name": name, "values": values, "changed": changed})
    start = journey.first.frame.time_ns
    return {
        "id": name_of(journey),
        "title": describe(journey, reason, True),
        "hops": [
            {
                "where": str(hop.frame.point),
                "how": f"{_(DIRECTIONS[hop.frame.direction])}, {_after(hop.frame.time_ns - start)}",
                "rewritten": [f"{_(FIELDS[r.field])}: {r.before} → {r.after}" for r in hop.rewrites],
            }
            for hop in journey.hops
        ],
        "rows": rows,
    }


def _after(ns: int) -> str:
    return f"+{ns / 1000:.0f} µs" if ns < 1_000_000 else f"+{ns / 1e6:.1f} ms"


def _text(field: Any, layer: Any) -> str:
    try:
        return str(field.i2repr(layer, layer.getfieldval(field.name)))
    except Exception:  # as above
        return "?"


def _fields(frame: Frame) -> dict[str, str]:
    """ "IP ttl": "63" and the like, in the order of the frame."""
    from scapy.layers import inet, inet6, l2, vxlan  # a second to import; each registers its layers

    found: dict[str, str] = {}
    known = (inet, inet6, vxlan)
    layer: Any = None
    with suppress(Exception):  # of any kind: scapy says nothing of what it raises at a frame cut short
        layer = l2.Ether(frame.data) if known else None
    while layer is not None and layer.name not in ("NoPayload", "Raw", "Padding"):
        for field in layer.fields_desc:
            if layer.getfieldval(field.name) in (None, [], b""):
                continue
            text = _text(field, layer)
            cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
            found.setdefault(f"{layer.name} {field.name}", cut)
        layer = layer.payload or None
    found[_("length")] = _("{count} bytes").format(count=frame.length)
    return found
