"""A peer, in namespaces of its own: a process that does one go for each line it is sent.

A peer's program says {"ready": true}, then answers each line, a JSON list of arguments, by one line of JSON.
None of it touches the machine: it lives in user, network, mount and pid namespaces that end with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 100  # that one go may take


class PeerFailed(Exception):
    """A peer could not do what it was asked for; its own words."""


def apart() -> list[str]:
    """The command that runs another one in namespaces of its own, as their root."""
    users = [] if os.geteuid() == 0 else ["-Ur"]
    return ["unshare", *users, "-n", "-m", "-p", "-f", "--mount-proc", "--kill-child"]


class Peer:
    """The program `module` of tests.bench, run by `python` in namespaces of its own."""

    def __init__(self, module: str, *arguments: str, python: str = sys.executable) -> None:
        self._process = subprocess.Popen(
            [*apart(), "timeout", "-k", "5", "600", python, "-m", f"tests.bench.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._answer()

    def ask(self, *arguments: Any) -> Any:
        """One go; what it answers."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed(f"it ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "failed" in answer:
            raise PeerFailed(answer["failed"])
        return answer["ok"]

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def serve(goes: dict[str, Callable[..., Any]]) -> None:
    """In the peer: answer lines until there are no more. Whatever a go prints goes to the errors."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"ok": True}), file=lines)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"ok": goes[name](*arguments)}
        except BaseException:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), file=lines)


def run(argv: Sequence[str], text: str = "") -> str:
    """A command that must succeed; what it printed."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise PeerFailed(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout
