"""What a lab is made of, and the root file system and limits of its outer level."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netlab.engines import base_lab
from netlab.linux.limits import Limits
from netlab.linux.sandbox import rootfs, seccomp, unshare
from netlab.linux.sandbox.rootfs import BindMount

QUOTAS = {"user/max_net_namespaces": 1024, "user/max_user_namespaces": 256, "user/max_pid_namespaces": 1024}
PID_MAX = 32768
STAGE = "/mnt"  # what root's labs are made of is put together there, in a mount namespace of their own
HOSTS = f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n{base_lab.INTERNET_ADDRESS}\tinternet\n"
ETC = {
    "hosts": HOSTS,
    "hostname": "host\n",
    "resolv.conf": "# There is no name server in the lab: names are known from /etc/hosts or not at all.\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
}
# Files that walkthroughs write to: the lab host has its own copies of the machine's.
OWN_COPIES = ("iproute2/rt_tables", "sysctl.conf")


@dataclass(frozen=True)
class LabSpec:
    """What a lab is made of; netlab.keeper.launch sends it."""

    name: str
    place: str  # an empty folder of the machine's, to build the root file system on
    owner: int  # the user whose lab it is, as the level above numbers them
    python: str
    engine: str
    trees: tuple[BindMount, ...]
    limits: Limits | None
    bare: bool = False  # nothing is laid out in it: it will be a twin

    @staticmethod
    def parse(words: Mapping[str, Any]) -> LabSpec:
        """From the order to make a lab."""
        trees = tuple(BindMount(**tree) for tree in words["trees"])
        limits = Limits(**words["limits"]) if words["limits"] else None
        return LabSpec(**{**words, "trees": trees, "limits": limits})


def etc_of_host() -> dict[str, str]:
    """The files of the lab host's /etc that are its own."""
    copies = {}
    for name in OWN_COPIES:
        with suppress(OSError):
            copies[name] = Path("/etc", name).read_text(errors="replace")
    return {**ETC, **copies}


def furnish(plan: LabSpec) -> None:
    """The outer level's root file system and limits. SandboxRefused when a mount is not allowed."""
    try:
        rootfs.enter(plan.place, "internet", {**ETC, "hostname": "internet\n"}, {}, plan.trees)
    except OSError as error:
        traceback.print_exc()
        raise unshare.why_refused(error) from error
    if unshare.Identity.nested().is_single:
        seccomp.pretend_owner_changes()
    _set_quotas(plan.limits)


def _set_quotas(limits: Limits | None) -> None:
    most = limits.namespaces if limits else max(QUOTAS.values())
    quotas = {name: min(value, most) for name, value in QUOTAS.items()}
    for name, value in {**quotas, "kernel/pid_max": PID_MAX}.items():
        with suppress(OSError):  # pid_max is one for the whole machine before Linux 6.14
            Path("/proc/sys", name).write_text(str(value))


def stage(plan: LabSpec, owners: int | None) -> LabSpec:
    """As root: bind the trees where the lab's users can reach them, and nobody else, with owners mapped."""
    if owners is None:
        return plan
    try:
        trees = unshare.stage(plan.trees, STAGE, owners)
        return replace(plan, trees=trees, place=f"{STAGE}/{unshare.EMPTY}")
    except OSError:
        traceback.print_exc()
        raise
    finally:
        os.close(owners)
