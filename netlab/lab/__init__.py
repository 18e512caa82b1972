"""The lab's client, and the other end of each of the keeper's operations."""

from __future__ import annotations

TYPE_CHECKING = False  # of typing, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from netlab.lab.lab import Lab as Lab
    from netlab.lab.machine import Machine as Machine

_HOMES = {"Lab": "netlab.lab.lab", "Machine": "netlab.lab.machine"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'netlab.lab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
