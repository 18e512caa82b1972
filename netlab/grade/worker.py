"""Grades what is in its order, as a user that owns nothing: see netlab.grade.jail and netlab.grade.privsep.

The order is a file beside what was handed in. What becomes of it goes to standard output, in lines of JSON:
{"begun"} when a submission's turn comes, {"finished", "why", "log"} when its result is there (or why it is
not), {"error", "what", "next"} when nothing can be graded here.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from netlab.errors import NetlabError
from netlab.grade import hidden_checks
from netlab.grade.batch import Batch, Finished
from netlab.grade.bundle import RESULT
from netlab.grade.jail import HANDED_IN, ORDER, RESULTS
from netlab.grade.naming import Known


def main() -> int:
    """Grade what was handed in, as an ordinary user in a jail: the exit status."""
    order: dict[str, Any] = json.loads(Path(HANDED_IN, ORDER).read_text())
    seeds = {
        Path(HANDED_IN, each["file"]): Known(each["name"], each["seed"], each["fault"])
        for each in order["submissions"]
    }
    batch = Batch(
        Path(RESULTS),
        order["lesson"],
        jobs=order["jobs"],
        cell_seconds=order["cell_seconds"],
        seconds=order["seconds"],
        hidden=tuple(hidden_checks.of(entry, number) for number, entry in enumerate(order["hidden"], 1)),
    )
    told = threading.Lock()  # several begin and finish at once

    def say(**words: object) -> None:
        with told:
            print(json.dumps(words), flush=True)

    try:
        for each in batch.side_by_side(seeds, order["before"], lambda name: say(begun=name)):
            say(finished=each.result["name"], why=_why(each), log=each.log)
    except NetlabError as error:
        say(error=type(error).__name__, what=error.what, next=error.next_step)
        return 1
    return 0


def _why(each: Finished) -> str:
    """Why there is no result to be taken; "" where there is one."""
    name = str(each.result["name"])
    return "" if Path(RESULTS, name, RESULT).exists() else str(each.result["error"])


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # who hangs is not waited for
