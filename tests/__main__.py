"""Runs the tests: python -m tests [TIER…] [words for pytest]; `./run test` is this.

Tests wait more than they work. So the tiers, in shares, and the longest files of theirs are parts that run
side by side, each in a pytest of its own, whose report is printed when it ends. Root has an ordinary user run
those tiers as well in which it matters who one is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.support import ordinary, parts
from tests.support.parts import Part

ROOT = Path(__file__).parent.parent
# Every part reads what the one before it has compiled, also where Python is told to keep nothing.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
CI = bool(os.environ.get("CI"))
IS_ROOT = os.geteuid() == 0
USUAL = ("unit", "kernel", "attacks", "labs", "docker", "browser")
SCRIPTS = (("docker", "install-docker"), ("docker", "install-podman"), ("vm", "install-vagrant"))
PROCESSORS = os.cpu_count() or 1
# Most of them wait half of the time: three on each processor starve the virtual machine and the browser. An
# ordinary user's, beside root's, are half of all.
EVERY = 2 * PROCESSORS
AT_ONCE = EVERY // 2 if ordinary.is_beside() else EVERY
NOTHING_CHOSEN = 5  # pytest's status when the words leave no test of a part
INTERRUPTED = 130
# A busy CI machine is not ours to mend: a test that fails there is run once more, which the summary says (R).
ON_CI = ["--reruns", "1"] if CI else []
# The stories of the virtual machine follow each other: after a failure the rest tells nothing.
ONCE = ["--exitfirst"]


class Run:
    """A part at work, as so many of those at once. What it prints goes to a file until it ends."""

    def __init__(self, name: str, words: Sequence[str], weight: int = 1) -> None:
        self.name, self.weight, self.status, self.report = name, weight, 0, ""
        self._started = time.monotonic()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it ends
        out = self._file
        # A session of its own, so that Ctrl-C is ours to pass on, also where a shell has us ignore it (&).
        self.process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        print(f"begins: {name}", flush=True)

    def end(self) -> None:
        """Wait for it, and print its report."""
        self.status = self.process.wait()
        self._file.seek(0)
        self.report = self._file.read().decode(errors="replace")
        self._file.close()
        minutes = (time.monotonic() - self._started) / 60
        print(f"\n{self.report}\nended: {self.name}, status {self.status}, {minutes:.1f} min", flush=True)


def main(words: Sequence[str]) -> int:
    chosen = [word for word in words if word in os.listdir(parts.TESTS)]
    rest = [word for word in words if word not in chosen]
    if any(".py" in word for word in rest):  # single files: nothing is to be arranged for those
        return subprocess.run(pytest(rest), cwd=ROOT, check=False).returncode
    tiers = chosen or [*USUAL, *(["vm"] if CI and IS_ROOT else [])]
    if IS_ROOT:
        install([tier for tier in tiers if chosen or CI])
    as_user = ordinary.tiers(tiers if chosen or CI else [tier for tier in tiers if tier != "docker"])
    waiting = parts.of(tiers, ordinary.alone(as_user))
    if len(waiting) == 1 and not as_user:
        return subprocess.run(pytest(rest, waiting[0]), cwd=ROOT, check=False).returncode
    begun = time.monotonic()
    beside = [Run("as an ordinary user", ordinary.command(as_user, rest), EVERY // 2)] if as_user else []
    done = list(side_by_side([(part, pytest(rest, part)) for part in waiting], beside))
    print(parts.total([run.report for run in done], time.monotonic() - begun))
    bad = [run.name for run in done if run.status not in (0, NOTHING_CHOSEN)]
    print("".join(f"not passed: {name}\n" for name in bad), end="")
    return 1 if bad or all(run.status == NOTHING_CHOSEN for run in done) else 0


def install(tiers: Sequence[str]) -> None:
    """What those tiers need besides."""
    for tier, script in SCRIPTS:
        if tier in tiers and (status := subprocess.run([f"{ROOT}/.ci/{script}"], check=False).returncode):
            sys.exit(status)


def pytest(words: Sequence[str], part: Part | None = None) -> list[str]:
    places = [f"--share={part.share}", *(f"tests/{file}" for file in part.files)] if part else []
    manner = ONCE if part and part.name == "vm" else ON_CI
    return [sys.executable, "-m", "pytest", *places, *manner, *words]


def side_by_side(waiting: list[tuple[Part, list[str]]], working: list[Run]) -> Iterator[Run]:
    """Run them, so many at once beside what works already; each as it ends. Ctrl-C ends all of them."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # and so does who ends us
    try:
        while waiting or working:
            while waiting and sum(run.weight for run in working) + waiting[0][0].weight <= AT_ONCE:
                part, words = waiting.pop(0)
                working.append(Run(part.name, words, part.weight))
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for run in [run for run in working if run.process.poll() is not None]:
                working.remove(run)
                run.end()
                yield run
    except KeyboardInterrupt:
        for run in working:
            with suppress(ProcessLookupError):
                os.killpg(run.process.pid, signal.SIGINT)
        for run in working:
            run.end()
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
