"""Lines of a shell script that call ip(8) one after another, as one call of it: the same words, the same
program, and no new process for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

# What leads to ip(8), here or in another namespace, and words that a here-document leaves as a shell would.
_WORD = r"[\w$./:@-]+"
_LINE = re.compile(
    rf"(?P<ip>(?:ip netns exec {_WORD} |nsenter -t {_WORD} -n )?ip(?: -n {_WORD})?) "
    rf"(?P<words>(?:link|addr|route|neigh|netns add)(?: {_WORD})+)"
)
_END = "END-OF-BATCH"


def batch(script: str) -> str:
    """The script with such lines put together; it stops at the first that fails, if it did so before (-e).

    From its first here-document on it stays as it is: what stands in one is nobody's command yet.
    """
    head, document, rest = script.partition("<<")
    lines, tail = head.splitlines(), ""
    if document and lines:
        tail = lines.pop() + document + rest
    return "\n".join([*_batches(lines), *([tail] if tail else [])])


def _batches(lines: list[str]) -> Iterator[str]:
    for ip, group in groupby(lines, key=_caller):
        together = list(group)
        if not ip or len(together) == 1:
            yield from together
        else:
            yield f"{ip} -batch - <<{_END}"
            yield from (line.removeprefix(ip).lstrip() for line in together)
            yield _END


def _caller(line: str) -> str:
    """What of a line calls ip(8); "" if it is not such a line."""
    found = _LINE.fullmatch(line)
    return found["ip"] if found else ""
