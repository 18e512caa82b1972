"""Keeps Hub, proxy, board and forkserver running, each a process of its own: one that falls is started anew.

Learners' servers belong to none of them, so they go on meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from netlab import display
from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME
from netlab.linux import syscalls
from netlab.workshop import readiness
from netlab.workshop.hub.app import BOARD, Options
from netlab.workshop.logs import tail
from netlab.workshop.state import VARIABLE, Settings, State

PROXY = Path(sys.prefix, "workshop/node_modules/.bin/configurable-http-proxy")
SECONDS_TO_BEGIN, SECONDS_TO_END = 600, 60
AT_ONCE, MOST_PAUSE = 1.0, 30.0  # seconds between two starts of one that keeps falling
LOOK = 0.2  # seconds between two looks
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_MESSAGES", "NETLAB_LANG")  # to the forkserver


@dataclass
class Part:
    """One of them."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    pause: float = AT_ONCE
    began: float = field(default=0.0)

    def start(self) -> None:
        """Start its process, with its log."""
        self.began = time.monotonic()
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self.environment,
                cwd=self.log.parent,
                start_new_session=True,  # Ctrl-C is for the supervisor
                preexec_fn=syscalls.end_with_parent,
            )

    def tend(self) -> bool:
        """Start it anew if it has ended, at the latest after a pause; whether it had."""
        if self.process is None or self.process.poll() is None:
            return False
        age = time.monotonic() - self.began
        if age < self.pause:
            return False
        self.pause = AT_ONCE if age > MOST_PAUSE else min(2 * self.pause, MOST_PAUSE)
        self.start()
        return True

    def stop(self) -> None:
        """End its process, with SIGKILL if it takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """All of them, in the order in which they start."""

    def __init__(self, state: State, options: Options) -> None:
        ours = state.settings()
        secrets = {**os.environ, "CONFIGPROXY_AUTH_TOKEN": ours.proxy_token}
        own = {VARIABLE: str(state.folder), "PYTHONPATH": str(HOME)}
        common = {**os.environ, **own}
        # Learners' servers come from the forkserver: nothing of whoever began this.
        bare = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | own
        board = {**common, **_service(ours)}
        python = [sys.executable, "-m"]
        self.doors = readiness.doors(ours, BOARD)
        self.routes = urllib.request.Request(
            f"{self.doors[0]}proxy", method="POST", headers={"Authorization": f"token {ours.board_token}"}
        )
        self.parts = [
            Part("proxy", _proxy(ours.hub_port, ours.proxy_port, options), secrets, state / "log/proxy.log"),
            Part(
                "forkserver",
                [*python, "netlab.workshop.learner.forkserver"],
                bare,
                state / "log/forkserver.log",
            ),
            Part(
                "board",
                [*python, "netlab.workshop.board.app", options.text()],
                board,
                state / "log/board.log",
            ),
            Part("hub", [*python, "netlab.workshop.hub.app", options.text()], common, state / "log/hub.log"),
        ]
        self._end = Event()

    def run(self, ready: Callable[[], None]) -> None:
        """Until SIGINT or SIGTERM. LabError when they do not come up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._end.set())
        try:
            for part in self.parts:
                part.start()
            if self._comes_up():
                ready()
            forgotten = False  # a new proxy knows no routes until the Hub tells it
            while not self._end.wait(LOOK):
                for part in self.parts:
                    if part.tend():
                        _say(_("The {name} had ended; it was restarted.").format(name=part.name))
                        forgotten |= part.name == "proxy"
                forgotten = forgotten and not self._told_routes()
        finally:
            for part in reversed(self.parts):
                part.stop()

    def _told_routes(self) -> bool:
        """Have the Hub tell the proxy who is where; whether it could."""
        with suppress(OSError), urllib.request.urlopen(self.routes, timeout=10):
            return True
        return False

    def _comes_up(self) -> bool:
        """Wait until all answer; False when somebody ended us meanwhile."""
        deadline = time.monotonic() + SECONDS_TO_BEGIN
        waiting: list[str | urllib.request.Request] = list(self.doors)
        while not self._end.wait(LOOK):
            while waiting and readiness.is_open(waiting[0]):
                waiting.pop(0)
            if not waiting:
                return True
            fallen = [part for part in self.parts if part.process and part.process.poll() is not None]
            if fallen or time.monotonic() > deadline:
                part = fallen[0] if fallen else self.parts[-1]
                last = tail(part.log).strip().splitlines()[-1:]
                raise LabError(
                    _("The workshop's {name} did not come up: {tail}").format(
                        name=part.name, tail=display.one_line(" ".join(last))
                    ),
                    _("Read {log}").format(log=part.log),
                )
        return False


def _service(ours: Settings) -> dict[str, str]:
    """What a service of the Hub's finds in its environment: the board is not started by the Hub itself."""
    return {
        "JUPYTERHUB_SERVICE_NAME": BOARD,
        "JUPYTERHUB_SERVICE_PREFIX": f"/services/{BOARD}/",
        "JUPYTERHUB_API_TOKEN": ours.board_token,
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{ours.hub_port}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": f"service-{BOARD}",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services", f"access:services!service={BOARD}"]),
    }


def _proxy(hub: int, own: int, options: Options) -> list[str]:
    words = [str(PROXY), "--ip", options.listen, "--port", str(options.port)]
    words += ["--api-ip", "127.0.0.1", "--api-port", str(own)]
    words += [
        "--default-target",
        f"http://127.0.0.1:{hub}",
        "--error-target",
        f"http://127.0.0.1:{hub}/hub/error",
    ]
    words += ["--log-level", "warn"]
    if options.certificate:
        words += ["--ssl-cert", options.certificate, "--ssl-key", options.key]
    return words


def _say(text: str) -> None:
    print(f"netlab: {text}", file=sys.stderr, flush=True)
