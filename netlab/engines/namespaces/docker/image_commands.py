"""docker images, pull, rmi, tag, history, image inspect: names, and behind all of them one root."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from netlab.engines.namespaces import images as known_images
from netlab.engines.namespaces.docker import output
from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.inspect import moment
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.docker.rows import ago
from netlab.engines.namespaces.store import Store
from netlab.i18n import gettext as _

HEADS = {
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "ID": "IMAGE ID",
    "CreatedSince": "CREATED",
    "Size": "SIZE",
}


def images(options: argparse.Namespace, store: Store) -> None:
    """docker images. Refused."""
    wanted = options.repository
    rows = []
    for name, since in sorted(known_images.known().items()):
        repository, tag = known_images.split(name)
        if wanted and wanted not in (repository, f"{repository}:{tag}"):
            continue
        number = known_images.identity(name)
        rows.append(
            {
                "Repository": repository,
                "Tag": tag,
                "ID": f"sha256:{number}" if options.no_trunc else number[:12],
                "CreatedSince": f"{ago(since)} ago",
                "CreatedAt": moment(since),
                "Size": "0B",
            }
        )
    if options.quiet:
        print("".join(f"{row['ID']}\n" for row in rows), end="")
    elif options.format:
        print(output.fill_rows(options.format, rows, HEADS), end="")
    else:
        print(columns([tuple(HEADS.values()), *(tuple(row[key] for key in HEADS) for row in rows)]), end="")


def pull(options: argparse.Namespace, store: Store) -> None:
    """docker pull: nothing is fetched, and that is said. Refused."""
    if not known_images.is_name(options.image):
        raise Refused("invalid reference format")
    repository, tag = known_images.split(options.image)
    is_new = known_images.learn(options.image, time.time())
    full = f"{repository}:{tag}"
    if not options.quiet:
        if ":" not in options.image.rpartition("/")[2]:
            print("Using default tag: latest")
        print(f"Status: {'Downloaded newer image' if is_new else 'Image is up to date'} for {full}")
    print(_path(full))
    print(
        _("(lab: {image} is answered by the lab's own root file system)").format(image=full), file=sys.stderr
    )


def _path(full: str) -> str:
    if "." in full.partition("/")[0]:
        return full
    return f"docker.io/{full}" if "/" in full else f"docker.io/library/{full}"


def _find(name: str) -> str:
    """The full name of an image that is known. Refused."""
    known = known_images.known()
    full = ":".join(known_images.split(name))
    if full in known:
        return full
    short = name.removeprefix("sha256:")
    for each in known:
        if len(short) >= 3 and known_images.identity(each).startswith(short):
            return each
    raise Refused(f"Error: No such image: {name}")


def remove(options: argparse.Namespace, store: Store) -> int:
    """docker rmi."""
    status = 0
    for name in options.names:
        try:
            full = _find(name)
        except Refused as refused:
            print(refused, file=sys.stderr)
            status = 1
            continue
        user = next((each for each in store.all() if ":".join(known_images.split(each.image)) == full), None)
        if user and not options.force:
            print(
                "Error response from daemon: conflict: unable to remove repository "
                f'reference "{name}" (must force) - '
                f"container {user.short_id} is using its referenced image {known_images.identity(full)[:12]}",
                file=sys.stderr,
            )
            status = 1
            continue
        known_images.save({each: since for each, since in known_images.known().items() if each != full})
        print(f"Untagged: {full}")
    return status


def tag(options: argparse.Namespace, store: Store) -> None:
    """docker tag: one more name. Refused."""
    _find(options.image)
    if not known_images.is_name(options.name):
        raise Refused(
            f'Error parsing reference: "{options.name}" is not a valid '
            "repository/tag: invalid reference format"
        )
    known_images.learn(options.name, time.time())


def history(options: argparse.Namespace, store: Store) -> None:
    """docker history: one layer. Refused."""
    full = _find(options.image)
    row = (
        known_images.identity(full)[:12],
        f"{ago(known_images.known()[full])} ago",
        "",
        "0B",
        _("the lab's own"),
    )
    print(columns([("IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"), row]), end="")


def describe(name: str) -> dict[str, Any] | None:
    """As `docker image inspect` has it; None if it is not known."""
    try:
        full = _find(name)
    except Refused:
        return None
    image = known_images.image(full)
    return {
        "Id": f"sha256:{known_images.identity(full)}",
        "RepoTags": [full],
        "RepoDigests": [],
        "Created": moment(known_images.known()[full]),
        "Config": {
            "Cmd": None if image.is_entrypoint else list(image.argv),
            "Entrypoint": list(image.argv) if image.is_entrypoint else None,
            "ExposedPorts": {port: {} for port in image.ports},
            "Labels": None,
        },
        "Architecture": "amd64",
        "Os": "linux",
        "Size": 0,
    }


def inspect(options: argparse.Namespace, store: Store) -> None:
    """docker image inspect. Refused."""
    found = [describe(name) for name in options.names]
    output.inspect_all([each for each in found if each], options.format)
    if missing := [name for name, each in zip(options.names, found, strict=True) if each is None]:
        raise Refused(f"Error: No such image: {missing[0]}")
