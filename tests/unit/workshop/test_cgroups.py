"""Bounds as the kernel's control groups have them."""

from __future__ import annotations

import pytest

from netlab.workshop.cgroups import Bounds


@pytest.mark.parametrize(
    ("version", "controller", "expected"),
    [
        (2, "pids", {"pids.max": "9"}),
        (2, "memory", {"memory.max": "4096", "memory.swap.max": "0", "memory.oom.group": "0"}),
        (2, "cpu", {"cpu.max": "50000 100000"}),
        (1, "pids", {"pids.max": "9"}),
        (1, "memory", {"memory.limit_in_bytes": "4096"}),
        (1, "cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}),
    ],
)
def test_bounds_in_the_kernels_own_files(version: int, controller: str, expected: dict[str, str]) -> None:
    """Of control groups of both versions."""
    assert Bounds(processes=9, memory=4096, cpus=0.5).files(version, controller) == expected
