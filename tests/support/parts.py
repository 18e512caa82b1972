"""What runs side by side: the tiers, and the longest files of theirs apart, the longest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
# Longest first, so that none of them is still at work when all others have ended.
APART = (
    "vm",
    "labs/test_notebooks.py",
    "docker/test_lessons.py",
    "browser",
    "attacks/test_planted_files.py",
    "attacks/test_frozen.py",
    "attacks/test_names.py",
    "labs/test_mutants.py",
    "kernel/grade/test_grade.py",
    "docker/test_catalogue.py",
    "kernel/faults/test_catalogue.py",
    "kernel/twin/test_faults.py",
    "kernel/engines/test_walkthroughs.py",
    "kernel/engines/test_compose.py",
    "kernel/diagnosis/test_worlds.py",
    "kernel/diagnosis/test_worlds_found.py",
    "attacks/test_fuzz_decoders.py",
    "docker/test_parity.py",
    "docker/test_attacks.py",
    "unit/drawing",
)
SUMMARY = re.compile(r"^=+ (.*) in [\d.]+s.*=+$", re.MULTILINE)
COUNT = re.compile(r"(\d+) (failed|passed|skipped|deselected|xfailed|xpassed|errors?|rerun)\b")


@dataclass(frozen=True)
class Part:
    """Some of the tests, below tests/: a folder or a file, without what is a part of its own."""

    name: str
    without: tuple[str, ...] = ()

    @property
    def tier(self) -> str:
        return self.name.partition("/")[0]

    @property
    def weight(self) -> int:
        """As how many it counts: an emulated machine keeps both of its processors busy."""
        return 2 if self.tier == "vm" else 1


def of(tiers: Sequence[str], elsewhere: Sequence[str] = ()) -> list[Part]:
    """The parts of those tiers, the longest first, but for the files and tiers that are run `elsewhere`."""
    rest = [tier for tier in reversed(tiers) if tier not in APART and tier not in elsewhere]
    here = [name for name in APART if name.partition("/")[0] in tiers]
    names = [name for name in here if not {name, name.partition("/")[0]} & set(elsewhere)]
    return [
        *(Part(name) for name in names),
        *(Part(tier, tuple(name for name in APART if name.startswith(f"{tier}/"))) for tier in rest),
    ]


def total(reports: Sequence[str], seconds: float) -> str:
    """pytest's last line, for all of those reports together."""
    counts: dict[str, int] = {}
    for report in reports:
        for summary in SUMMARY.findall(report)[-1:]:
            for number, word in COUNT.findall(summary):
                counts[word] = counts.get(word, 0) + int(number)
    words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    return f"{f' {words} in {seconds:.2f}s '.center(80, '=')}"
