"""docker events: what has happened, and what happens."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from netlab.engines.namespaces import log
from netlab.engines.namespaces.docker import go_parser, go_templates
from netlab.engines.namespaces.docker.go_functions import TemplateError
from netlab.engines.namespaces.docker.logs import PAUSE, moment
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.events import FILE
from netlab.engines.namespaces.store import Store
from netlab.linux import polling

LONGEST = 1 << 16  # bytes of a line
FILTERS = ("container", "event", "image", "network", "type", "label")


def events(options: argparse.Namespace, store: Store) -> None:
    """docker events. Refused."""
    since, until = (moment(word) if word else "" for word in (options.since, options.until))
    wanted = [word.partition("=")[::2] for word in options.filter]
    if unknown := [name for name, _value in wanted if name not in FILTERS]:
        raise Refused(f"Error response from daemon: Invalid filter '{unknown[0]}'")
    nodes = _template(options.format)
    for entry in _all(bool(since), until):
        is_in_time = (not since or entry["moment"] >= since) and (not until or entry["moment"] <= until)
        if is_in_time and all(_fits(entry, name, value) for name, value in wanted):
            print(go_templates.render(options.format, _fields(entry)) if nodes else _line(entry))
            sys.stdout.flush()


def _template(text: str) -> bool:
    try:
        go_parser.parse(text)
    except TemplateError as error:
        raise Refused(f"template parsing error: template: {error}", 64) from error
    return bool(text)


def _all(from_start: bool, until: str) -> Iterator[dict[str, Any]]:
    """Each event, as it comes; without end unless one is said."""
    position = 0 if from_start or not FILE.exists() else FILE.stat().st_size
    for _look in polling.looks(polling.FOREVER, PAUSE):
        with suppress(FileNotFoundError), open(FILE, errors="replace") as file:
            file.seek(position if FILE.stat().st_size >= position else 0)
            while line := file.readline(LONGEST):
                with suppress(ValueError, KeyError, TypeError):
                    entry = json.loads(line)
                    entry["moment"] = log.moment(float(entry["time"]))
                    yield entry
            position = file.tell()
        if until and until <= _now():
            return


def _now() -> str:
    return moment("0s")


def _line(entry: dict[str, Any]) -> str:
    about = ", ".join(f"{key}={value}" for key, value in sorted(entry["attributes"].items()))
    return f"{entry['moment']} {entry['type']} {entry['action']} {entry['id']} ({about})"


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    actor = {"ID": entry["id"], "Attributes": entry["attributes"]}
    known = {"Type": entry["type"], "Action": entry["action"], "Actor": actor, "scope": "local"}
    known |= {"Status": entry["action"], "ID": entry["id"], "From": entry["attributes"].get("image", "")}
    return {**known, "Time": int(entry["time"]), "TimeNano": int(entry["time"] * 1e9)}


def _fits(entry: dict[str, Any], name: str, value: str) -> bool:
    about = entry["attributes"]
    if name == "event":
        return bool(entry["action"] == value)
    if name == "type":
        return bool(entry["type"] == value)
    if name == "image":
        return bool(about.get("image") == value)
    return bool(entry["type"] == name and value in (about.get("name"), entry["id"], entry["id"][:12]))
