"""Docker's programs on this machine, their version, and what a version changes in the lessons."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from netlab.errors import ToolMissing
from netlab.i18n import N_
from netlab.i18n import gettext as _

PLACES = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")
# What dockerd itself calls, besides the client that the learner calls.
PROGRAMS = ("dockerd", "docker", "containerd", "containerd-shim-runc-v2", "runc")
OLDEST = (20, 10)
INSTALL = N_(
    "sudo apt-get install --no-install-recommends docker.io uidmap busybox-static, and from "
    "Debian 13 on docker-cli (or your system's)"
)
WITHOUT = N_("The namespaces engine does without Docker: ./run")
SOCKET = "/run/docker.sock"  # of the lab host
STAND_INS = "/usr/local/sbin/docker"  # in the lab host that one is ours


@dataclass(frozen=True)
class Version:
    """ "20.10.24+dfsg1" as numbers, and as it stands."""

    numbers: tuple[int, int, int]
    text: str


def find(name: str) -> str:
    """The path of one of Docker's programs; "" if it is not there.

    Not by PATH: an ordinary user's has not the daemon's folders, and in the lab host its `docker` is ours.
    """
    paths = (f"{place}/{name}" for place in PLACES)
    return next((path for path in paths if path != STAND_INS and os.access(path, os.X_OK)), "")


def require() -> Version:
    """The version of the Docker that is there; ToolMissing when there is none that will do."""
    missing = [name for name in PROGRAMS if not find(name)]
    if missing:
        raise ToolMissing(
            _("The docker engine needs Docker, and {missing} is not installed here.").format(
                missing=", ".join(missing)
            ),
            _("{install}. {without}").format(install=_(INSTALL), without=_(WITHOUT)),
        )
    done = subprocess.run([find("dockerd"), "--version"], capture_output=True, text=True)
    version = parse(done.stdout)
    if version is None:
        said = (done.stdout + done.stderr).strip().splitlines()[:1]
        raise ToolMissing(
            _("{find} does not say which version it is: {said}.").format(
                find=find("dockerd"), said=" ".join(said) or _("it said nothing")
            ),
            _("Is that Docker's? {install}. {without}").format(install=_(INSTALL), without=_(WITHOUT)),
        )
    if version.numbers[:2] < OLDEST:
        raise ToolMissing(
            _("Docker {text} is too old for the docker engine; 20.10 is the oldest that will do.").format(
                text=version.text
            ),
            _("Install a newer one. {without}").format(without=_(WITHOUT)),
        )
    return version


def parse(text: str) -> Version | None:
    """The version in what `dockerd --version` says: "Docker version 20.10.24+dfsg1, build …"."""
    match = re.search(r"\b(\d+)\.(\d+)(?:\.(\d+))?[^\s,]*", text)
    if not match:
        return None
    major, minor, patch = (int(number or 0) for number in match.groups())
    return Version((major, minor, patch), match.group())


def differences(version: Version, firewall: str = "") -> list[str]:
    """What this Docker does that the lessons, written with 20.10, do not show.

    `firewall` is the driver that `docker info` names since Docker 28. Tried with 26.1 and 28.5; of 29 from
    Docker's documents alone.
    """
    found = []
    if version.numbers >= (28, 0, 0):
        found.append(
            _(
                "Docker 28 and later draw a container's MAC address by lot; before, it came "
                "from its IP address."
            )
        )
        found.append(
            _(
                "Docker 28 and later drop packets for a container's address that come by "
                "another way than its bridge, in the table raw; and they have more chains: "
                "see iptables -S; iptables -t raw -S."
            )
        )
    if version.numbers >= (29, 0, 0) and firewall.startswith("nftables"):
        found.append(
            _(
                "This Docker keeps its rules in nftables, not in iptables: nft list table ip "
                "docker-bridges. There is no chain DOCKER-USER, and no MASQUERADE in "
                "iptables -t nat -S."
            )
        )
    return found
