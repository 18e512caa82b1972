"""./run bench [ROW…] [--small] [--json FILE]: netlab beside its peers and its floors, in numbers.

Each row's method stands at its function. What is measured is written as JSON and as a plot; what misses its
goal is told as missed, and changes nothing of the exit status: that is 1 only where something did not work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.bench import (
    growth,
    plot,
    rows_crowd,
    rows_lab,
    rows_look,
    rows_packets,
    rows_run,
    rows_start,
    rows_twin,
)
from tests.bench.harness import Row

ROWS: dict[str, Callable[[bool], AbstractContextManager[Row]]] = {
    "build": rows_lab.building,
    "up": rows_lab.coming,
    "reset": rows_lab.putting_back,
    "goto": rows_lab.going,
    "down": rows_lab.ending,
    "left": rows_lab.leaving,
    "snapshot": rows_look.looking,
    "callback": rows_look.hearing,
    "capture": rows_packets.capturing,
    "journeys": rows_packets.joining,
    "trace": rows_packets.tracing,
    "fault": rows_packets.tracing_the_fault,
    "labs": rows_crowd.crowding,
    "weight": rows_crowd.weighing,
    "import": rows_start.importing,
    "help": rows_start.helping,
    "memory": rows_start.remembering,
    "run": rows_run.opening,
    "pack": rows_twin.packing,
    "unpack": rows_twin.unpacking,
    "copy": rows_twin.copying,
    "undo": rows_twin.undoing,
    "become": rows_twin.becoming,
    "restore": rows_twin.restoring,
    "restore-many": rows_twin.restoring_many,
    "reach": rows_twin.reaching,
}
GROWTH = "growth"  # the four plots, as if it were a row
OUT = Path(__file__).resolve().parents[2] / "build/bench"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = options.rows or [*ROWS, GROWTH]
    # Rows that are named are put beside those that the file holds already: a whole run takes a while.
    report = json.loads(options.json.read_text()) if options.rows and options.json.exists() else {}
    rows, pictures = {}, []
    for name in [name for name in wanted if name != GROWTH]:
        with ROWS[name](options.small) as row:
            rows[name] = row
            print("\n".join(row.lines()), flush=True)
    there = {"machine": machine(), "small": options.small}
    known = {name: {**row.as_json(), **there} for name, row in rows.items()}
    report["rows"] = {**report.get("rows", {}), **known}
    if rows:
        pictures.append(plot.ratios(rows, options.json.with_suffix(".png")))
    if GROWTH in wanted:
        grown = growth.measured(options.small)
        print("\n".join(each.line() for each in grown))
        report["growth"] = {**there, "of": [each.as_json() for each in grown]}
        pictures.append(plot.growth(grown, options.json.with_suffix(".growth.png")))
    options.json.write_text(json.dumps(report, indent=1))
    print(f"\n{_machine_in_words(machine())}")
    print(*[options.json, *pictures], sep="\n")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}, {GROWTH}")
    parser.add_argument("--small", action="store_true", help="one go each: whether it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", default=OUT / "bench.json")
    options = parser.parse_args(arguments)
    if unknown := set(options.rows) - {*ROWS, GROWTH}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return options


def machine() -> dict[str, Any]:
    """What it was measured on, and when."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 2**20
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": model,
        "processors": os.cpu_count(),
        "memory_gib": round(memory),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _machine_in_words(of: dict[str, Any]) -> str:
    return (
        f"{of['date']}: {of['cpu']}, {of['processors']} processors, {of['memory_gib']} GiB; {of['system']}, "
        f"Linux {of['kernel']}, Python {of['python']}; load {of['load']:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
