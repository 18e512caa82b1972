"""What was typed in the last cells, where a check has not passed: a slip is told by its name.

The state of the lab says what is missing. Why, the typed line often says better: `$pid` in a cell that does
not set it, `accept` in small letters, a name with two letters exchanged. Pure but for `read_cells`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.lessons.content import Step, lessons

if TYPE_CHECKING:
    from netlab.checks.runner import CheckResult

LOOKED_AT = 4  # cells before the check
CALL = re.compile(r"\s*(?:#.*|lab\..*|%%bash|)\s*", re.ASCII)  # lines that type nothing into the lab
WORD = re.compile(r"[A-Za-z][\w./-]{3,}")
ALIKE = 0.8  # of get_close_matches: two letters of ten exchanged, one left out or doubled
# (what is in a cell, what is not in it, what to say)
SLIPS = (
    (
        r"\$\{?pid\b",
        r"\bpid=|\bfor pid\b|\bread pid\b",
        N_("In that cell $pid is empty: each cell is a new shell. Begin it with the line that sets pid."),
    ),
    (
        r"-P\s+\w+\s+(?:accept|drop)\b|-j\s+(?:accept|drop|masquerade|dnat)\b",
        r"$^",
        N_("iptables wants its targets in capitals: ACCEPT, DROP, MASQUERADE."),
    ),
    (
        r"docker run .*\bsleep\s+3600\b",
        r"$^",
        N_("Your container runs `sleep 3600`. The line that sets pid looks for `sleep 36000`."),
    ),
    (
        r"docker exec .*(?:sysctl -w|> */proc/sys)",
        r"$^",
        N_("`docker exec` puts the command inside the container, and > acts on the lab host."),
    ),
)


def comment(result: CheckResult, step: Step, cells: Sequence[str]) -> CheckResult:
    """The result of a check that has not passed, with what was typed for it put right, if that was a slip."""
    slip = find_slip(step, cells)
    return replace(result, typed=slip) if slip else result


def find_slip(step: Step, cells: Sequence[str]) -> str:
    """What is wrong with the last cells before a check, the latest first; "" if nothing is known."""
    typed = [cell for cell in cells[-LOOKED_AT:] if not all(map(CALL.fullmatch, cell.splitlines()))]
    if not typed:
        return (
            _("Nothing was typed yet: put the commands into the cell above, and run it.")
            if step.solution
            else ""
        )
    for cell in reversed(typed):
        for there, not_there, words in SLIPS:
            if re.search(there, cell) and not re.search(not_there, cell):
                return _(words)
        if slip := _find_typo(cell, _vocabulary() | {*WORD.findall(step.solution)}):
            return slip
    return ""


def _find_typo(cell: str, known: frozenset[str]) -> str:
    """A word that no lesson has, and that is nearly one of those that they have."""
    for word in WORD.findall("\n".join(line for line in cell.splitlines() if not CALL.fullmatch(line))):
        if word in known:
            continue
        exchanged = [other for other in known if sorted(other) == sorted(word)]
        if near := exchanged or get_close_matches(word, known, 1, ALIKE):
            return _("You typed {word}; did you mean {near}?").format(word=word, near=near[0])
    return ""


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of every command in the lessons."""
    texts = []
    for lesson in lessons():
        texts.append(lesson.start)
        for step in lesson.steps:
            texts += [step.solution, step.python]
            texts += [turn.commands for turn in step.wrong_turns]
    return frozenset(WORD.findall("\n".join(texts)))


def read_cells() -> list[str]:
    """The cells that have run in this kernel, as they were typed, without the one that runs now."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return []
    return [str(cell) for cell in shell.history_manager.input_hist_raw[1:-1]]
