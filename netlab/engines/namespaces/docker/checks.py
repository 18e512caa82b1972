"""What `docker run` refuses before anything is made, in Docker's words."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re

from netlab.engines.namespaces import images
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused, find
from netlab.engines.namespaces.store import Record, Store
from netlab.i18n import gettext as _

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}", re.ASCII)
HOSTNAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}", re.ASCII)
MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", re.ASCII)
SYSCTL = re.compile(r"net(\.[a-z0-9_]+|\.[a-zA-Z0-9_-]+){1,8}", re.ASCII)
RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d{1,6})?|", re.ASCII)
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?", re.ASCII)
ERROR = "docker: Error response from daemon: "
SEE = "See 'docker run --help'."
TYPESET = "–—‘’“”"  # what a page makes of dashes and quotes
LARGEST_FILE = 1 << 16


def check(options: argparse.Namespace, store: Store) -> None:
    """Refused for what is no name, no address, or does not go together."""
    _check_image(options)
    if options.name and not NAME.fullmatch(options.name):
        raise Refused(
            f"{ERROR}Invalid container name ({options.name}), only "
            f"[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed. {SEE}",
            125,
        )
    if options.hostname and not HOSTNAME.fullmatch(options.hostname):
        raise Refused(f"docker: invalid hostname format: {options.hostname}. {SEE}", 125)
    if options.mac_address and not MAC.fullmatch(options.mac_address):
        raise Refused(f"docker: {options.mac_address} is not a valid mac address. {SEE}", 125)
    if not RESTART.fullmatch(options.restart):
        raise Refused(f"{ERROR}invalid restart policy '{options.restart}'. {SEE}", 125)
    if options.rm and options.restart not in ("", "no"):
        raise Refused(f"docker: Conflicting options: --restart and --rm. {SEE}", 125)
    if options.workdir and not options.workdir.startswith("/"):
        raise Refused(
            f"{ERROR}the working directory '{options.workdir}' is invalid, "
            f"it needs to be an absolute path. {SEE}",
            125,
        )
    if options.log_driver not in ("", "json-file", "local"):
        raise Refused(f"docker: --log-driver {options.log_driver}: {_(ELSEWHERE)}", 125)
    check_user(options.user)
    _check_addresses(options)
    _check_mode(options)


def _check_image(options: argparse.Namespace) -> None:
    if wrong := next((letter for letter in f"{options.image}{options.name}" if letter in TYPESET), ""):
        said = _("docker: {letter} is a printer's mark, as pages have them: type - and ' or \" instead.")
        raise Refused(said.format(letter=wrong), 125)
    if not images.is_name(options.image):
        what = "repository name must be lowercase" if options.image.lower() != options.image else ""
        raise Refused(f"docker: invalid reference format{': ' + what if what else ''}. {SEE}", 125)
    if options.image.isdigit():  # what follows a -p that was meant otherwise
        raise Refused(
            f"{ERROR}pull access denied for {options.image}, repository does not "
            f"exist or may require 'docker login': denied. {SEE}",
            125,
        )


def _check_mode(options: argparse.Namespace) -> None:
    """What is another's with --network container:…, and so cannot be said here."""
    if not any(word.startswith("container:") for word in options.network or ()):
        return
    conflicts = {
        "hostname and the network mode": options.hostname,
        "port publishing and the container type network mode": options.publish or options.publish_all,
        "port exposing and the container type network mode": options.expose,
        "mac-address and the network mode": options.mac_address,
        "dns and the network mode": options.dns,
        "custom host-to-IP mapping and the network mode": options.add_host,
    }
    for what, is_said in conflicts.items():
        if is_said:
            raise Refused(f"{ERROR}conflicting options: {what}. {SEE}", 125)


def check_user(user: str) -> None:
    """Refused for a name that nobody in the lab has; any number will do."""
    name = user.partition(":")[0]
    with open("/etc/passwd", errors="replace") as file:
        known = {line.partition(":")[0] for line in file}
    if name and not name.isdigit() and name not in known:
        raise Refused(f"{ERROR}unable to find user {name}: no matching entries in passwd file.", 125)


def _check_addresses(options: argparse.Namespace) -> None:
    for flag, words in (("ip", [options.ip]), ("dns", options.dns)):
        for word in filter(None, words):
            if not _is_address(word):
                raise Refused(
                    f'invalid argument "{word}" for "--{flag}" flag: {word} is not an ip address. {SEE}', 125
                )
    for word in options.add_host:
        name, _colon, address = word.partition(":")
        if not name or not (_is_address(address) or address == "host-gateway"):
            raise Refused(
                f'invalid argument "{word}" for "--add-host" flag: bad format for add-host: "{word}". {SEE}',
                125,
            )
    options.add_host = [word.replace(":host-gateway", ":172.17.0.1") for word in options.add_host]
    for word in options.sysctl:
        name, equals, _value = word.partition("=")
        if not equals or not SYSCTL.fullmatch(name):
            raise Refused(
                f'invalid argument "{word}" for "--sysctl" flag: sysctl \'{word}\' is not whitelisted. {SEE}',
                125,
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def absolute(path: str) -> str:
    """The path, if it can be mounted on. Refused."""
    path = os.path.normpath(path)
    if not path.startswith("/") or path.strip("/") == "":
        raise Refused(f"{ERROR}invalid mount path: '{path}' mount path must be absolute. {SEE}", 125)
    return path


def find_or_fail(store: Store, name: str, before: str = "") -> Record:
    """That container. Refused, as of `docker run`."""
    try:
        return find(store, name)
    except Refused:
        raise Refused(f"{ERROR}{before}No such container: {name}.", 125) from None


def is_own_program(command: list[str], image: images.Image) -> bool:
    """Whether these words start what the image is known for."""
    if not image.program:
        return False
    first = os.path.basename(command[0]) if command else ""
    is_typed_out = tuple(command) == image.argv or first in images.SERVERS
    return not command or image.is_entrypoint or is_typed_out or command[0].startswith("-")


def lines_of(file: str) -> list[str]:
    """NAME=VALUE lines of --env-file. Refused."""
    try:
        with open(file, errors="replace") as opened:
            lines = opened.read(LARGEST_FILE).splitlines()
    except OSError as error:
        raise Refused(f"docker: open {file}: {(error.strerror or str(error)).lower()}. {SEE}", 125) from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def health(options: argparse.Namespace) -> tuple[str, ...]:
    """The interval in seconds, the tries and the command of --health-cmd; nothing without one. Refused."""
    if not options.health_cmd or options.no_healthcheck:
        return ()
    if not options.health_retries.isdigit() or len(options.health_retries) > 6:
        raise Refused(f'invalid argument "{options.health_retries}" for "--health-retries" flag. {SEE}', 125)
    return (
        str(seconds(options.health_interval)),
        options.health_retries,
        *("/bin/sh", "-c", options.health_cmd),
    )


def seconds(word: str) -> float:
    """ "1m30s", "500ms". Refused."""
    found = DURATION.fullmatch(word)
    if not found or not word or len(word) > 16:
        raise Refused(f'time: invalid duration "{word}". {SEE}', 125)
    hours, minutes, whole, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + whole + thousandths / 1000
