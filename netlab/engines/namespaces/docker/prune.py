"""Every `docker … prune`: what nobody uses goes. Without -f it asks, where there is somebody to ask."""

from __future__ import annotations

import argparse
import sys

from netlab.engines.namespaces import images as known_images
from netlab.engines.namespaces import networks as known_networks
from netlab.engines.namespaces.docker import volumes
from netlab.engines.namespaces.docker.lifecycle import forget
from netlab.engines.namespaces.docker.network_commands import delete
from netlab.engines.namespaces.store import Store, is_running


def _agrees(options: argparse.Namespace, what: str) -> bool:
    if options.force:
        return True
    print(f"WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def containers(options: argparse.Namespace, store: Store) -> None:
    """docker container prune."""
    if _agrees(options, "all stopped containers"):
        _containers(store)
        print("Total reclaimed space: 0B")


def _containers(store: Store) -> None:
    gone = [record for record in store.all() if not is_running(record) and not record.is_restarting]
    for record in gone:
        forget(store, record)
    if gone:
        print("Deleted Containers:\n" + "".join(f"{record.id}\n" for record in gone))


def networks(options: argparse.Namespace, store: Store) -> None:
    """docker network prune. Refused."""
    if _agrees(options, "all custom networks not used by at least one container"):
        _networks(store)


def _networks(store: Store) -> None:
    used = {each.network for record in store.all() for each in record.endpoints}
    unused = [network.name for network in known_networks.known(store) if network.name not in used]
    for name in unused:
        delete(store, name)
    if unused:
        print("Deleted Networks:\n" + "".join(f"{name}\n" for name in unused))


def images(options: argparse.Namespace, store: Store) -> None:
    """docker image prune: with -a the names that no container has."""
    if _agrees(
        options,
        "all images without at least one container associated to them"
        if options.all
        else "all dangling images",
    ):
        if options.all:
            used = {":".join(known_images.split(record.image)) for record in store.all()}
            known_images.save({name: since for name, since in known_images.known().items() if name in used})
        print("Total reclaimed space: 0B")


def system(options: argparse.Namespace, store: Store) -> None:
    """docker system prune. Refused."""
    if _agrees(
        options,
        "all stopped containers, all networks not used by at least one container, all dangling images",
    ):
        _containers(store)
        _networks(store)
        if options.volumes:
            volumes.prune(options, store)
        else:
            print("Total reclaimed space: 0B")
