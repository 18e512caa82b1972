"""libvirtd in namespaces of its own, and commands in there: `vagrant`, `virsh`, a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

INSIDE = Path(__file__).parent / "inside.py"
NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")


class Hypervisor:
    """Everything hangs from one process, the first of its process namespace, and goes with it."""

    def __init__(self, folder: Path) -> None:
        words = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
        self.process = subprocess.Popen(
            [*words, "/usr/bin/python3", INSIDE, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout and self.process.stderr
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"libvirtd does not start: {self.process.stderr.read()}")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.first = int(children[0])

    def words(self, *command: str | Path) -> list[str]:
        """A command line that runs that command in there."""
        return ["nsenter", f"--target={self.first}", *NAMESPACES, "--", *map(str, command)]

    def listening(self) -> dict[int, list[str]]:
        """Which TCP ports have a listener in there, and at which addresses."""
        words = self.words("ss", "-Hltn")
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found: dict[int, list[str]] = {}
        for line in done.stdout.splitlines():
            address, _, port = line.split()[3].rpartition(":")
            found.setdefault(int(port), []).append(address)
        return found

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
