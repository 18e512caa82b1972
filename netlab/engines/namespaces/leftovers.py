"""What containers leave outside of their own folders: names of network namespaces, and volumes."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from netlab.engines.namespaces.fast_path import SANDBOXES, VOLUMES
from netlab.linux import syscalls


def clear() -> None:
    """Take it away, whatever it has become."""
    with suppress(OSError):
        for name in os.listdir(SANDBOXES):
            with suppress(OSError):
                syscalls.unmount(f"{SANDBOXES}/{name}")
    for folder in (SANDBOXES, VOLUMES):
        shutil.rmtree(folder, ignore_errors=True)
