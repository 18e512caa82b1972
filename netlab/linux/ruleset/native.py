"""What was made with nft(8) itself, as the objects of libnftables-json(5), and back.

iptables' own tables are listed there, too, in a form that cannot be loaded again: they are left out here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from netlab.linux.wiring.fields import Unfit
from netlab.model import bounded_json

# What is made, in this order: a rule needs its chains, a map the chains that it jumps to.
ORDER = (
    *("table", "chain", "counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "synproxy"),
    *("secmark", "set", "map", "flowtable", "element", "rule"),
)
FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
BOUNDS = bounded_json.Bounds(size=1 << 20, depth=24, values=200_000)
_WHOLE = bounded_json.Bounds(size=1 << 26, depth=32, values=1 << 21)
_KEY = re.compile(r"[a-z0-9_&|^<>=!% .+-]{1,40}", re.IGNORECASE)
_LEFT_OUT = ("handle", "index", "expires")
Table = tuple[str, str]  # family, name


def start_list() -> subprocess.Popen[str]:
    """The program that lists what is in the namespace we are in."""
    return subprocess.Popen(
        ["nft", "-j", "list", "ruleset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    )


def parse(
    text: str, without: Collection[Table], devices: Mapping[tuple[str, str, str], list[str]]
) -> tuple[str, ...]:
    """The objects that nft listed, but of those tables; without what was counted. Empty if there are none.

    `devices` are those of (family, table, chain): this nft may leave them out.
    """
    try:
        found = bounded_json.table(text, _WHOLE).get("nftables", [])
    except bounded_json.NotJson:
        return ()
    kept = []
    for entry in found if isinstance(found, list) else []:
        for kind, content in entry.items() if isinstance(entry, dict) else ():
            if kind in ORDER and isinstance(content, dict) and _table(kind, content) not in without:
                at = (
                    devices.get((*_table(kind, content), str(content.get("name"))))
                    if kind == "chain"
                    else None
                )
                content = content | ({"dev": at[0] if len(at) == 1 else at} if at else {})
                kept.append(json.dumps({kind: _plain(content)}, ensure_ascii=False, separators=(",", ":")))
    return tuple(kept)


def _table(kind: str, content: dict[str, Any]) -> Table:
    return str(content.get("family")), str(content.get("name" if kind == "table" else "table"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _plain(each) for key, each in value.items() if key not in _LEFT_OUT}
        if {"packets", "bytes"} <= kept.keys():
            kept |= {"packets": 0, "bytes": 0}
        return kept
    return [_plain(each) for each in value] if isinstance(value, list) else value


def check(text: str) -> tuple[str, dict[str, Any]]:
    """(kind, content) of one object, of plain words. Unfit."""
    try:
        found = bounded_json.table(text, BOUNDS)
    except bounded_json.NotJson as error:
        raise Unfit(f"not JSON: {error}") from None
    kind, content = next(iter(found.items()), ("", None))
    if len(found) != 1 or kind not in ORDER or not isinstance(content, dict):
        raise Unfit(f"nft makes no {kind[:40]!r}")
    if content.get("family") not in FAMILIES:
        raise Unfit("an object of nft's has a family")
    _check(content)
    return kind, content


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "xt":
                raise Unfit("a rule of ebtables or arptables, which nft only shows")
            if not _KEY.fullmatch(key):
                raise Unfit(f"{key[:40]!r} is no word of nft's")
            _check(each)
    elif isinstance(value, list):
        for each in value:
            _check(each)
    elif isinstance(value, str) and (not value.isprintable() or len(value) > 1024):
        raise Unfit("a text of nft's is one line")


def restore(objects: Iterable[str]) -> list[str]:
    """Add these to the namespace we are in, all or nothing; what was refused, with the reason."""
    refused, commands = [], []
    for text in objects:
        try:
            commands.append(check(text))
        except Unfit as error:
            refused.append(f"nft: {error}")
    if not commands:
        return refused
    if not shutil.which("nft"):
        return [*refused, "nft is not installed"]
    commands.sort(key=lambda command: ORDER.index(command[0]))
    order = {"nftables": [{"add": {kind: content}} for kind, content in commands]}
    done = subprocess.run(
        ["nft", "-j", "-f", "-"],
        input=json.dumps(order),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        refused.append("nft: " + " ".join((done.stderr or done.stdout).split())[:300])
    return refused
