"""Frozen values as JSON of a closed schema, and back: strict on reading, whoever has written it.

    data = write(snapshot)
    read(Snapshot, data)        # Malformed unless every name, type, range and size is as the dataclass says

The schema *is* the dataclass: its fields, their types, and `Annotated[int, Range(…)]` where a number has
bounds. A field that holds its default is left out. Nothing in the data chooses what is made of it.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, is_dataclass
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from netlab.display import one_line
from netlab.model import bounded_json
from netlab.model.fields import INT, known_fields, without_none
from netlab.model.fields import Exact as Exact
from netlab.model.fields import Range as Range

VERSION = 1  # of the schema: it goes up when a value written by an older netlab would be refused
LONGEST_TEXT = 1 << 16  # characters
LONGEST_EXACT = 1 << 20
MOST_ENTRIES = 1 << 20  # of one list or table

T = TypeVar("T")
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]


class Malformed(ValueError):
    """Data that is not what the schema says."""


# A snapshot has 8 levels. Half a character stands in a word of a command, whose bytes may be no text.
BOUNDS = bounded_json.Bounds(size=1 << 28, depth=32, values=1 << 22, most=INT.most, halves=True)


def write(value: Any) -> bytes:
    """A value of one of our dataclasses as JSON."""
    return encode(to_plain(value))


def encode(plain: Any) -> bytes:
    """Plain JSON as bytes, whatever stands in its texts: half a character is escaped."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def read(kind: type[T], data: bytes) -> T:
    """The value of that class that stands in `data`. Malformed."""
    return from_plain(kind, parse(data))


def to_plain(value: Any) -> Any:
    """A dataclass as dicts, lists, texts and numbers."""
    kind: Any = type(value)
    return _writer(kind)(value)


def from_plain(kind: type[T], plain: Any) -> T:
    """What `to_plain` made, as a value of that class again. Malformed."""
    hint: Any = kind
    made: T = _reader(hint)(plain)
    return made


def parse(data: bytes) -> Any:
    """Plain JSON, bounded. Malformed."""
    try:
        return bounded_json.loads(data, BOUNDS)
    except bounded_json.NotJson as error:
        raise Malformed(f"not JSON: {error}") from None


# -- reading


@cache
def _reader(hint: Any) -> Reader:
    """What turns plain JSON into a value of that type."""
    origin, words = get_origin(hint), get_args(hint)
    if hint == Exact:
        return _exact
    if origin is Annotated:
        return _reader_of_int(words[1])
    if hint in _SCALARS:
        return _SCALARS[hint][0]
    if origin in (Union, types.UnionType):
        return _optional(_reader(without_none(hint)))
    if origin is tuple and words[-1:] == (Ellipsis,):
        return _reader_of_list(_reader(words[0]), tuple)
    if origin is tuple:
        return _reader_of_tuple([_reader(word) for word in words])
    if origin is frozenset:
        return _reader_of_list(_reader(words[0]), frozenset)
    if origin is Mapping:
        return _reader_of_table(_reader(words[0]), _reader(words[1]))
    if is_dataclass(hint):
        return _reader_of_dataclass(hint)
    raise TypeError(f"{hint} is not in the schema")


def _text(plain: Any) -> str:
    if type(plain) is not str or len(plain) > LONGEST_TEXT:
        raise Malformed("not a text, or too long a one")
    return plain if plain.isprintable() else one_line(plain)


def _exact(plain: Any) -> str:
    if type(plain) is not str or len(plain) > LONGEST_EXACT:
        raise Malformed("not a text, or too long a one")
    return plain


@cache
def _reader_of_int(bounds: Range) -> Reader:
    least, most = bounds.least, bounds.most

    def read(plain: Any) -> int:
        if type(plain) is not int or not least <= plain <= most:
            raise Malformed(f"not a whole number from {least} to {most}")
        return plain

    return read


def _number(plain: Any) -> float:
    if type(plain) not in (int, float) or not abs(plain) < 1e300:
        raise Malformed("not a number")
    return float(plain)


def _flag(plain: Any) -> bool:
    if type(plain) is not bool:
        raise Malformed("not true or false")
    return plain


def _bytes(plain: Any) -> bytes:
    try:
        return bytes.fromhex(_text(plain))
    except ValueError:
        raise Malformed("not hexadecimal") from None


def _optional(of: Reader) -> Reader:
    return lambda plain: None if plain is None else of(plain)


def _reader_of_list(of: Reader, make: Callable[[Any], Any]) -> Reader:
    def read(plain: Any) -> Any:
        if type(plain) is not list or len(plain) > MOST_ENTRIES:
            raise Malformed("not a list, or too long a one")
        return make([of(entry) for entry in plain])

    return read


def _reader_of_tuple(of: list[Reader]) -> Reader:
    def read(plain: Any) -> Any:
        if type(plain) is not list or len(plain) != len(of):
            raise Malformed(f"not a list of {len(of)}")
        return tuple(reader(entry) for reader, entry in zip(of, plain, strict=True))

    return read


def _reader_of_table(key_of: Reader, of: Reader) -> Reader:
    def read(plain: Any) -> Any:
        if type(plain) is not dict or len(plain) > MOST_ENTRIES:
            raise Malformed("not a table, or too long a one")
        if not "".join(plain).isprintable() or max(map(len, plain), default=0) > LONGEST_TEXT:
            return {key_of(key): of(value) for key, value in plain.items()}
        return {key: of(value) for key, value in plain.items()}

    return read


def _reader_of_dataclass(kind: Any) -> Reader:
    known: list[tuple[str, Field[Any], Reader]] = []

    def read(plain: Any) -> Any:
        if not known:  # only now: a class may hold others of its own kind
            known[:] = [
                (f.name, f, _reader(hint)) for f, hint in known_fields(kind)
            ]  # whole, for all threads
        if type(plain) is not dict:
            raise Malformed(f"not a {kind.__name__}")
        found, values = 0, []
        for name, field, reader in known:
            if name in plain:
                found += 1
                try:
                    values.append(reader(plain[name]))
                except Malformed as error:
                    raise Malformed(f"{kind.__name__}.{name}: {error}") from None
            else:
                values.append(_default(kind, field))
        if found != len(plain):
            unknown = sorted(set(plain) - {name for name, _, _ in known})
            raise Malformed(f"a {kind.__name__} has no {unknown[0]!r}")
        return kind(*values)

    return read


def _default(kind: Any, field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise Malformed(f"a {kind.__name__} without {field.name!r}")


# -- writing


@cache
def _writer(hint: Any) -> Writer:
    """What turns a value of that type into plain JSON."""
    origin, words = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _as_it_is
    if hint in _SCALARS:
        return _SCALARS[hint][1]
    if origin in (Union, types.UnionType):
        return _optional(_writer(without_none(hint)))
    if origin is tuple and words[-1:] == (Ellipsis,):
        return _writer_of_list(_writer(words[0]), list)
    if origin is tuple:
        writers = [_writer(word) for word in words]
        return lambda value: [write(entry) for write, entry in zip(writers, value, strict=True)]
    if origin is frozenset:
        return _writer_of_list(_writer(words[0]), sorted)
    if origin is Mapping:
        of = _writer(words[1])
        return lambda value: {key: of(entry) for key, entry in value.items()}
    if is_dataclass(hint):
        return _writer_of_dataclass(hint)
    raise TypeError(f"{hint} is not in the schema")


def _as_it_is(value: Any) -> Any:
    return value


def _writer_of_list(of: Writer, order: Callable[[Any], Any]) -> Writer:
    if of is _as_it_is:
        return order
    return lambda value: [of(entry) for entry in order(value)]


def _writer_of_dataclass(kind: Any) -> Writer:
    known: list[tuple[str, Any, Writer]] = []

    def write(value: Any) -> Any:
        if not known:
            known[:] = [
                (f.name, _plain_default(f), _writer(hint)) for f, hint in known_fields(kind)
            ]  # as above
        plain = {}
        for name, default, writer in known:
            entry = getattr(value, name)
            if entry != default:
                plain[name] = writer(entry)
        return plain

    return write


def _plain_default(field: Field[Any]) -> Any:
    """What is left out; nothing is equal to MISSING."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


# -- the schema


_SCALARS: dict[Any, tuple[Reader, Writer]] = {
    str: (_text, _as_it_is),
    int: (_reader_of_int(INT), _as_it_is),
    float: (_number, _as_it_is),
    bool: (_flag, _as_it_is),
    bytes: (_bytes, bytes.hex),
}
