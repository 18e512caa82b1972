"""Labs for the tests of this tier: one for a whole module, put back before each test."""

from __future__ import annotations

from netlab.lab import Lab
from tests.support.shared import lab, module_lab

__all__ = ["lab", "module_lab", "sh"]


def sh(lab: Lab, text: str, node: str = "host") -> str:
    """Run lines of bash that must succeed; what they printed."""
    done = lab.script(text, node)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout
