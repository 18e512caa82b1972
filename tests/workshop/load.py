"""How many learners this machine carries: python -m tests.workshop.load --learners N [--think S] [--arrive S]

Each is a thread that does what a browser does: logs in by the form, has his server started, opens the
notebooks of lessons 01 to 05 one after the other, and runs the solutions' cells and the checks in a real
kernel, through HTTP and WebSocket. Between two cells he thinks, for `--think` seconds on average. All on this
one machine, so the figures hold the learners' own work as well. It writes build/workshop/load-N.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netlab.keeper.address import HOME
from netlab.lessons.content import Lesson, Step, lessons
from netlab.workshop.cgroups import Groups
from netlab.workshop.learner.world import group_of
from netlab.workshop.state import State
from tests.workshop.client import Kernel
from tests.workshop.house import House, opened

LESSONS = ("01", "02", "03", "04", "05")
FIGURES = HOME / "build/workshop"


@dataclass
class Figures:
    """What all learners saw; appending to a list is safe from several threads."""

    checks: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    kernels: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    done: int = 0
    most: dict[str, float] = field(default_factory=dict)  # of memory: MiB for each learner


class Learner(threading.Thread):
    """One of them."""

    def __init__(
        self, house: House, number: int, figures: Figures, think: float, arrive: float, end: float
    ) -> None:
        super().__init__(daemon=True)
        self.house, self.label, self.figures = house, f"learner-{number}", figures
        self.think, self.arrive, self.end = think, arrive, end
        self.dice = random.Random(number)

    def run(self) -> None:
        try:
            time.sleep(self.dice.uniform(0, self.arrive))
            began = time.monotonic()
            self.client = self.house.learner(self.label).enter()
            self.figures.starts.append(time.monotonic() - began)
            for lesson in lessons():
                if lesson.id in LESSONS and time.monotonic() < self.end:
                    self.lesson(lesson)
            self.figures.done += time.monotonic() < self.end
        except Exception as error:
            self.figures.troubles.append(f"{self.label}: {type(error).__name__}: {str(error)[:300]}")

    def lesson(self, lesson: Lesson) -> None:
        began = time.monotonic()
        kernel = self.client.kernel(f"{lesson.stem}.ipynb")
        kernel.run(f'from netlab import notebook\nlab = notebook.start("{lesson.id}")')
        self.figures.kernels.append(time.monotonic() - began)
        for step in lesson.steps:
            if time.monotonic() > self.end:
                break
            self.step(kernel, step)
        kernel.close()
        self.client.api(
            "DELETE", f"kernels/{kernel.id}"
        )  # as whoever shuts down one notebook to open the next

    def step(self, kernel: Kernel, step: Step) -> None:
        """Predict, try the check too early, type, answer, check."""
        self.pause(kernel)
        if step.prediction:
            kernel.run(f'lab.predict("{step.id}", {step.prediction.right!r})')
        if self.dice.random() < 0.3:
            self.check(kernel, step)
        if step.solution:
            self.pause(kernel)
            kernel.run(f"%%bash\n{step.solution}")
        if step.answer:
            right = repr(step.answer.right)
            if step.answer.command:
                right = f"lab.script({step.answer.command!r}).stdout.strip()"
            kernel.run(f'lab.answer("{step.id}", {right})')
        self.pause(kernel)
        if not self.check(kernel, step):
            self.figures.failed.append(step.id)

    def check(self, kernel: Kernel, step: Step) -> bool:
        began = time.monotonic()
        said = kernel.run(f'result = lab.check("{step.id}")\nprint("PASSED", result.passed)\nresult')
        self.figures.checks.append(time.monotonic() - began)
        return "PASSED True" in said

    def pause(self, kernel: Kernel) -> None:
        thought = min(self.dice.expovariate(1 / self.think), 5 * self.think)
        kernel.idle(min(thought, self.end - time.monotonic()))


def watch(house: House, figures: Figures, learners: Sequence[Learner]) -> None:
    """The memory for each learner, while they are at work."""
    while any(learner.is_alive() for learner in learners):
        time.sleep(3)
        own = proportional(house)
        if len(own) >= 0.9 * len(learners):
            figures.most["proportional"] = max(
                figures.most.get("proportional", 0), statistics.mean(own.values())
            )
            grouped = [g for number in own if (g := group_memory(house, number))]
            if grouped:
                figures.most["group"] = max(figures.most.get("group", 0), statistics.mean(grouped))
        figures.most["machine"] = max(figures.most.get("machine", 0), used())


def proportional(house: House) -> dict[int, float]:
    """Of each learner's world: all its processes, what they share with others counted in part (PSS). MiB."""
    groups = {group_of(house.state / f"learners/{n}"): n for n in range(1, 1000)}
    first = int(house.settings["first_uid"])
    found: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            names = re.findall(r"[0-9a-f]{8}-\d+", (entry / "cgroup").read_text())
            number = groups.get(names[0]) if names else entry.stat().st_uid - first
            if number and 0 < number < 1000:
                size = re.search(r"^Pss:\s+(\d+)", (entry / "smaps_rollup").read_text(), re.MULTILINE)
                found[number] = found.get(number, 0) + (int(size[1]) / 1024 if size else 0)
        except OSError:
            continue
    return found


def group_memory(house: House, number: int) -> float:
    """What the learner's control group has, without what could be read again from the disk. MiB."""
    place = Groups.here().places.get("memory")
    if place is None:
        return 0
    folder = place / "netlab-workshop" / group_of(house.state / f"learners/{number}")
    try:
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        current = folder / ("memory.usage_in_bytes" if Groups.here().version == 1 else "memory.current")
        return (int(current.read_text()) - int(stat["inactive_file"]) - int(stat["active_file"])) / (1 << 20)
    except (OSError, KeyError):
        return 0


def used() -> float:
    """MiB of the machine that are not available."""
    words = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return (int(words["MemTotal"].split()[0]) - int(words["MemAvailable"].split()[0])) / 1024


def busy() -> tuple[float, float]:
    """(processor seconds that were used, that there were) since the machine began."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / tick, sum(fields) / tick


def processor(house: House) -> Counter[str]:
    """Seconds that each part has used, with what it has started and that has ended: the workshop's own, the
    learners' servers, kernels and the rest of their labs, and the simulated learners."""
    parts = {house.pid(part): part for part in ("hub", "proxy", "board", "forkserver")}
    groups = {group_of(house.state / f"learners/{n}") for n in range(1, 1000)}
    found = Counter({"simulated learners": sum(os.times()[:2])})
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            part = parts.get(int(entry.name))
            if not part and groups.intersection(
                re.findall(r"[0-9a-f]{8}-\d+", (entry / "cgroup").read_text())
            ):
                name = (entry / "comm").read_text()
                part = {"server-": "servers", "ipykern": "kernels"}.get(name[:7], "labs")
            if part:
                used = (entry / "stat").read_text().rpartition(")")[2].split()[11:15]
                found[part] += sum(int(ticks) for ticks in used) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return found


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else float("nan")


def measure(count: int, think: float, arrive: float, seconds: float) -> dict[str, Any]:
    """Run them all, for so long at most; the figures."""
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="netlab-load-") as place, opened(Path(place, "state")) as house:
        before, quiet, began = busy(), used(), time.monotonic()
        learners = [Learner(house, n, figures, think, arrive, began + seconds) for n in range(count)]
        watcher = threading.Thread(target=watch, args=(house, figures, learners), daemon=True)
        for thread in [*learners, watcher]:
            thread.start()
        for learner in learners:
            learner.join(max(0.0, began + seconds + 60 - time.monotonic()))
        after, shares = busy(), processor(house)
        board = house.board(house.instructor())
        counted = sum(step["tries"] for row in board.values() for step in row["steps"].values())
        assert State(house.state).settings()
    return {
        "learners": count,
        "think": think,
        "arrive": arrive,
        "seconds": round(time.monotonic() - began),
        "checks": len(figures.checks),
        "check_p50": round(percentile(figures.checks, 0.5), 2),
        "check_p95": round(percentile(figures.checks, 0.95), 2),
        "check_max": round(max(figures.checks, default=0), 2),
        "start_p50": round(percentile(figures.starts, 0.5), 1),
        "start_p95": round(percentile(figures.starts, 0.95), 1),
        "kernel_p95": round(percentile(figures.kernels, 0.95), 1),
        "finished": figures.done,
        "failed": figures.failed,
        "troubles": figures.troubles,
        "counted_by_the_board": counted,
        "mebibytes": {name: round(value) for name, value in figures.most.items()},
        "mebibytes_before": round(quiet),
        "processor_seconds": {part: round(seconds) for part, seconds in shares.most_common()},
        "processors": round((after[0] - before[0]) / max(after[1] - before[1], 1) * (os.cpu_count() or 1), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=5)
    parser.add_argument("--think", type=float, default=10.0, help="seconds on average between two cells")
    parser.add_argument("--arrive", type=float, default=60.0, help="seconds over which they come in")
    parser.add_argument("--seconds", type=float, default=240.0, help="how long at most")
    chosen = parser.parse_args()
    found = measure(chosen.learners, chosen.think, chosen.arrive, chosen.seconds)
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"load-{chosen.learners}.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
