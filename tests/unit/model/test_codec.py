"""Values as JSON of a closed schema: they come back as they were, and nothing else is taken."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netlab.display import one_line, printable
from netlab.keeper.protocol import Command, Status
from netlab.model import News, Snapshot, codec, schema
from netlab.model.codec import Malformed, Range
from netlab.packets.probe import Order, Probe
from tests.worlds import builders as b


@dataclass(frozen=True)
class Leaf:
    """For these tests."""

    name: str
    port: Annotated[int, Range(0, 65535)] = 0


@dataclass(frozen=True)
class Tree:
    """The same, with all that the schema knows."""

    leaves: tuple[Leaf, ...] = ()
    pair: tuple[str, int] = ("", 0)
    words: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    ratio: float = 0.0
    flag: bool = False
    data: bytes = b""
    left: Tree | None = None


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_snapshot_comes_back_as_it_was(name: str) -> None:
    """The lecture's lab, with everything in it."""
    snapshot = getattr(b.lecture_death(), name)
    assert codec.read(Snapshot, codec.write(snapshot)) == snapshot


@pytest.mark.parametrize(
    "value",
    [
        Probe(2, 1, ("destination unreachable",), (0.25,), (b"\0\xff",), (40000,), 1, (True, False)),
        Order("192.0.2.1", "tcp", 80, df=True),
        Status("default", "namespaces", (("host", "host"),), ("Docker 20.10",)),
        Command(("sh", "-c", "a\nb\x1b\udcff"), {"A\n": "\x1b"}, tty=True),
        News(b.lecture_death().before, (1, 2)),
        Tree((Leaf("a", 80),), ("x", -1), frozenset("ab"), {"n": 1 << 63}, 0.5, True, b"\1", Tree(flag=True)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_value_that_is_sent_comes_back_as_it_was(value: object) -> None:
    """What the lab's processes say to each other, and a value of every type that the schema has."""
    assert codec.read(type(value), codec.write(value)) == value


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        ({"name": "a", "more": 1}, "has no 'more'"),
        ({"port": 1}, "without 'name'"),
        ({"name": 1}, "not a text"),
        ({"name": "a", "port": 65536}, "from 0 to 65535"),
        ({"name": "a", "port": -1}, "from 0 to 65535"),
        ({"name": "a", "port": True}, "from 0 to 65535"),
        ({"name": "a", "port": 1.0}, "from 0 to 65535"),
        ({"name": "a", "port": "1"}, "from 0 to 65535"),
        ({"name": "a" * (codec.LONGEST_TEXT + 1)}, "too long"),
        (["name", "a"], "not a Leaf"),
        (None, "not a Leaf"),
    ],
)
def test_what_the_schema_does_not_say_is_refused(plain: object, complaint: str) -> None:
    """Unknown and missing names, other types, numbers out of bounds: the message says where."""
    with pytest.raises(Malformed, match=complaint):
        codec.from_plain(Leaf, plain)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 33 + b"]" * 33,
        b'"[" ' * 3,
        b"\xff\xfe",
        b"NaN",
        b"-Infinity",
        b"1" * 10_000,
        b"{",
        b"",
    ],
    ids=lambda data: data[:12].decode("latin-1") or "nothing",
)
def test_json_of_absurd_depth_or_numbers_is_refused(data: bytes) -> None:
    """Before anything is made of it, and never by an error of Python's own."""
    with pytest.raises(Malformed):
        codec.parse(data)


def test_brackets_in_a_text_are_no_depth() -> None:
    """A rule's comment may hold as many as it likes."""
    text = '["' * 100 + "}}"
    assert codec.parse(json.dumps({"text": text}).encode()) == {"text": text}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("\u202eevil", "\\u202eevil"),
        ("half \ud800", "half \\ud800"),
        ("two\nlines\tand a tab", "two\\nlines\\tand a tab"),
        ("\r over", "\\r over"),
        ("容器 eth0", "容器 eth0"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    """Whatever name somebody in the lab has thought of, a reader of values sees it, and it does nothing."""
    assert one_line(text) == shown
    assert printable(text + "\n") == shown.replace("\\n", "\n").replace("\\t", "\t") + "\n"
    assert codec.read(Leaf, codec.write(Leaf(text))) == Leaf(shown)
    counts = codec.read(Tree, codec.write(Tree(counts={text: 1}))).counts
    assert counts == {shown: 1}


@given(some.binary(max_size=200))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    """No other exception comes out of a reader."""
    with contextlib.suppress(Malformed):
        codec.read(Snapshot, data)


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(("name", "port", "leaves", "left", "counts", "data", "x")), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_value_or_malformed(plain: object) -> None:
    """And what is a value is written as it was read."""
    try:
        value = codec.from_plain(Tree, plain)
    except Malformed:
        return
    assert codec.from_plain(Tree, codec.to_plain(value)) == value


def test_the_schema_that_is_published_is_the_one_that_is_read() -> None:
    """`python -m netlab.model.schema` has been run since the model changed."""
    assert schema.FILE.read_text(encoding="utf-8") == schema.file_text()


def test_a_snapshot_fits_the_published_schema() -> None:
    """As somebody else's program would check it."""
    jsonschema = pytest.importorskip("jsonschema")
    snapshot = b.lecture_death().before
    published = json.loads(schema.file_text())
    jsonschema.validate(codec.to_plain(snapshot), published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**codec.to_plain(snapshot), "more": 1}, published)
    broken = replace(snapshot, nodes=(replace(snapshot.nodes[0], netns=-(1 << 64)),))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(codec.to_plain(broken), published)


def test_two_threads_may_be_the_first_with_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view in the background reads while a cell does: who comes while a class's fields are looked up, by
    reading or by writing, knows all of them, too."""

    @dataclass(frozen=True)
    class New:
        one: int = 0
        other: int = 0

    known_fields, told, meanwhile = codec.known_fields, [], []

    def one_by_one(kind: type) -> Iterator[Any]:
        for number, known in enumerate(known_fields(kind)):
            yield known
            if number == 0 and len(told) == len(meanwhile):
                told.append(kind)
                with ThreadPoolExecutor(1) as another:
                    meanwhile.append(another.submit(there_and_back).result())

    def there_and_back() -> New:
        return codec.from_plain(New, codec.to_plain(New(1, 2)))

    monkeypatch.setattr(codec, "known_fields", one_by_one)
    assert there_and_back() == New(1, 2)
    assert set(meanwhile) == {New(1, 2)}
