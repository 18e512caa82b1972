"""`./run doctor`: what the lab needs, what is there, and what to type for what is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netlab.display import pad
from netlab.engines.docker import tools, users
from netlab.errors import NetlabError
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.keeper.address import exchange_folder, is_inside, names
from netlab.lab import Lab
from netlab.linux.sandbox import unshare

# What a lab or its lessons call, and what goes missing without it.
TOOLS = {
    "ip": N_("every lesson"),
    "iptables": N_("every lesson"),
    "iptables-restore": N_("making a lab"),
    "iptables-save": N_("reading the firewall"),
    "nft": N_("making a lab"),
    "tcpdump": N_("lesson 05"),
    "busybox": N_("lesson 06"),
    "curl": N_("lesson 06"),
    "ping": N_("every lesson"),
    "ps": N_("lesson 02"),
    "nsenter": "docker exec",
    "setpriv": "docker exec",
    "unshare": N_("exercises"),
    "conntrack": N_("resetting a lab"),
    "ebtables": N_("reading the firewall of bridges"),
    "ss": N_("exercises"),
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
        line = f"  {mark} {pad(self.name, 18)} {self.found}"
        return f"{line}\n      → {self.cure}" if self.cure else line


def examine(say: Callable[[str], None] = print) -> int:
    """Say everything that was found; exit status 0 if a lab can be made here, else 1."""
    findings = [_python(), *map(_tool, TOOLS), _namespaces(), _limit(), _room()]
    say(_("What a lab needs:"))
    for finding in findings:
        say(str(finding))
    if not any(finding.cure for finding in findings):
        findings.append(_try())
        say(str(findings[-1]))
    say(_("What only the docker engine needs, and you may well do without:"))
    say(str(_docker()))
    bad = sum(bool(finding.cure) for finding in findings)
    say(
        _("All is well: ./run")
        if not bad
        else _("{bad} to fix; each line above that begins with → says how.").format(bad=bad)
    )
    return 1 if bad else 0


def _docker() -> Finding:
    try:
        version = tools.require()
        users.identity()
    except NetlabError as error:
        return Finding("Docker", error.what, error.next_step)
    return Finding(
        "Docker", _("{version}; a lab with it: ./run --engine docker").format(version=version.text)
    )


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", version, "" if sys.version_info >= (3, 11) else _("Install Python 3.11 or newer.")
    )


def _tool(name: str) -> Finding:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    return Finding(
        name,
        path or _("missing (for {purpose})").format(purpose=_(TOOLS[name])),
        "" if path else "./run setup",
    )


def _namespaces() -> Finding:
    if is_inside():
        return Finding(
            _("namespaces"), _("this is the inside of a lab already"), _("Ask on the machine itself.")
        )
    try:
        unshare.spawn(unshare.Identity.here(), lambda: os._exit(0))
    except NetlabError as error:
        return Finding(_("namespaces"), error.what, error.next_step)
    return Finding(
        _("namespaces"), _("user, network, mount, pid, uts, ipc and cgroup namespaces can be made")
    )


def _limit() -> Finding:
    try:
        limit = int(Path("/proc/sys/user/max_net_namespaces").read_text())
    except OSError:
        return Finding(_("how many"), _("unknown: this kernel does not say"))
    cure = "" if limit >= 16 else "sudo sysctl -w user.max_net_namespaces=15000"
    return Finding(_("how many"), _("up to {limit} network namespaces").format(limit=limit), cure)


def _room() -> Finding:
    folder = exchange_folder("").parent
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free >> 20
    cure = (
        ""
        if free >= 50
        else _("Make room in {existing}, or set NETLAB_EXCHANGE to a folder with some.").format(
            existing=existing
        )
    )
    return Finding(_("room"), _("{free} MB free in {existing}").format(free=free, existing=existing), cure)


def _try() -> Finding:
    """Make a lab and end it again: the only proof."""
    if TRY in names():
        return Finding(_("a lab"), _("{name} is up already: another doctor is at work").format(name=TRY))
    try:
        lab = Lab.up(TRY)
        try:
            reached = lab.probe("host", "39.106.233.176", 1).reached
        finally:
            lab.down()
    except NetlabError as error:
        return Finding(_("a lab"), error.what, error.next_step)
    cure = "" if reached else _("Please report this, with the output of: iptables -V; uname -r")
    return Finding(
        _("a lab"), _("was made, reached its internet, and ended") if reached else _("has no internet"), cure
    )
