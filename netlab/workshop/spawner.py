"""How the Hub starts a learner's server: each in a world of its own (netlab.workshop.world)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from traitlets import Instance

from netlab.keeper import HOME
from netlab.limits import Limits
from netlab.workshop import nursery
from netlab.workshop.accounts import Accounts
from netlab.workshop.cgroups import Bounds, Groups
from netlab.workshop.state import State
from netlab.workshop.world import Order, group_of

LAB_LIMITS = {"processes": 250, "address_space": 2 << 30, "disk": 192 << 20, "namespaces": 24}
MEMORY_WITHOUT_GROUP = 448 << 20  # bytes of a lab, which then looks itself


class LearnerSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """The Hub's own spawner of processes, with a number for each learner in place of an account."""

    accounts = Instance(Accounts).tag(config=True)
    bounds = Instance(Bounds).tag(config=True)
    began = ""
    pid: int
    port: int

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        return {**env, "PYTHONPATH": str(HOME)}

    async def start(self) -> Any:
        """(address, port) of a new server."""
        state, number = State.of_environment(), self.accounts.number(self.user.name)
        self.port = self.port or random_port()
        uid = state.settings().first_uid + number
        order = Order(number, uid, str(state.disk(number)), self.bounds, self._limits())
        state.disk(number).mkdir(mode=0o700, parents=True, exist_ok=True)
        log = state / f"log/learner-{number}.log"
        self.pid = await asyncio.to_thread(nursery.start, state, order, self.get_env(), log)
        self.began = _began(self.pid)
        return self.ip, self.port

    def _limits(self) -> Limits:
        bounded = "memory" in Groups.here().places
        return Limits(memory=0 if bounded else MEMORY_WITHOUT_GROUP, **LAB_LIMITS)

    async def stop(self, now: bool = False) -> None:
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
