"""The kernel provisioner of the kernel "netlab": it starts the notebook's Python inside the lab host.

Every client of Jupyter finds it by the kernel's kernel.json, so JupyterLab, nbclient, nbconvert and nbmake
need no configuration. TCP does not cross network namespaces: the kernel is spoken to through Unix sockets in
the lab's exchange folder, which the machine and the lab host see under the same path.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from netlab.engines import ENGINES
from netlab.engines.protocol import Say
from netlab.errors import LabAlreadyUp, LabDied, LabNotFound, check_language
from netlab.i18n import VARIABLE, decide, speaking
from netlab.jupyter.process import LabProcess, copied_to
from netlab.keeper.address import HOME, PASSED_ON
from netlab.lab.lab import DEFAULT, Lab
from netlab.linux import polling

# ipykernel would watch its parent, which here is the lab's; without one it takes itself for started by hand.
NO_PARENT = {"JPY_PARENT_PID": "1"}
SECONDS_TO_END, PAUSE = 10.0, 0.05


class LabProvisioner(LocalProvisioner):
    """Starts a kernel in the lab that NETLAB_LAB names, which is made if it is not up.

    It is the lab's, not a process of Jupyter's: Jupyter holds its connection, and the lab ends it with that.
    """

    lab: Lab

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        name = os.environ.get("NETLAB_LAB") or DEFAULT
        self.lab = await asyncio.to_thread(find_or_make, name)  # not on Jupyter's event loop
        manager: Any = self.parent
        manager.transport = "ipc"
        manager.cache_ports = False  # the "ports" are endings of file names here
        manager.ip = str(self.lab.exchange / f"kernel-{self.kernel_id[:8]}")  # sun_path holds 107 bytes
        manager.connection_file = f"{manager.ip}.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        own: Mapping[str, str] = kwargs["env"]
        environment = {name: own[name] for name in PASSED_ON if name in own} | NO_PARENT
        self.cwd = kwargs.get("cwd") or Path.cwd()
        folder = str(working_folder(Path(self.cwd)))
        with open(os.devnull) as null, copied_to(2) as log, speaking(decide(own)):
            streams = (null.fileno(), log, log)
            start = partial(self.lab.start, cmd, streams, cwd=folder, env=environment)
            self.process: Any = LabProcess(await asyncio.to_thread(start))
        return self.connection_info


def find_or_make(name: str, say: Say = lambda _: None) -> Lab:
    """The lab of that name, up; with the engine that NETLAB_ENGINE names, if any. LabAlreadyUp, BadInput."""
    check_language(os.environ.get(VARIABLE, ""))
    engine = os.environ.get("NETLAB_ENGINE")
    with suppress(LabNotFound):
        lab = _find(name)
        if engine:
            lab.check_engine(engine)
        return lab
    with suppress(LabAlreadyUp):  # another notebook was faster
        return Lab.up(name, engine=engine or ENGINES[0], say=say)
    return Lab.find(name)


def _find(name: str) -> Lab:
    """The lab of that name; LabNotFound, also for one that is just ending, when it has ended."""
    for _look in polling.looks(SECONDS_TO_END, PAUSE):  # its keeper has hung up already, and tells no more
        with suppress(LabDied):
            return Lab.find(name)
    return Lab.find(name)


def working_folder(wanted: Path) -> Path:
    """Where the kernel begins: of the machine's own folders the lab host sees only the checkout."""
    wanted = wanted.resolve()
    return wanted if wanted.is_relative_to(HOME) else HOME / "labs"
