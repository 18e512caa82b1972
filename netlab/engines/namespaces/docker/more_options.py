"""The options of the commands about images, networks and volumes."""

from __future__ import annotations

import argparse

from netlab.engines.namespaces.docker.options import lists, switches, texts


def images(parser: argparse.ArgumentParser) -> None:
    """docker images."""
    switches(parser, ("-a", "--all"), ("-q", "--quiet"), ("--no-trunc",), ("--digests",))
    parser.add_argument("--format", default="")
    lists(parser, ("-f", "--filter"))
    parser.add_argument("repository", nargs="?", default="")


def pull(parser: argparse.ArgumentParser) -> None:
    """docker pull."""
    switches(parser, ("-q", "--quiet"), ("-a", "--all-tags"), ("--disable-content-trust",))
    parser.add_argument("--platform", default="")
    parser.add_argument("image")


def remove_images(parser: argparse.ArgumentParser) -> None:
    """docker rmi."""
    switches(parser, ("-f", "--force"), ("--no-prune",))
    parser.add_argument("names", nargs="+")


def tag(parser: argparse.ArgumentParser) -> None:
    """docker tag."""
    parser.add_argument("image")
    parser.add_argument("name")


def history(parser: argparse.ArgumentParser) -> None:
    """docker history."""
    switches(parser, ("-q", "--quiet"), ("--no-trunc",), ("-H", "--human"))
    parser.add_argument("image")


def network_list(parser: argparse.ArgumentParser) -> None:
    """docker network ls."""
    switches(parser, ("-q", "--quiet"), ("--no-trunc",))
    parser.add_argument("--format", default="")
    lists(parser, ("-f", "--filter"))


def network_create(parser: argparse.ArgumentParser) -> None:
    """docker network create."""
    parser.add_argument("-d", "--driver", default="bridge")
    lists(parser, ("--subnet",), ("--gateway",), ("--ip-range",), ("-o", "--opt"), ("--label",))
    lists(parser, ("--aux-address",), ("--ipam-opt",))
    switches(parser, ("--internal",), ("--ipv6",), ("--attachable",), ("--ingress",))
    texts(parser, ("--scope",), ("--ipam-driver",), ("--config-from",))
    parser.add_argument("name")


def network_connect(parser: argparse.ArgumentParser) -> None:
    """docker network connect."""
    texts(parser, ("--ip",), ("--ip6",))
    lists(parser, ("--alias",), ("--link",), ("--driver-opt",))
    parser.add_argument("network")
    parser.add_argument("container")


def network_disconnect(parser: argparse.ArgumentParser) -> None:
    """docker network disconnect."""
    switches(parser, ("-f", "--force"))
    parser.add_argument("network")
    parser.add_argument("container")


def volume_list(parser: argparse.ArgumentParser) -> None:
    """docker volume ls."""
    switches(parser, ("-q", "--quiet"))
    parser.add_argument("--format", default="")
    lists(parser, ("-f", "--filter"))


def volume_create(parser: argparse.ArgumentParser) -> None:
    """docker volume create."""
    parser.add_argument("-d", "--driver", default="local")
    lists(parser, ("-o", "--opt"), ("--label",))
    parser.add_argument("name", nargs="?", default="")
