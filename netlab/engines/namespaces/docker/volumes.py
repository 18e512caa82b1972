"""docker volume: folders of the lab host's, below /var/lib/docker/volumes."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from typing import Any

from netlab.engines.namespaces import mounts
from netlab.engines.namespaces.docker import output
from netlab.engines.namespaces.docker.columns import columns, size
from netlab.engines.namespaces.docker.inspect import moment
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.store import Record, Store
from netlab.i18n import gettext as _


def listing(options: argparse.Namespace, store: Store) -> None:
    """docker volume ls. Refused."""
    names = mounts.volumes()
    for word in options.filter:
        kind, _equals, value = word.partition("=")
        if kind == "name":
            names = [name for name in names if value in name]
        elif kind == "dangling":
            names = [name for name in names if bool(users(store, name)) != (value in ("true", "1"))]
        else:
            raise Refused(f"Error response from daemon: Invalid filter '{kind}'")
    if options.quiet:
        print("".join(f"{name}\n" for name in names), end="")
    elif options.format:
        rows = [{"Driver": "local", "Name": name, "Scope": "local"} for name in names]
        print(output.fill_rows(options.format, rows, {"Driver": "DRIVER", "Name": "VOLUME NAME"}), end="")
    else:
        print(columns([("DRIVER", "VOLUME NAME"), *(("local", name) for name in names)]), end="")


def users(store: Store, name: str) -> list[Record]:
    """The containers that have it."""
    return [record for record in store.all() if any(mount.volume == name for mount in record.mounts)]


def create(options: argparse.Namespace, store: Store) -> None:
    """docker volume create. Refused."""
    if options.driver != "local" or options.opt:
        raise Refused(
            _("docker volume create: only plain local volumes are there. {elsewhere}").format(
                elsewhere=_(ELSEWHERE)
            )
        )
    name = options.name or secrets.token_hex(32)
    if not mounts.NAME.fullmatch(name):
        raise Refused(
            f'Error response from daemon: create {name}: "{name}" includes '
            "invalid characters for a local volume "
            'name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you '
            "intended to pass a host directory, use "
            "absolute path"
        )
    store.folder.mkdir(parents=True, exist_ok=True)  # so that a reset sees that there is something to clear
    mounts.make_volume(name)
    print(name)


def describe(name: str) -> dict[str, Any] | None:
    """As `docker volume inspect` has it; None if there is no such volume."""
    if name not in mounts.volumes():
        return None
    place = mounts.VOLUMES / name / "_data"
    return {
        "CreatedAt": moment(os.lstat(place.parent).st_mtime),
        "Driver": "local",
        "Labels": None,
        "Mountpoint": str(place),
        "Name": name,
        "Options": None,
        "Scope": "local",
    }


def inspect(options: argparse.Namespace, store: Store) -> None:
    """docker volume inspect. Refused."""
    found = [describe(name) for name in options.names]
    output.inspect_all([each for each in found if each], options.format)
    if missing := [name for name, each in zip(options.names, found, strict=True) if each is None]:
        raise Refused(f"Error: No such volume: {missing[0]}")


def remove(options: argparse.Namespace, store: Store) -> int:
    """docker volume rm."""
    status = 0
    for name in options.names:
        holders = users(store, name)
        if name not in mounts.volumes():
            print(f"Error: No such volume: {name}", file=sys.stderr)
            status = 1
        elif holders:
            said = f"remove {name}: volume is in use - [{', '.join(each.id for each in holders)}]"
            print(f"Error response from daemon: {said}", file=sys.stderr)
            status = 1
        else:
            mounts.remove_volume(name)
            print(name)
    return status


def prune(options: argparse.Namespace, store: Store) -> None:
    """docker volume prune: those that no container has."""
    unused = [name for name in mounts.volumes() if not users(store, name)]
    freed = sum(map(mounts.room, unused))
    for name in unused:
        mounts.remove_volume(name)
    if unused:
        print("Deleted Volumes:\n" + "".join(f"{name}\n" for name in unused))
    print(f"Total reclaimed space: {size(freed)}")
