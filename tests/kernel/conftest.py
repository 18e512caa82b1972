"""Labs for the tests of this tier: one for a whole module, put back before each test."""

from __future__ import annotations

from typing import Any

from netlab.lab import Lab
from tests.support.patience import eventually
from tests.support.shared import lab, module_lab

__all__ = ["await_answers", "lab", "module_lab", "sh"]


def sh(lab: Lab, text: str, node: str = "host") -> str:
    """Run lines of bash that must succeed; what they printed."""
    done = lab.script(text, node)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout


def await_answers(lab: Lab, node: str, destination: str, **order: Any) -> bool:
    """Whether probes are answered a few seconds after a cure: the kernel lets packets onto a cable that was
    switched on when it comes to look at its carrier, up to a second later."""
    return eventually(lambda: lab.probe(node, destination, 2, 0.5, **order).received == 2)
