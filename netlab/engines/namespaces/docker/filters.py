"""--filter: which containers, networks or images are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from netlab.engines.namespaces import images, networks
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.docker.rows import state
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Record, Store

OF_CONTAINERS = (
    "id",
    "name",
    "label",
    "exited",
    "status",
    "ancestor",
    "network",
    "volume",
    "publish",
    "expose",
    "before",
    "since",
    "health",
)
OF_NETWORKS = ("id", "name", "driver", "label", "type", "scope", "dangling")
STATES = ("created", "running", "paused", "restarting", "exited", "dead", "removing")
LONGEST = 64  # characters of a pattern: an expression of any length could take any time

Wanted = dict[str, list[str]]


def parse(words: Sequence[str], known: Sequence[str]) -> Wanted:
    """{what: values of which one has to fit}. Refused."""
    found: Wanted = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(f'bad format of filter (expected name=value): "{word}"', 125)
        if name not in known:
            raise Refused(f"Error response from daemon: Invalid filter '{name}'")
        if name == "status" and value not in STATES:
            raise Refused(f"Error response from daemon: Invalid filter 'status={value}'")
        found.setdefault(name, []).append(value)
    return found


def fits(pattern: str, text: str) -> bool:
    """Whether the text has it, with ^ and $ for its ends, as such filters are typed."""
    start, end = pattern.startswith("^"), pattern.endswith("$")
    words = pattern.removeprefix("^").removesuffix("$")[:LONGEST]
    words = words.removeprefix("/") if start else words
    parts = re.escape(words).replace(r"\.\*", ".*?").replace(r"\|", "|")
    if parts.count(".*?") > 2:
        return words in text
    return bool(re.search(f"{'^' if start else ''}(?:{parts}){'$' if end else ''}", text))


def containers(records: Sequence[Record], wanted: Wanted, store: Store) -> list[Record]:
    """Those that fit, in the same order."""
    return [
        record
        for record in records
        if all(_has(record, what, values, store) for what, values in wanted.items())
    ]


def _has(record: Record, what: str, values: list[str], store: Store) -> bool:
    if what == "label":
        return all(_label(dict(record.labels), value) for value in values)
    return any(_is(record, what, value, store) for value in values)


def _label(labels: dict[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)


def _is(record: Record, what: str, value: str, store: Store) -> bool:
    if what == "network":
        made = networks.find_any(store, value)
        name = made.name if made else value
        return record.network == value or any(each.network == name for each in record.endpoints)
    if what in ("before", "since"):
        other = next((each for each in store.all() if value in (each.name, each.id, each.short_id)), None)
        if other is None:
            raise Refused(f"Error response from daemon: No such container: {value}")
        return record.created < other.created if what == "before" else record.created > other.created
    return _SIMPLE[what](record, value)


def _holds_port(ports: Sequence[str], value: str) -> bool:
    return (value if "/" in value else f"{value}/tcp") in ports


def _is_of_image(record: Record, value: str) -> bool:
    own = images.split(record.image)
    return own == images.split(value) or own[0] == value


def _has_volume(record: Record, value: str) -> bool:
    return any(value in (mount.volume, mount.target, mount.source) for mount in record.mounts)


_SIMPLE: dict[str, Callable[[Record, str], bool]] = {
    "name": lambda record, value: fits(value, record.name),
    "id": lambda record, value: record.id.startswith(value),
    "status": lambda record, value: state(record) == value,
    "exited": lambda record, value: state(record) == "exited" and str(record.exit_code) == value,
    "ancestor": _is_of_image,
    "volume": _has_volume,
    "publish": lambda record, value: _holds_port([p.rpartition(":")[2] for p in record.ports], value),
    "expose": lambda record, value: _holds_port(record.exposed, value),
    "health": lambda record, value: record.is_healthy == value,
}


def nets(found: Sequence[Network], wanted: Wanted, used: set[str]) -> list[Network]:
    """The networks that fit."""

    def has(network: Network, what: str, value: str) -> bool:
        if what == "name":
            return fits(value, network.name)
        if what == "label":
            return _label(dict(network.labels), value)
        if what == "type":
            return (network.name in networks.BUILT_IN) == (value == "builtin")
        if what == "dangling":
            return (network.name not in used and network.name not in networks.BUILT_IN) == (
                value in ("true", "1")
            )
        return {
            "id": network.id.startswith(value),
            "driver": network.driver == value,
            "scope": value == "local",
        }[what]

    return [
        network
        for network in found
        if all(any(has(network, what, v) for v in values) for what, values in wanted.items())
    ]
