"""A trace on the machine that this runs on, outside any lab: it is looked at, and never changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from netlab.diagnosis import trace as diagnose
from netlab.diagnosis.verdict import Cure, Verdict
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lab import Lab
from netlab.lab.machine import Machine
from netlab.lab.replica import Replica
from netlab.twin import here


class _Here(Machine):
    """This machine, with a twin of it to try things on."""

    @contextmanager
    def replica(self) -> Iterator[Replica]:
        """One of a lab with the machine's network, for as long as the block runs. LabError, BadInput."""
        twin = Lab.unpack(here.pack(), f"here-{os.getpid()}")
        try:
            with twin.replica() as replica:
                yield replica
        finally:
            twin.down()


def trace(source: str, destination: str, **order: Any) -> Verdict:
    """The verdict on probes from a container, a process's namespace or "host"; cures run on the host.

    As netlab.diagnosis.trace.trace; BadInput without the rights.
    """
    if os.geteuid() != 0:
        raise BadInput(_("Only root may look into other namespaces and capture."), _("Run it with sudo."))
    machine = _Here()
    verdict = diagnose.trace(machine, machine.place(source).name, destination, **order)
    nodes = {place.name: place.pid for place in machine.places.values()}
    return replace(verdict, cure=tuple(_from_host(step, nodes) for step in verdict.cure))


def _from_host(step: Cure, pids: Mapping[str, int]) -> Cure:
    """The same command as it is typed on the host: a container may have no `ip` of its own."""
    if step.node == "host":
        return step
    return Cure("host", ("nsenter", "-t", str(pids[step.node]), "-n", *step.argv), step.node)
