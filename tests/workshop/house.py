"""A running `./run workshop`, for the tests: its folder, its processes, its people."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from netlab.keeper.address import HOME
from netlab.workshop.hub.accounts import Accounts
from netlab.workshop.learner.world import group_of
from tests.workshop.client import Client

CODE = "kelp-and-tide"
SECONDS = 120

MODULES = {  # that a part of the workshop runs
    "hub": "netlab.workshop.hub.app",
    "board": "netlab.workshop.board.app",
    "forkserver": "netlab.workshop.learner.forkserver",
}


class House:
    """One workshop."""

    def __init__(self, state: Path, url: str, process: subprocess.Popen[bytes]) -> None:
        self.state, self.url, self.process = state, url, process

    @property
    def settings(self) -> dict[str, Any]:
        return dict(json.loads((self.state / "settings.json").read_text()))

    def learner(self, name: str) -> Client:
        """Somebody who has not come in yet."""
        return Client(self.url, name, code=CODE)

    def instructor(self) -> Client:
        """Logged in, with the board's page before him."""
        client = Client(self.url, "instructor", self.settings["password"])
        client.log_in()
        page = client.get("/services/board/")
        assert page.status == 200, page.text
        return client

    def board(self, client: Client) -> dict[str, Any]:
        """What the board's page shows, learner by learner."""
        answer = client.get("/services/board/api/now", X_XSRFToken=client.xsrf("/services/board/"))
        assert answer.status == 200, f"{answer.status} {answer.text}"
        return {row["name"]: row for row in answer.json()["learners"]}

    def order(self, client: Client, what: str, learner: str = "", words: str = "") -> int:
        order = {"what": what, "learner": learner, "words": words}
        return client.post(
            "/services/board/api/order", order, X_XSRFToken=client.xsrf("/services/board/")
        ).status

    def pid(self, part: str) -> int:
        """Of that part of the workshop: "hub", "board", "forkserver" or "proxy"; 0 if it does not run."""
        port = str(self.settings["proxy_port"])
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (entry / "cmdline").read_text().split("\0")
                if port in words if part == "proxy" else MODULES[part] in words:
                    ours = f"NETLAB_WORKSHOP={self.state}\0" in (entry / "environ").read_text()
                    leader = os.getsid(int(entry.name)) == int(entry.name)  # not one that the forkserver made
                    comm = (entry / "comm").read_text()
                    if (ours or part == "proxy") and leader and not comm.startswith("world-"):
                        return int(entry.name)
        return 0

    def learners(self, name: str, part: str = "server") -> int:
        """Of that learner's server, or of what stands above it: "world", "first"; 0 if it does not run."""
        number = self.number(name)
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (entry / "comm").read_text().strip() != f"{part}-{number}":
                    continue
                if group_of(self.state / f"learners/{number}") in (entry / "cgroup").read_text():
                    return int(entry.name)
        return 0

    def number(self, name: str) -> int:
        return Accounts(self.state / "learners.sqlite", "", "").number(name)

    def kill(self, part: str) -> int:
        """kill -9, and wait until it is gone; the pid that it had."""
        pid = self.pid(part)
        assert pid, f"no {part} runs"
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.pid(part) != pid, what=f"the end of the {part}")
        return pid


def until(true: Callable[[], Any], seconds: float = SECONDS, what: str = "that") -> Any:
    """The first true answer; AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds} s"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def opened(state: Path, *words: str, port: int = 0, scheme: str = "http") -> Iterator[House]:
    """A workshop in that folder, until the end of the block."""
    port = port or free_port()
    log = (state.parent / f"{state.name}.log").open("w+b")
    command = [HOME / "run", "workshop", "--state", state, "--port", str(port), "--code", CODE, *words]
    with log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
        try:

            def is_open() -> bool:
                said = Path(log.name).read_text()
                assert process.poll() is None, said
                return bool(re.search(r"Ctrl-C", said))

            until(is_open, what="the workshop")
            yield House(state, f"{scheme}://127.0.0.1:{port}", process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
