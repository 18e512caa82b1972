"""Labs that belong to a process: named after it, and ended when it is gone, however it went."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from netlab.errors import LabError
from netlab.keeper import address
from netlab.lab import Lab


def name(prefix: str, number: int = 0) -> str:
    """The name of this process's lab of that number."""
    return f"{prefix}-{os.getpid()}-{number}"


def sweep(prefix: str, pid: int = 0) -> None:
    """End the labs of that process, and those of processes that are gone without having ended them."""
    for known in address.names():
        found = re.fullmatch(rf"{prefix}-(\d+)-\d+", known)
        if found and (int(found[1]) == pid or not Path(f"/proc/{found[1]}").exists()):
            with suppress(LabError):
                Lab(known).down()
