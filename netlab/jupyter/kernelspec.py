"""What Jupyter has to find in its environment: the kernel of each language, and a JupyterLab without news.

`python -m netlab.jupyter.kernelspec` puts them there; `./run` does so when it sets up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from netlab.i18n import NOTEBOOK_VARIABLE
from netlab.lessons.build import DISPLAY_NAMES, NAMES

KERNEL = {
    "argv": [
        *("python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        "--ext=netlab.notebook.tracebacks",
    ],
    "language": "python",
    "interrupt_mode": "signal",
    "metadata": {"kernel_provisioner": {"provisioner_name": "netlab-provisioner"}, "debugger": False},
}
SETTINGS = {
    # The question whether to fetch news can be answered nowhere else, and nothing here may ask the internet.
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # The whole lesson is on the page, not only what is in view: for Ctrl-F, for printing, for screen readers.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    # The glossary and the causes are there to be read.
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
}
# Menus that have nothing to do with the lessons; jupytext is there to build them.
LEFT_OUT = {
    "disabledExtensions": {"jupyterlab-jupytext": True, "@jupyterlab/extensionmanager-extension": True}
}


def install(prefix: Path) -> None:
    """Write these below that prefix (of a virtual environment)."""
    share = prefix / "share/jupyter"
    for language, name in NAMES.items():
        own = {"display_name": DISPLAY_NAMES[language], "env": {NOTEBOOK_VARIABLE: language}}
        _write(share / "kernels" / name / "kernel.json", {**KERNEL, **own})
    _write(share / "lab/settings/overrides.json", SETTINGS)
    _write(share / "lab/settings/page_config.json", LEFT_OUT)


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    install(Path(sys.prefix))
