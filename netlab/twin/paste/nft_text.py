"""What `nft list ruleset` prints as text, read by nft itself, in namespaces that hold nothing.

Of the text nothing is handed over but whole tables, and none that names a file. What nft makes of a table is
asked for as JSON, and is other people's data as before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator

from netlab.linux.ruleset import native
from netlab.model import bounded_json

ALONE = ("unshare", "--user", "--map-root-user", "--net", "nft", "-j", "-e", "-f", "-")
SECONDS = 20.0
LARGEST = 1 << 20  # characters of all tables
TABLE = re.compile(r"^[ \t]*table (?:ip|ip6|inet|bridge|arp|netdev) [\w.-]+ \{", re.MULTILINE)
MANAGED = re.compile(r"managed by iptables-nft")
BOUNDS = bounded_json.Bounds(size=1 << 25, depth=32, values=1 << 20)
_TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|[{}]')
_FILE = re.compile(r"\binclude\b")
_OF_IPTABLES = re.compile(r"\bxt (?:match|target)\b")  # which nft prints, and does not take


def tables(text: str) -> Iterator[str]:
    """Each table, from its name to the bracket that closes it."""
    at = 0
    while found := TABLE.search(text, at):
        depth, at = 0, found.end()
        for token in _TOKEN.finditer(text, found.start()):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if not depth and token[0] == "}":
                at = token.end()
                yield text[found.start() : at].strip()
                break


def read(text: str, *, has_iptables: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(objects as netlab.linux.ruleset.native has them, names of tables that could not be read).

    With `has_iptables` those of iptables-nft have been read from its own listing.
    """
    kept, unread = [], []
    for table in tables(text):
        name = table.partition("{")[0].strip()
        is_iptables = bool(_OF_IPTABLES.search(table)) or _is_managed(text, table)
        if is_iptables and has_iptables:
            continue
        if _OF_IPTABLES.search(table) or _FILE.search(_without_quotes(table)):
            unread.append(name)
        else:
            kept.append(table)
    said = _ask(kept)
    if said is None:  # one is wrong: each by itself
        answers = {table: _ask([table]) for table in kept}
        unread += [table.partition("{")[0].strip() for table, answer in answers.items() if answer is None]
        said = "".join(answer or "" for answer in answers.values())
    return tuple(
        each for answer in said.splitlines() for each in native.parse(_unwrap(answer), (), {})
    ), tuple(unread)


def _unwrap(answer: str) -> str:
    """What was added, as a listing has it."""
    try:
        said = bounded_json.table(answer, BOUNDS).get("nftables", [])
    except bounded_json.NotJson:
        return ""
    added = [each["add"] for each in said if isinstance(each, dict) and isinstance(each.get("add"), dict)]
    for each in added:
        content = each.get("element")
        if isinstance(content, dict) and isinstance(content.get("elem"), dict):
            content["elem"] = content["elem"].get("set")  # as it is taken
    return json.dumps({"nftables": added})


def _is_managed(text: str, table: str) -> bool:
    """Whether the line above says so."""
    above = text[: text.find(table)].rstrip().rpartition("\n")[2]
    return bool(MANAGED.search(above))


def _without_quotes(table: str) -> str:
    return re.sub(r'"[^"\n]*"', '""', table)


def _ask(found: list[str]) -> str | None:
    """What nft echoes when it makes those tables; None where it does not take them."""
    text = "\n".join([*found, ""])
    if not found or not all(map(shutil.which, ("unshare", "nft"))) or len(text) > LARGEST:
        return None if found else ""
    try:
        with open(os.memfd_create("netlab-nft"), "w+", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.seek(0)  # a file, for nft reads it twice: as JSON first
            done = subprocess.run(
                ALONE, stdin=file, capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS
            )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return f"{done.stdout.strip()}\n" if done.returncode == 0 else None
