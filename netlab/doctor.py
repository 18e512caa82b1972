"""`./run doctor`: what the lab needs, what is there, and what to type for what is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netlab import sandbox
from netlab.engines.docker import tools, users
from netlab.errors import NetlabError
from netlab.keeper import exchange_folder, is_inside, names
from netlab.lab import Lab

# What a lab or its lessons call, and what goes missing without it.
TOOLS = {
    "ip": "every lesson",
    "iptables": "every lesson",
    "iptables-restore": "making a lab",
    "iptables-save": "reading the firewall",
    "nft": "making a lab",
    "tcpdump": "lesson 05",
    "busybox": "lesson 06",
    "curl": "lesson 06",
    "ping": "every lesson",
    "ps": "lesson 02",
    "nsenter": "docker exec",
    "setpriv": "docker exec",
    "unshare": "exercises",
    "conntrack": "resetting a lab",
    "ebtables": "reading the firewall of bridges",
    "ss": "exercises",
}
TRY = "netlab-doctor"  # the lab that is made and ended to see whether it can be


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: `cure` is empty when all is well."""

    name: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        mark = "✘" if self.cure else "✔"
        line = f"  {mark} {self.name:<18} {self.found}"
        return f"{line}\n      → {self.cure}" if self.cure else line


def examine(say: Callable[[str], None] = print) -> int:
    """Say everything that was found; exit status 0 if a lab can be made here, else 1."""
    findings = [_python(), *map(_tool, TOOLS), _namespaces(), _limit(), _room()]
    say("What a lab needs:")
    for finding in findings:
        say(str(finding))
    if not any(finding.cure for finding in findings):
        findings.append(_try())
        say(str(findings[-1]))
    say("What only the docker engine needs, and you may well do without:")
    say(str(_docker()))
    bad = sum(bool(finding.cure) for finding in findings)
    say("All is well: ./run" if not bad else f"{bad} to mend; each line above that begins with → says how.")
    return 1 if bad else 0


def _docker() -> Finding:
    try:
        version = tools.require()
        users.identity()
    except NetlabError as error:
        return Finding("Docker", error.what, error.next_step)
    return Finding("Docker", f"{version.text}; a lab with it: ./run --engine docker")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", version, "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.")


def _tool(name: str) -> Finding:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    return Finding(name, path or f"missing (for {TOOLS[name]})", "" if path else "./run setup")


def _namespaces() -> Finding:
    if is_inside():
        return Finding("namespaces", "this is the inside of a lab already", "Ask on the machine itself.")
    try:
        sandbox.spawn(sandbox.Identity.here(), lambda: os._exit(0))
    except NetlabError as error:
        return Finding("namespaces", error.what, error.next_step)
    return Finding("namespaces", "user, network, mount, pid, uts, ipc and cgroup namespaces can be made")


def _limit() -> Finding:
    try:
        limit = int(Path("/proc/sys/user/max_net_namespaces").read_text())
    except OSError:
        return Finding("how many", "unknown: this kernel does not say")
    cure = "" if limit >= 16 else "sudo sysctl -w user.max_net_namespaces=15000"
    return Finding("how many", f"up to {limit} network namespaces", cure)


def _room() -> Finding:
    folder = exchange_folder("").parent
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free >> 20
    cure = "" if free >= 50 else f"Make room in {existing}, or set NETLAB_EXCHANGE to a folder with some."
    return Finding("room", f"{free} MB free in {existing}", cure)


def _try() -> Finding:
    """Make a lab and end it again: the only proof."""
    if TRY in names():
        return Finding("a lab", f"{TRY} is up already: another doctor is at work")
    try:
        lab = Lab.up(TRY)
        try:
            reached = lab.probe("host", "39.106.233.176", 1).reached
        finally:
            lab.down()
    except NetlabError as error:
        return Finding("a lab", error.what, error.next_step)
    cure = "" if reached else "Please report this, with the output of: iptables -V; uname -r"
    return Finding(
        "a lab", "was made, reached its internet, and ended" if reached else "has no internet", cure
    )
