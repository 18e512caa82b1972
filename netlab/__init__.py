"""A lab environment in which people learn container networking by typing commands into a real kernel.

    from netlab import Lab, draw, trace

    lab = Lab.up()                      # a lab in plain namespaces: no root, no Docker
    lab.script("docker run -d --name if-test centos sleep 3600")
    draw(lab.snapshot())                # a figure of it
    print(trace(lab, "if-test", "39.106.233.176"))   # where packets end, and why
    lab.down()

Nothing is imported before it is asked for: `import netlab` costs next to nothing, and every `docker` that a
learner types pays for it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # of typing, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from netlab.checks import check as check
    from netlab.diagnosis.reach.ask import reach as reach
    from netlab.diagnosis.trace import trace as trace
    from netlab.diagnosis.verdict import Verdict as Verdict
    from netlab.drawing.timeline import timeline as timeline
    from netlab.drawing.topology import draw as draw
    from netlab.errors import NetlabError as NetlabError
    from netlab.lab.lab import Lab as Lab
    from netlab.lab.machine import Machine as Machine
    from netlab.model import Capture as Capture
    from netlab.model import Snapshot as Snapshot
    from netlab.packets.journeys.assemble import journeys as journeys

_HOMES = {
    "Lab": "netlab.lab.lab",
    "Machine": "netlab.lab.machine",
    "trace": "netlab.diagnosis.trace",
    "reach": "netlab.diagnosis.reach.ask",
    "Verdict": "netlab.diagnosis.verdict",
    "check": "netlab.checks",
    "draw": "netlab.drawing.topology",
    "timeline": "netlab.drawing.timeline",
    "journeys": "netlab.packets.journeys.assemble",
    "Snapshot": "netlab.model",
    "Capture": "netlab.model",
    "NetlabError": "netlab.errors",
}
__all__ = [*sorted(_HOMES), "notebook"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "notebook":
        return import_module("netlab.notebook")
    if name not in _HOMES:
        raise AttributeError(f"module 'netlab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, *globals()]
