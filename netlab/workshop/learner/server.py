"""A learner's Jupyter server, in his world: JupyterLab on the lessons, with the Hub's door in front."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_dir
from traitlets.config import Config

import netlab.jupyter.server as alone
from netlab.jupyter.provisioner import find_or_make
from netlab.lessons.content import LABS
from netlab.notebook import outbox
from netlab.workshop import disk
from netlab.workshop.learner.reporter import LAB, OUTBOX

NEEDED = (
    "jupyterhub.singleuser.extension",
    "jupyter_server_terminals.app",
    "jupyter_server.services.contents.largefilemanager",
    "jupyterlab.labapp",
    "nbconvert",
    "netlab.faults.gym",
    "netlab.notebook.live.picture",
    "netlab.workshop.learner.reporter",
)
EXTENSIONS = Path(__file__).with_name("labextensions")


def preload() -> None:
    """Import what every server needs, for the forkserver."""
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
    find_or_make(LAB)
    app = JupyterHubSingleUser.initialize_server(argv=[], config=settings())
    app.start()


def settings() -> Config:
    """Those of JupyterLab alone, with the Hub's in place of the token; see `./run jupyter`."""
    config: Any = alone.settings(LAB, alone.first_page(), token="")
    del config["IdentityProvider"]
    config.ServerApp.jpserver_extensions = {
        "jupyterlab": True,
        "jupyter_server_terminals": True,
        "netlab.workshop.learner.reporter": True,
        "jupyterlab_jupytext": False,
        "jupyter_lsp": False,
        "notebook_shim": False,
    }
    config.ServerApp.disable_check_xsrf = False
    config.LabApp.extra_labextensions_path = [str(EXTENSIONS)]
    # JupyterLab's own defaults are from when the forkserver imported it, in another's home.
    kept = Path(jupyter_config_dir(), "lab")
    config.LabApp.workspaces_dir = str(kept / "workspaces")
    config.LabApp.user_settings_dir = str(kept / "user-settings")
    return Config(config)


if __name__ == "__main__":
    main()
