"""The schemas of netlab.model.codec's JSON, published: `python -m netlab.model.schema` writes
snapshot.schema.json and pack.schema.json."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from netlab.model import Snapshot, pack
from netlab.model.codec import LONGEST_EXACT, LONGEST_TEXT, MOST_ENTRIES, VERSION
from netlab.model.fields import INT, Exact, known_fields, without_none

FILE = Path(__file__).with_name("snapshot.schema.json")
PACK_FILE = Path(__file__).with_name("pack.schema.json")


def file_text() -> str:
    """The schema of a snapshot, as the file has it."""
    title = f"A snapshot of a lab, as netlab writes it (version {VERSION})"
    return json.dumps({"title": title, **schema(Snapshot)}, indent=1, ensure_ascii=False) + "\n"


def pack_file_text() -> str:
    """The schema of network.json in a .netpack, as the file has it."""
    title = f"A network as netlab packs it (version {pack.VERSION})"
    return json.dumps({"title": title, **schema(pack.Pack)}, indent=1, ensure_ascii=False) + "\n"


def schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `write` makes of that class and `read` takes."""
    classes: dict[str, Any] = {}
    top = _schema_of(kind, classes)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **top, "$defs": classes}


def _schema_of(hint: Any, classes: dict[str, Any]) -> dict[str, Any]:
    origin, words = get_origin(hint), get_args(hint)
    plain: dict[Any, dict[str, Any]] = {
        str: {"type": "string", "maxLength": LONGEST_TEXT},
        int: {"type": "integer", "minimum": INT.least, "maximum": INT.most},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        bytes: {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
    }
    if hint == Exact:
        return {"type": "string", "maxLength": LONGEST_EXACT}
    if origin is Annotated:
        return {"type": "integer", "minimum": words[1].least, "maximum": words[1].most}
    if hint in plain:
        return plain[hint]
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(without_none(hint), classes), {"type": "null"}]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema_of(words[1], classes)}
    if origin is tuple and words[-1] is not Ellipsis:
        each = [_schema_of(word, classes) for word in words]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if origin in (tuple, frozenset):
        return {"type": "array", "items": _schema_of(words[0], classes), "maxItems": MOST_ENTRIES}
    if hint.__name__ not in classes:
        classes[hint.__name__] = {}  # first, for a class that holds others of its kind
        known = known_fields(hint)
        needed = [f.name for f, _ in known if f.default is MISSING and f.default_factory is MISSING]
        classes[hint.__name__].update(
            description=(hint.__doc__ or "").splitlines()[0],
            type="object",
            properties={f.name: _schema_of(each, classes) for f, each in known},
            required=needed,
            additionalProperties=False,
        )
    return {"$ref": f"#/$defs/{hint.__name__}"}


if __name__ == "__main__":
    FILE.write_text(file_text())
    PACK_FILE.write_text(pack_file_text())
