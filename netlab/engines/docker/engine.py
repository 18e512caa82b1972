"""The docker engine as the lab sees it: a rootless dockerd, inside the lab host's namespaces.

The daemon needs a user namespace with many users, for the files of images belong to many. It makes docker0,
its chains and its MASQUERADE itself; switched off is only that it turns net.ipv4.ip_forward on at its start,
since that 0 is what the lessons are about.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from netlab.engines import base_lab, bridge_hint, script
from netlab.engines.docker import image, rootlesskit, tools, users
from netlab.engines.docker.api import Daemon
from netlab.engines.protocol import Container, LabHost, Say, Started
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import files, syscalls
from netlab.linux.netns import enter
from netlab.linux.sandbox.unshare import Identity
from netlab.model import codec

DATA, STATE, SETTINGS = "/var/lib/docker", "/run/docker", "/etc/docker"
CGROUPS = "/sys/fs/cgroup"
PID_FILE = "/run/docker.pid"
LOG = "/var/log/dockerd.log"
SECONDS_TO_START = 180.0  # it takes one; a busy machine that is emulated in software takes many
LARGEST_STATE = 1 << 20  # bytes of one container's state file
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
IP_FORWARD = "/proc/sys/net/ipv4/ip_forward"


class DockerEngine:
    """Real Docker, whose daemon a reset starts anew; see netlab.engines.protocol.Engine."""

    name = "docker"
    _about: tuple[str, ...] = ()

    def identity(self) -> Identity:
        tools.require()
        return users.identity()

    def prepare(self, say: Say) -> list[int]:
        return [image.provide(say)]

    def programs(self, python: str, home: str) -> dict[str, str]:
        return {"docker": script(python, home, "netlab.engines.docker.client")}

    def lay_out(self, host: LabHost, files: Sequence[int], say: Say) -> None:
        base_lab.run_in(
            host.netns, ["iptables", "-P", "FORWARD", "DROP"]
        )  # as Docker does where it may forward
        say(_("Starting Docker's daemon in the lab host …"))
        _start(host)
        base_lab.run_in(host.netns, ["ip", "link", "set", base_lab.BRIDGE, "address", base_lab.BRIDGE_MAC])
        _assure_not_forwarding(host.netns)
        say(_("Loading the lab's image …"))
        with mmap.mmap(files[0], 0, prot=mmap.PROT_READ) as archive:
            Daemon(host.root).load(archive, image.NAME, image.CHANGES)
        self._about = _about(Daemon(host.root))

    def containers(self, root: str) -> list[Container]:
        """From the daemon's own files: they are there and right also while it does not answer."""
        found = []
        for each in files.names(root, f"{DATA}/containers"):
            with suppress(OSError, ValueError, TypeError, KeyError):  # half-made, or the learner's nonsense
                file = f"{DATA}/containers/{each}/config.v2.json"
                known = codec.parse(files.read(root, file, LARGEST_STATE))
                pid, name = known["State"]["Pid"], known["Name"].lstrip("/")
                if isinstance(pid, int) and name:
                    pid = max(pid, 0) if pid != 1 else 0
                    found.append((str(known["Created"]), Container(name, pid, pid > 1)))
        return [container for _, container in sorted(found, key=lambda pair: pair[0])]

    def about(self, root: str) -> tuple[str, ...]:
        """What the daemon said when it had just been started; whether it listens is asked now."""
        if not Daemon(root).is_listening():
            return (_("Docker's daemon does not answer; ./run reset starts it again."),)
        return self._about or (_("This Docker does not say its version."),)

    def clear(self) -> None:
        """Folders of the daemon's own, which one unmount empties; and a cgroup mount, or runc does not start.

        It is read-only: no container has limits here, and nothing of the machine's may be made in it.
        """
        for folder in (DATA, STATE, SETTINGS, CGROUPS):
            while os.path.ismount(folder):
                syscalls.unmount(folder)
        for file in (tools.SOCKET, PID_FILE):
            Path(file).unlink(missing_ok=True)
        for folder in (DATA, STATE, SETTINGS):
            os.makedirs(folder, exist_ok=True)
            syscalls.mount("netlab", folder, "tmpfs", syscalls.MS_NODEV, "mode=711")
        syscalls.mount(
            "none", CGROUPS, "cgroup2", syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NOEXEC
        )
        bridge_hint.write()


def _about(daemon: Daemon) -> tuple[str, ...]:
    """Its version, and what that changes. Asked of a daemon that no learner can have touched."""
    with suppress(EngineError):
        version = tools.parse(str(daemon.get("/version").get("Version", "")))
        if version:
            backend = daemon.get("/info").get("FirewallBackend") or {}
            return f"Docker {version.text}", *tools.differences(version, str(backend.get("Driver", "")))
    return ()


def command() -> list[str]:
    """The daemon's command line."""
    return [
        tools.find("dockerd"),
        "--rootless",
        f"--host=unix://{tools.SOCKET}",
        f"--data-root={DATA}",
        f"--exec-root={STATE}",
        f"--pidfile={PID_FILE}",
        f"--bip={base_lab.BRIDGE_ADDRESS}/{base_lab.BRIDGE_PREFIX}",
        "--ip-forward=false",
    ]


def _start(host: LabHost) -> None:
    """Start the daemon and wait until it answers; EngineError with its last words when it does not."""
    log = files.open_beneath(host.root, LOG, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    with (
        os.fdopen(log) as output,
        rootlesskit.stand_in(host.root, tools.require()) as more,
        closing(host.start(command(), {**ENVIRONMENT, **more}, log)) as started,
    ):
        daemon, deadline = Daemon(host.root), time.monotonic() + SECONDS_TO_START
        while not daemon.is_ready():
            if started.exit_status() is not None or time.monotonic() > deadline:
                output.seek(0)
                raise _not_started(started, output.read(LARGEST_STATE).strip().splitlines())


def _not_started(started: Started, said: list[str]) -> EngineError:
    why = (
        _("ended at once")
        if started.exit_status() is not None
        else _("is not ready after {seconds_to_start:.0f} s").format(seconds_to_start=SECONDS_TO_START)
    )
    last = said[-1] if said else _("it said nothing")
    return EngineError(
        _("Docker's daemon {why} in the lab host: {last}.").format(why=why, last=last),
        _("Look at: ./run doctor. The namespaces engine does without Docker: ./run"),
    )


def _assure_not_forwarding(netns: int) -> None:
    """net.ipv4.ip_forward is 0, whatever the daemon thought of it."""
    with enter(netns):
        Path(IP_FORWARD).write_text("0")
        if Path(IP_FORWARD).read_text().strip() != "0":
            raise EngineError(
                _("net.ipv4.ip_forward cannot be set to 0 in the lab host."), _("Please report this.")
            )


ENGINE = DockerEngine()
