"""How the Hub starts a learner's server: each in a world of its own (netlab.workshop.learner.world)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from tornado.web import HTTPError
from traitlets import Instance

from netlab import display
from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME
from netlab.linux import polling
from netlab.linux.limits import Limits
from netlab.workshop.cgroups import Bounds, Groups
from netlab.workshop.hub.accounts import Accounts
from netlab.workshop.hub.start_queue import Turns
from netlab.workshop.learner import forkserver
from netlab.workshop.learner.world import Order, group_of
from netlab.workshop.logs import tail
from netlab.workshop.state import State

LAB_LIMITS = {"processes": 250, "address_space": 2 << 30, "disk": 192 << 20, "namespaces": 24}
MEMORY_WITHOUT_GROUP = 448 << 20  # bytes of a lab, which then looks itself
# A start keeps a processor busy: more at once are there no sooner, and whoever works would wait for them.
STARTS = os.cpu_count() or 1
SECONDS_TO_START, LOOK = 180, 0.1
LONGEST = 300  # letters of what a server said that did not come up


class NotStarted(HTTPError):
    """What a learner is told, whether his page still waits for it or he has been sent to another."""

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.BAD_GATEWAY, message)
        self.jupyterhub_message = message


class LearnerSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """The Hub's own spawner of processes, with a number for each learner in place of an account."""

    accounts = Instance(Accounts).tag(config=True)
    bounds = Instance(Bounds).tag(config=True)
    turns: ClassVar = Turns(STARTS)  # of all of them
    began = ""
    pid: int
    port: int

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        return {**env, "PYTHONPATH": str(HOME)}

    async def start(self) -> Any:
        """(address, port) of a new server, which answers. NotStarted."""
        log = State.of_environment() / f"log/learner-{self.accounts.number(self.user.name)}.log"
        try:
            async with self.turns.turn(self):
                await self._begin(log)
                await self._come_up(log)
        except LabError as error:
            raise NotStarted(str(error)) from error
        return self.ip, self.port

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """For the page on which a learner waits."""
        async for before in self.turns.places(self):
            said = _("Many are coming in at once. Before you: {n}").format(n=before)
            yield {"before": before, "message": said if before else ""}

    async def _begin(self, log: Path) -> None:
        state, number = State.of_environment(), self.accounts.number(self.user.name)
        self.port = self.port or random_port()
        uid = state.settings().first_uid + number
        order = Order(number, uid, str(state.disk(number)), self.bounds, self._limits())
        state.disk(number).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.pid = await asyncio.to_thread(forkserver.start, state, order, self.get_env(), log)
        self.began = _began(self.pid)
        # So that a Hub that is started anew meanwhile finds it.
        self.server.ip, self.server.port, self.orm_spawner.state = self.ip, self.port, self.get_state()
        self.db.commit()

    async def _come_up(self, log: Path) -> None:
        """Until the server listens; LabError when it ends before, or does not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_START):
                async for _look in polling.looks_among_others(LOOK):  # nobody tells when a port is bound
                    if _began(self.pid) != self.began:
                        break
                    with suppress(OSError):
                        (await asyncio.open_connection(self.ip, self.port))[1].close()
                        return
        said = display.one_line(tail(log).rpartition("netlab: ")[2])
        raise LabError(
            _("The learner's server did not come up: {said}").format(said=said[-LONGEST:]),
            _("Read {log}").format(log=log),
        )

    def _limits(self) -> Limits:
        bounded = "memory" in Groups.here().places
        return Limits(memory=0 if bounded else MEMORY_WITHOUT_GROUP, **LAB_LIMITS)

    async def stop(self, now: bool = False) -> None:
        """End the learner's world, with all that runs in it."""
        await super().stop(now)
        folder = State.of_environment().disk(self.accounts.number(self.user.name))
        Groups.here().remove(group_of(folder))

    def get_state(self) -> dict[str, Any]:
        return {**super().get_state(), "began": self.began}

    def load_state(self, state: dict[str, Any]) -> None:
        """After a restart of the Hub; a pid that somebody else has by now is none of ours."""
        super().load_state(state)
        self.began = state.get("began", "")
        if self.pid and _began(self.pid) != self.began:
            self.pid = 0


def _began(pid: int) -> str:
    """When that process began, in the kernel's ticks; "" if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
