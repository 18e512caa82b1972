"""docker ps, inspect, logs, images, network ls and inspect: what there is, in Docker's words."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.docker import inspect as show
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused, find
from netlab.engines.namespaces.store import Store, is_running
from netlab.i18n import gettext as _


def ps(options: argparse.Namespace, store: Store) -> None:
    """docker ps."""
    records = [r for r in reversed(store.all()) if options.a or is_running(r)]
    try:
        print(show.listing(records, ids=options.q, whole=options.no_trunc, template=options.format), end="")
    except ValueError as error:
        raise Refused(
            _("template: unknown part {error}. {elsewhere}").format(error=error, elsewhere=_(ELSEWHERE))
        ) from error


def inspect(options: argparse.Namespace, store: Store) -> None:
    """docker inspect. Refused."""
    try:
        print(show.details([find(store, name) for name in options.containers], options.format))
    except Refused:
        print("[]" if not options.format else "")
        raise
    except ValueError as error:
        raise Refused(
            _("template: unknown part {error}. {elsewhere}").format(error=error, elsewhere=_(ELSEWHERE))
        ) from error


def logs(options: argparse.Namespace, store: Store) -> None:
    """docker logs: what the container has printed. Refused."""
    log = store.path(find(store, options.container)) / "log"
    if log.exists():
        sys.stdout.write(Path(log).read_text(errors="replace"))


def network_inspect(options: argparse.Namespace, store: Store) -> None:
    """docker network inspect. Refused."""
    try:
        print(show.network(store.all(), networks.known(store), options.names))
    except KeyError as error:
        print("[]")
        raise Refused(f"Error: No such network: {error.args[0]}") from error


def network_list(_: argparse.Namespace, store: Store) -> None:
    """docker network ls."""
    print(show.networks(networks.known(store)))


def images(_: argparse.Namespace, store: Store) -> None:
    """docker images."""
    print(show.images(store.all()))
