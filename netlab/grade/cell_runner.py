"""Runs the cells of a notebook in the lab host, as its kernel would: python -m netlab.grade.cell_runner

Cells come in as lines of JSON; what they print goes out as they print it; after each cell a line of JSON goes
to what was the standard error: {"cell", "error", "answers", "predictions"}. All of this runs where the
learner is root. The grader takes from it what the learner claims, and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from netlab.lessons.progress import Progress, default_path


def main() -> None:
    """Run cells in the graded lab, one for each order that comes, until no more do."""
    orders = os.fdopen(os.dup(0))
    control = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a cell that waits for input gets none
    os.dup2(1, 2)
    shell = _shell()
    for line in orders:
        order = json.loads(line)
        error = _run(shell, order["source"])
        sys.stdout.flush()
        sys.stderr.flush()
        said = {"cell": order["cell"], "error": error, **_claims(order["lesson"])}
        print(json.dumps(said), file=control, flush=True)


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance(colors="NoColor")
    shell.run_line_magic("config", "HistoryManager.enabled = False")
    # Nobody looks at pictures and live views, which cost seconds.
    shell.display_formatter.active_types = ["text/plain"]
    shell.display_formatter.mimebundle_formatter.enabled = False
    return shell


def _run(shell: Any, source: str) -> str:
    """Run one cell; its error in one line, "" if it has none."""
    try:
        result = shell.run_cell(source, store_history=True)
    except KeyboardInterrupt:
        return "KeyboardInterrupt"
    error = result.error_before_exec or result.error_in_exec
    return f"{type(error).__name__}: {error}".splitlines()[0] if error is not None else ""


def _claims(lesson: str) -> dict[str, dict[str, str]]:
    """What the learner has predicted, and first answered, so far."""
    progress = Progress(Path(default_path()))
    return {
        "predictions": dict(progress.predictions(lesson)),
        "answers": dict(progress.first_answers(lesson)),
    }


if __name__ == "__main__":
    main()
