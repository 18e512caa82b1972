"""What containers leave outside of their own folders: names of network namespaces, and volumes."""

from __future__ import annotations

import shutil

from netlab.engines.namespaces.fast_path import SANDBOXES, VOLUMES


def clear() -> None:
    """Take it away, whatever it has become."""
    for folder in (SANDBOXES, VOLUMES):
        shutil.rmtree(folder, ignore_errors=True)
