"""What runs side by side: the tiers, in shares, and the longest files of theirs apart; the longest first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Thing = TypeVar("Thing")
TESTS = Path(__file__).parents[1]
# Longest first, so that none of them is still at work when all others have ended; and in how many shares.
APART = {
    "vm": 1,
    "browser": 1,
    "labs/test_notebooks.py": 3,
    "docker/test_lessons.py": 2,
    "kernel": 3,
    "attacks": 3,
    "labs/test_steps.py": 3,
    "kernel/faults/test_catalogue.py": 2,
    "kernel/grade/test_grade.py": 1,
    "docker/test_parity.py": 1,
    "labs/test_mutants.py": 1,
    "attacks/workshop": 1,  # its files share a workshop
    "kernel/twin/test_faults.py": 1,
    "docker/test_catalogue.py": 1,
    "docker": 1,
    "labs": 1,
    "unit": 2,
}
SUMMARY = re.compile(r"^=+ (.*) in [\d.]+s.*=+$", re.MULTILINE)
COUNT = re.compile(r"(\d+) (failed|passed|skipped|deselected|xfailed|xpassed|errors?|rerun)\b")


@dataclass(frozen=True)
class Part:
    """Some of the tests: files of a tier that are no parts of their own, or a single one that is, and of its
    tests which share."""

    name: str
    files: tuple[str, ...]
    share: str = "1/1"

    @property
    def weight(self) -> int:
        """As how many it counts: an emulated machine keeps both of its processors busy."""
        return 2 if self.name == "vm" else 1


def of(tiers: Sequence[str], elsewhere: Sequence[str] = ()) -> list[Part]:
    """The parts of those tiers, the longest first, but for the files and tiers that are run `elsewhere`."""
    names = [*APART, *(tier for tier in tiers if tier not in APART)]
    here = [name for name in names if name.partition("/")[0] in tiers]
    return [part for name in here if name not in elsewhere for part in _shares(name, elsewhere)]


def _shares(name: str, elsewhere: Sequence[str]) -> Iterator[Part]:
    """A file's tests, or a tier's files, dealt out one after the other."""
    shares = APART.get(name, 1)
    others = {*APART, *elsewhere} - {name}
    found = [] if name.endswith(".py") else _files(name, {other for other in others if "/" in other})
    for number in range(1, shares + 1):
        label = f"{name} ({number} of {shares})" if shares > 1 else name
        if name.endswith(".py"):
            yield Part(label, (name,), f"{number}/{shares}")
        elif dealt := deal(found, f"{number}/{shares}"):
            yield Part(label, tuple(dealt))


def deal(things: Sequence[Thing], share: str) -> Sequence[Thing]:
    """A share of those things: of "2/3" every third, from the second on."""
    number, shares = map(int, share.split("/"))
    return things[number - 1 :: shares]


def _files(tier: str, without: Collection[str]) -> list[str]:
    """The files of a tier, by their paths below tests/, without those files and folders."""
    files = (str(file.relative_to(TESTS)) for file in (TESTS / tier).rglob("test_*.py"))
    return sorted(file for file in files if not {file, *map(str, Path(file).parents)} & set(without))


def total(reports: Sequence[str], seconds: float) -> str:
    """pytest's last line, for all of those reports together."""
    counts: dict[str, int] = {}
    for report in reports:
        for summary in SUMMARY.findall(report)[-1:]:
            for number, word in COUNT.findall(summary):
                counts[word] = counts.get(word, 0) + int(number)
    words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    return f"{f' {words} in {seconds:.2f}s '.center(80, '=')}"
