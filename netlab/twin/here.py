"""The machine that this runs on as a pack: it is looked at, and never changed.

As root all of it; as anybody else as far as the kernel lets one look, and what it did not is told.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from netlab.i18n import gettext as _
from netlab.keeper import pack as reading
from netlab.keeper.places import Place, beside_roles
from netlab.keeper.unread import containers_beside
from netlab.lab import machine
from netlab.linux.wiring import settings
from netlab.model import bounded_json
from netlab.model.pack import Container, Pack
from netlab.twin import docker_view

NAME = "here"
SECONDS = 20.0  # that Docker may take


def pack() -> Pack:
    """Every namespace that one may enter, with its containers by name. OSError."""
    places = _with_own_names(machine.places())
    remarks = []
    try:
        unchanged = reading.fresh_settings()
    except OSError:
        unchanged = {}
        remarks.append(_("packed without root's rights: settings and other namespaces were not read"))
    described, known = _containers()
    found = reading.read(NAME, places, settings.Reader(unchanged), described, whole=False)
    return replace(found, remarks=(*remarks, *found.remarks, *containers_beside(found, known)))


def _with_own_names(places: Sequence[Place]) -> list[Place]:
    """No two have one name."""
    seen: dict[str, int] = {}
    named = []
    for place in places:
        seen[place.name] = seen.get(place.name, 0) + 1
        again = f" ({seen[place.name]})" if seen[place.name] > 1 else ""
        named.append(replace(place, name=f"{place.name.replace('/', '-')[:90]}{again}"))
    return named


def _containers() -> tuple[dict[int, Container], dict[str, bool]]:
    """What Docker and Podman say of those that run, by process, and whether each runs, by name; nothing where
    neither is."""
    found: dict[int, Container] = {}
    known: dict[str, bool] = {}
    for tool in filter(shutil.which, ("docker", "podman")):
        numbers = _output_of([tool, "ps", "-aq"]).split()
        if numbers:
            with suppress(bounded_json.NotJson):
                for pid, name, container in docker_view.inspections(_output_of([tool, "inspect", *numbers])):
                    known[beside_roles(name, "container")] = pid > 0
                    found |= {pid: container} if pid else {}
    return found, known


def _output_of(argv: list[str]) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(
            argv, capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS, check=False
        ).stdout
    return ""
