"""The catalogue's faults where containers, docker0 and its rules are Docker's own."""

from __future__ import annotations

from tests.kernel.test_catalogue import test_broken_named_cured_and_as_before

__all__ = ["test_broken_named_cured_and_as_before"]
