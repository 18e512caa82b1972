"""What of the machine is seen in a lab."""

from __future__ import annotations

from dataclasses import dataclass

SYSTEM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "nix", "gnu")


@dataclass(frozen=True)
class Tree:
    """A folder of the machine that is seen in the lab, at the same path."""

    path: str
    writable: bool = False
    source: str = ""  # where to bind it from, when not from `path` itself
