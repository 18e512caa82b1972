"""JupyterLab on the lessons: `python -m netlab jupyter`.

It listens on 127.0.0.1 alone and keeps the token and the XSRF check: without them any user of the machine
would get a shell. Its kernels and terminals are in the lab; its own files are in the environment, not in ~.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterlab.handlers.announcements import NeverCheckForUpdate
from jupyterlab.labapp import LabApp
from traitlets.config import Config

from netlab.engines import ENGINES
from netlab.errors import BadInput, LabError
from netlab.i18n import gettext as _
from netlab.i18n import language
from netlab.jupyter.provisioner import find_or_make
from netlab.lessons.build import NAMES, folder_of
from netlab.lessons.content import LABS, lessons
from netlab.lessons.progress import Progress, default_path
from netlab.notebook.landing_page import current_lesson

FIRST_PORT, PORTS_TRIED = 8888, 50
HIDDEN = ["src", "pictures", "build", "*.toml", ".*", "__pycache__", "*.pyc"]  # in labs/, not for learners


def main(
    lab_name: str,
    engine: str = ENGINES[0],
    notebook: str | None = None,
    listen: str = "",
    token_file: str = "",
) -> int:
    """Open a lab in JupyterLab, and stay until Ctrl-C. The exit status.

    With `listen`, an address of this machine, as a service of others: at FIRST_PORT or not at all. With
    `token_file` the token is what stands there, the same at each start.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that has gone must not end the server
    page, token = first_page(notebook), _token(token_file)
    os.environ.update(NETLAB_LAB=lab_name, NETLAB_ENGINE=engine, **own_folders(Path(sys.prefix)))
    lab = find_or_make(lab_name, _say)
    _say(_("The lab {name!r} is up. Starting JupyterLab …").format(name=lab.name))
    app = LabApp.initialize_server(argv=[], config=settings(lab.name, page, token, listen))
    url = f"http://127.0.0.1:{app.port}/lab/tree/{quote(page)}?token={token}"
    _say(_("JupyterLab is ready; open this in a browser on this machine:") + f"\n\n    {url}\n")
    _say(_("Stop it with Ctrl-C."))
    _stop_at_once_when_interrupted(app)
    app.start()
    _say(
        "\n"
        + _("JupyterLab has stopped. The lab {name!r} stays up, with all that is in it.").format(
            name=lab.name
        )
        + "\n  "
        + _("Go on:   {command}").format(command=_run(lab.name))
        + "\n  "
        + _("End it:  {command}").format(command=_run(lab.name, "down"))
    )
    return 0


def _stop_at_once_when_interrupted(app: Any) -> None:
    """Ctrl-C needs no second thought, since the lab and the notebooks stay; a second one means it."""

    def stop(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        app.stop(from_signal=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def settings(lab: str, page: str, token: str, listen: str = "") -> Config:
    """JupyterLab's settings, for its terminals and kernels to be in that lab."""
    python = [sys.executable, "-P", "-m", "netlab", "--lab", lab]
    return Config(
        ServerApp={
            "ip": listen or "127.0.0.1",
            "port": FIRST_PORT,
            "port_retries": 0 if listen else PORTS_TRIED,
            "allow_remote_access": False,  # by no other name or address than this machine's own
            "root_dir": str(LABS),
            "default_url": f"/lab/tree/{page}",
            "allow_root": True,  # the lab's root is not the machine's
            "open_browser": _is_desktop(os.environ),
            "log_level": "ERROR",
            "jpserver_extensions": {"jupyterlab_jupytext": False},
            "terminado_settings": {"shell_command": [*python, "shell"]},
        },
        IdentityProvider={"token": token},
        LabApp={
            "default_url": f"/lab/tree/{page}",
            "log_level": "ERROR",
            "news_url": None,
            "check_for_updates_class": NeverCheckForUpdate,
            "extension_manager": "readonly",
        },
        KernelSpecManager={"allowed_kernelspecs": set(NAMES.values()), "ensure_native_kernel": False},
        MappingKernelManager={"default_kernel_name": NAMES[language()]},
        ContentsManager={"hide_globs": HIDDEN},
        FileContentsManager={"delete_to_trash": False},
    )


def own_folders(prefix: Path) -> dict[str, str]:
    """Where this Jupyter keeps its own files: not where the user's other Jupyters do."""
    place = prefix / "var/jupyter"
    if not os.access(prefix, os.W_OK):  # somebody else's environment
        place = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "netlab/jupyter"
    try:
        for name in ("config", "data", "runtime"):
            (place / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            _("JupyterLab's folder {place} cannot be made: {strerror}.").format(
                place=place, strerror=error.strerror
            ),
            _("Make room or give access there."),
        ) from error
    return {f"JUPYTER_{name.upper()}_DIR": str(place / name) for name in ("config", "data", "runtime")}


def _token(file: str) -> str:
    """Whoever knows it gets a shell; without a file it is made anew at each start."""
    if not file:
        return secrets.token_hex(24)
    try:
        token = Path(file).read_text().strip()
    except OSError as error:
        raise BadInput(
            _("The token cannot be read from {file}: {strerror}.").format(file=file, strerror=error.strerror),
            _("Name a file."),
        ) from error
    if not token:
        raise BadInput(
            _("The token's file {file} is empty.").format(file=file),
            _("Write one: openssl rand -hex 24 > {file}").format(file=file),
        )
    return token


def first_page(notebook: str | None = None) -> str:
    """The notebook to open, relative to labs/: that named, or where one is, in the language spoken."""
    here = folder_of(language()) / f"{current_lesson(lessons(), Progress(default_path())).stem}.ipynb"
    page = notebook or str(here.relative_to(LABS))
    if not (LABS / page).is_file():
        known = sorted(file.name for file in LABS.glob("*.ipynb"))
        raise BadInput(
            _("There is no notebook {page!r} in {labs}.").format(page=page, labs=LABS),
            _("Notebooks there: {known}.").format(
                known=", ".join(known) or _("none; ./run build-lessons makes them")
            ),
        )
    return page


def _is_desktop(environment: Mapping[str, Any]) -> bool:
    """Whether a browser would open on somebody's screen."""
    seen = any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return seen and os.geteuid() != 0 and sys.stdout.isatty()


def _run(lab: str, command: str = "") -> str:
    """What to type, for that lab."""
    return " ".join(["./run", *([] if lab == "default" else ["--lab", lab]), *([command] if command else [])])


def _say(text: str) -> None:
    print(text, flush=True)
