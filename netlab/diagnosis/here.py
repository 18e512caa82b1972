"""A trace on the machine that this runs on, outside any lab: it is looked at, and never changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netlab.diagnosis import trace as diagnose
from netlab.diagnosis.verdict import Cure, Verdict
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lab.machine import Machine


def trace(source: str, destination: str, **order: Any) -> Verdict:
    """The verdict on probes from a container, a process's namespace or "host"; cures run on the host.

    As netlab.diagnosis.trace.trace; BadInput without the rights.
    """
    if os.geteuid() != 0:
        raise BadInput(_("Only root may look into other namespaces and capture."), _("Run it with sudo."))
    machine = Machine()
    verdict = diagnose.trace(machine, machine.place(source).name, destination, **order)
    nodes = {place.name: place.pid for place in machine.places.values()}
    return replace(verdict, cure=tuple(_from_host(step, nodes) for step in verdict.cure))


def _from_host(step: Cure, pids: Mapping[str, int]) -> Cure:
    """The same command as it is typed on the host: a container may have no `ip` of its own."""
    if step.node == "host":
        return step
    return Cure("host", ("nsenter", "-t", str(pids[step.node]), "-n", *step.argv))
