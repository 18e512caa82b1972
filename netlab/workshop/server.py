"""A learner's Jupyter server, in his world: JupyterLab on the lessons, with the Hub's door in front."""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from jupyter_core.paths import jupyter_config_dir
from traitlets.config import Config

import netlab.jupyter.server as alone
from netlab import keeper, nursery, outbox, syscalls
from netlab.errors import LabAlreadyUp
from netlab.jupyter.provisioner import NO_PARENT
from netlab.lab import Lab
from netlab.lessons import LABS
from netlab.workshop import disk
from netlab.workshop.reporter import LAB, OUTBOX

NEEDED = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "jupyterhub.singleuser.extension",
    "jupyter_server_terminals.app",
    "jupyter_server.services.contents.largefilemanager",
    "jupyterlab.labapp",
    "nbconvert",
    "netlab.faults.gym",
    "netlab.live.picture",
    "netlab.notebook",
    "netlab.sitting",
    "netlab.workshop.reporter",
    *(f"netlab.checks.lesson{number:02}" for number in range(1, 11)),
)
EXTENSIONS = Path(__file__).with_name("labextensions")


def preload() -> None:
    """Import what every server needs, and the kernels of its lab, for the nursery."""
    os.environ.update(NO_PARENT)  # ipykernel looks when it is imported
    for name in NEEDED:
        import_module(name)


def main() -> None:
    """The learner's server, until it is told to end."""
    from jupyterhub.singleuser.extension import JupyterHubSingleUser

    os.environ.update(
        {"NETLAB_LAB": LAB, outbox.VARIABLE: str(OUTBOX), **alone.own_folders(Path(sys.prefix))}
    )
    with suppress(OSError):  # his disk is full: what is there is there
        # Which lessons are open the board will say; where there is none, all are.
        unlocked: frozenset[str] | None = frozenset() if os.environ.get("NETLAB_BOARD") else None
        disk.lay_out(LABS, Path(disk.LESSONS), unlocked)
    make_lab()
    app = JupyterHubSingleUser.initialize_server(argv=[], config=settings())
    app.start()


def make_lab() -> None:
    """By a child of this process, which has loaded what a keeper needs, and what the kernels do."""
    with suppress(LabAlreadyUp), Child() as forked:
        Lab.up(LAB, nursery=forked)


class Child(keeper.Nursery):
    """A keeper's nursery without a new Python. Made while this process has one thread."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        self._one_by_one = threading.Lock()
        with theirs:
            self._pid = os.fork()
            if self._pid == 0:
                _become_nursery(theirs.fileno())

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        os.waitpid(self._pid, 0)


def _become_nursery(orders: int) -> NoReturn:
    try:
        os.closerange(3, orders)
        os.closerange(orders + 1, os.sysconf("SC_OPEN_MAX"))
        os.setsid()
        for name in [name for name in os.environ if name.startswith("JUPYTERHUB_")]:
            del os.environ[name]
        os.environ["PATH"] = keeper.PATH
        sys.argv = [keeper.Nursery.MODULE, str(orders)]
        syscalls.set_title(" ".join(sys.argv))
        nursery.main()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def settings() -> Config:
    """Those of JupyterLab alone, with the Hub's in place of the token; see `./run jupyter`."""
    config: Any = alone.settings(LAB, alone.first_page(), token="")
    del config["IdentityProvider"]
    config.ServerApp.jpserver_extensions = {
        "jupyterlab": True,
        "jupyter_server_terminals": True,
        "netlab.workshop.reporter": True,
        "jupyterlab_jupytext": False,
        "jupyter_lsp": False,
        "notebook_shim": False,
    }
    config.ServerApp.disable_check_xsrf = False
    config.LabApp.extra_labextensions_path = [str(EXTENSIONS)]
    # JupyterLab's own defaults are from when the nursery imported it, in another's home.
    kept = Path(jupyter_config_dir(), "lab")
    config.LabApp.workspaces_dir = str(kept / "workspaces")
    config.LabApp.user_settings_dir = str(kept / "user-settings")
    return Config(config)


if __name__ == "__main__":
    main()
