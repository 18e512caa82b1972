"""docker info, version and system df: what plays Docker here."""

from __future__ import annotations

import argparse
import os
from typing import Any

from netlab.engines.namespaces import images, mounts
from netlab.engines.namespaces.docker import output
from netlab.engines.namespaces.docker.columns import binary_size, columns, size
from netlab.engines.namespaces.docker.rows import state
from netlab.engines.namespaces.store import Store, is_running
from netlab.i18n import gettext as _

VERSION = "20.10.24"  # whose rules and words these are


def _about(store: Store) -> dict[str, Any]:
    states = [state(record) for record in store.all()]
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) * 1024
    return {
        "Containers": len(states),
        "ContainersRunning": states.count("running"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": len(states) - states.count("running") - states.count("paused"),
        "Images": len(images.known()),
        "ServerVersion": VERSION,
        "Driver": "overlay2",
        "CgroupDriver": "none",
        "KernelVersion": os.uname().release,
        "OSType": "linux",
        "Architecture": os.uname().machine,
        "NCPU": os.cpu_count() or 1,
        "MemTotal": memory,
        "Name": os.uname().nodename,
        "DockerRootDir": "/var/lib/docker",
        "Swarm": {"LocalNodeState": "inactive"},
    }


def info(options: argparse.Namespace, store: Store) -> None:
    """docker info. Refused."""
    about = _about(store)
    if options.format:
        output.inspect_all([about], options.format)
        return
    print(
        f"Client:\n Context:    default\n\nServer:\n Containers: {about['Containers']}\n"
        f"  Running: {about['ContainersRunning']}\n  Paused: {about['ContainersPaused']}\n"
        f"  Stopped: {about['ContainersStopped']}\n Images: {about['Images']}\n"
        f" Server Version: {VERSION}\n Storage Driver: overlay2\n Logging "
        "Driver: json-file\n Cgroup Driver: none\n"
        " Plugins:\n  Volume: local\n  Network: bridge host macvlan "
        "null\n  Log: json-file\n Swarm: inactive\n"
        f" Kernel Version: {about['KernelVersion']}\n OSType: linux\n Architecture: {about['Architecture']}\n"
        f" CPUs: {about['NCPU']}\n Total Memory: {binary_size(about['MemTotal'])}\n Name: {about['Name']}\n"
        f" Docker Root Dir: {about['DockerRootDir']}"
    )
    print(_("(lab: Docker's stand-in; there is no daemon)"))


def version(options: argparse.Namespace, store: Store) -> None:
    """docker version. Refused."""
    about = {"Client": {"Version": VERSION, "Os": "linux"}, "Server": {"Version": VERSION, "Os": "linux"}}
    if options.format:
        output.inspect_all([about], options.format)
        return
    print(f"Docker version {VERSION}")
    print(_("(lab: Docker's stand-in, namespaces and util-linux; it does what that version does)"))


def disk(options: argparse.Namespace, store: Store) -> None:
    """docker system df."""
    records = store.all()
    volumes = mounts.volumes()
    used = {mount.volume for record in records for mount in record.mounts}
    room = size(sum(mounts.room(name) for name in volumes))
    rows = [
        ("TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"),
        ("Images", str(len(images.known())), str(len({record.image for record in records})), "0B", "0B"),
        ("Containers", str(len(records)), str(sum(map(is_running, records))), "0B", "0B"),
        ("Local Volumes", str(len(volumes)), str(len(used & set(volumes))), room, "0B"),
        ("Build Cache", "0", "0", "0B", "0B"),
    ]
    print(columns(rows), end="")
