"""A learner's own edition of the lessons: other names and other addresses, the same for the same seed.

    variant = Variant.of("autumn:alice")
    variant.exchange("ip addr add 172.17.1.2/16 dev veth_host")   → "ip addr add 172.17.83.5/16 dev veth_kqzd"
    variant.exchange(…)                                           → the lecture's own words again

The lessons, the checks and their tests are written once, in the lecture's words. A variant puts texts into
the learner's words on their way out, and what is read from his lab into the lecture's on its way in. So a
solution copied from somebody else holds names and addresses that nobody has asked for. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from netlab.model import Snapshot
    from netlab.packets.dns import Told
    from netlab.packets.probe import Probe

LETTERS = "bcdfghjklmnpqrstvwxz"  # no vowels: no words
Value = TypeVar("Value")
Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Variant:
    """Pairs of (the lecture's word, this learner's word)."""

    words: tuple[tuple[str, str], ...] = ()
    seed: str = ""

    @staticmethod
    def of(seed: str) -> Variant:
        """The variant of that seed; without one the lecture's own words."""
        if not seed:
            return PLAIN
        import hashlib
        import random

        dice = random.Random(hashlib.sha256(seed.encode()).digest())
        tail = "".join(dice.choices(LETTERS, k=4))
        street, (container, neighbour) = dice.randint(2, 250), dice.sample(range(2, 251), 2)
        words = (
            ("if-test", f"if-{tail}"),
            ("veth_host", f"veth_{tail}"),
            ("veth_container", f"vethc_{tail}"),
            ("172.17.1.2", f"172.17.{street}.{container}"),
            ("172.17.1.1", f"172.17.{street}.{neighbour}"),
            ("sleep 36000", f"sleep {dice.randint(30000, 35999)}"),
        )
        return Variant(words, seed)

    def exchange(self, text: str) -> str:
        """The lecture's words replaced by the learner's, and the learner's by the lecture's.

        Both ways at once: what somebody has copied from the lecture must not pass for his own.
        """
        return _replace(text, dict(self.words) | {theirs: ours for ours, theirs in self.words})

    def exchange_all(self, value: Value) -> Value:
        """The value with every text in it exchanged: dataclasses, tuples, lists, sets and mappings."""
        return _change(value, self.exchange) if self.words else value

    def view(self, lab: Seen) -> Seen:
        """The learner's lab as if it were the lecture's: what checks and the gym need of it."""
        return cast(Any, _View(lab, self)) if self.words else lab


PLAIN = Variant()


def _replace(text: str, words: Mapping[str, str]) -> str:
    """In one pass, whole words only: 172.17.1.2 is not the beginning of 172.17.1.20."""
    if not words:
        return text
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    # ASCII: a Chinese character beside a name is no part of it.
    return re.sub(rf"(?a)(?<![\w.-])(?:{either})(?![\w-]|\.\d)", lambda found: words[found[0]], text)


def _change(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _change(getattr(value, f.name), change) for f in fields(value)})
    if isinstance(value, tuple | frozenset | list):
        return type(value)(_change(item, change) for item in value)
    if isinstance(value, Mapping):
        return {_change(key, change): _change(item, change) for key, item in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class _View:
    """A lab whose names and addresses read as the lecture's."""

    lab: Any
    variant: Variant

    @property
    def name(self) -> str:
        return str(self.lab.name)

    @property
    def folder(self) -> Path:
        return Path(self.lab.folder)

    def reset(self) -> None:
        self.lab.reset()

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> CompletedProcess[str]:
        theirs = self.variant.exchange
        return self.lab.run([theirs(word) for word in argv], theirs(node), theirs(input), timeout)  # type: ignore[no-any-return]

    def snapshot(self) -> Snapshot:
        return self.variant.exchange_all(self.lab.snapshot())  # type: ignore[no-any-return]

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        theirs = self.variant.exchange
        return self.lab.probe(theirs(node), theirs(destination), count, timeout, **order)  # type: ignore[no-any-return]

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool:
        theirs = self.variant.exchange
        words = (theirs(node), theirs(destination), theirs(witness))
        return self.lab.is_witnessed(*words, timeout, **order)  # type: ignore[no-any-return]

    def etc(self, node: str, file: str) -> str:
        theirs = self.variant.exchange
        return theirs(self.lab.etc(theirs(node), file))

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        words = map(self.variant.exchange, (node, server, name, witness))
        return self.variant.exchange_all(self.lab.ask(*words, timeout))  # type: ignore[no-any-return]
