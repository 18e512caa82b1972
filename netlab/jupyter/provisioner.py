"""The kernel provisioner of the kernel "netlab": it starts the notebook's Python inside the lab host.

Every client of Jupyter finds it by the kernel's kernel.json, so JupyterLab, nbclient, nbconvert and nbmake
need no configuration. TCP does not cross network namespaces: the kernel is spoken to through Unix sockets in
the lab's exchange folder, which the machine and the lab host see under the same path.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from netlab.engines import ENGINES
from netlab.engines.protocol import Say
from netlab.errors import LabAlreadyUp, LabNotFound, check_language
from netlab.keeper import HOME
from netlab.lab import DEFAULT, Lab
from netlab.language import VARIABLE


class LabProvisioner(LocalProvisioner):
    """Starts a kernel in the lab that NETLAB_LAB names, which is made if it is not up.

    The process that Jupyter sees, waits for and signals is netlab.jupyter.launch, the kernel's stand-in here.
    """

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        name = os.environ.get("NETLAB_LAB") or DEFAULT
        lab = await asyncio.to_thread(find_or_make, name)  # not on Jupyter's event loop
        manager: Any = self.parent
        manager.transport = "ipc"
        manager.cache_ports = False  # the "ports" are endings of file names here
        manager.ip = str(lab.exchange / f"kernel-{self.kernel_id[:8]}")  # short: sun_path holds 107 bytes
        manager.connection_file = f"{manager.ip}.json"
        kwargs = await super().pre_launch(**kwargs)
        folder = working_folder(Path(kwargs.get("cwd") or Path.cwd()))
        launch = [sys.executable, "-m", "netlab.jupyter.launch", name, str(folder)]
        return {**kwargs, "cmd": [*launch, *kwargs["cmd"]]}


def find_or_make(name: str, say: Say = lambda _: None) -> Lab:
    """The lab of that name, up; with the engine that NETLAB_ENGINE names, if any. LabAlreadyUp, BadInput."""
    check_language(os.environ.get(VARIABLE, ""))
    engine = os.environ.get("NETLAB_ENGINE")
    with suppress(LabNotFound):
        lab = Lab.find(name)
        if engine:
            lab.check_engine(engine)
        return lab
    with suppress(LabAlreadyUp):  # another notebook was faster
        return Lab.up(name, engine=engine or ENGINES[0], say=say)
    return Lab.find(name)


def working_folder(wanted: Path) -> Path:
    """Where the kernel begins: of the machine's own folders the lab host sees only the checkout."""
    wanted = wanted.resolve()
    return wanted if wanted.is_relative_to(HOME) else HOME / "labs"
