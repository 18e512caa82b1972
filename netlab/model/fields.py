"""What a field of a value may hold, said by its type: bounds of numbers, and texts that stay as they are."""

from __future__ import annotations

from dataclasses import Field, dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Range:
    """The bounds of a whole number, both included: Annotated[int, Range(0, 65535)]."""

    least: int
    most: int


Exact = Annotated[str, "exact"]  # a text that is used and not shown: whatever is in it stays as it is
Port = Annotated[int, Range(0, 65535)]
PrefixLength = Annotated[int, Range(0, 128)]
Index = Annotated[int, Range(0, (1 << 31) - 1)]  # of an interface, in its namespace
Count = Annotated[int, Range(0, (1 << 64) - 1)]
INT = Range(-(1 << 63), (1 << 64) - 1)  # what the kernel's widest numbers need


def known_fields(kind: Any) -> list[tuple[Field[Any], Any]]:
    """The fields of a dataclass, each with its type."""
    hints = get_type_hints(kind, include_extras=True)
    return [(field, hints[field.name]) for field in fields(kind)]


def without_none(hint: Any) -> Any:
    """The type that is not None."""
    (kind,) = (word for word in get_args(hint) if word is not type(None))
    return kind
