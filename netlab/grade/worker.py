"""Grades what is in its order, as a user that owns nothing: see netlab.grade.jail and netlab.grade.privsep.

The order is a file beside what was handed in. What becomes of it goes to standard output, in lines of JSON:
{"done", "every", "text"} after each submission, {"failed", "why"} for each that could not be graded and left
no result, {"error", "what", "next"} when nothing can be graded here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from netlab.errors import NetlabError
from netlab.grade import hidden_checks
from netlab.grade.batch import Batch
from netlab.grade.jail import HANDED_IN, ORDER, RESULTS


def main() -> int:
    order: dict[str, Any] = json.loads(Path(HANDED_IN, ORDER).read_text())
    seeds = {Path(HANDED_IN, each["file"]): (each["name"], each["seed"]) for each in order["submissions"]}
    batch = Batch(
        Path(RESULTS),
        order["lesson"],
        jobs=order["jobs"],
        cell_seconds=order["cell_seconds"],
        hidden=tuple(hidden_checks.of(entry, number) for number, entry in enumerate(order["hidden"], 1)),
    )
    try:
        found = batch.side_by_side(seeds, lambda done, every, text: _say(done=done, every=every, text=text))
    except NetlabError as error:
        _say(error=type(error).__name__, what=error.what, next=error.next_step)
        return 1
    for each in found:
        if each["error"] and not Path(RESULTS, each["name"]).exists():
            _say(failed=each["name"], why=each["error"])
    return 0


def _say(**words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    sys.exit(main())
