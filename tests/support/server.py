"""A running JupyterLab, for the browser tests."""

from __future__ import annotations

import re
from pathlib import Path

from netlab.keeper.address import exchange_folder
from netlab.lab import Lab


class Server:
    """A running `./run jupyter` and its lab."""

    def __init__(self, lab: str, url: str) -> None:
        self.lab_name, self.url = lab, url

    @property
    def lab(self) -> Lab:
        return Lab.find(self.lab_name)

    @property
    def progress(self) -> Path:
        """The learner's record: where both the machine and the lab host see it."""
        return exchange_folder(self.lab_name) / "progress.json"

    def page(self, notebook: str = "") -> str:
        """The address of a notebook; the one that `./run` printed if none is named. As a first visit."""
        url = self.url if not notebook else re.sub(r"tree/[^?]*", f"tree/{notebook}", self.url)
        return f"{url}&reset"
