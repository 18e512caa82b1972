"""Published ports: the rules that Docker makes for `-p`, word for word."""

from __future__ import annotations

import subprocess

from netlab.engines.namespaces.store import Record
from netlab.errors import EngineError
from netlab.i18n import gettext as _


def parse(text: str) -> str:
    """ "8080:80", "8080:80/udp" → "8080:80/tcp"; EngineError for what this engine does not publish."""
    numbers, __, protocol = text.partition("/")
    host, __, inside = numbers.partition(":")
    if not (host.isdigit() and inside.isdigit() and protocol in ("", "tcp", "udp")):
        raise EngineError(
            _("the namespaces engine publishes HOSTPORT:PORT[/tcp|/udp], not {text!r}").format(text=text)
        )
    return f"{host}:{inside}/{protocol or 'tcp'}"


def rules(record: Record) -> list[list[str]]:
    """The iptables arguments, each without -A or -D, as [table, chain, …]."""
    found = []
    address, outside, accept = record.address, ["!", "-i", "docker0"], ["-j", "ACCEPT"]
    for port in record.ports:
        numbers, protocol = port.split("/")
        host, inside = numbers.split(":")
        match = ["-p", protocol, "-m", protocol, "--dport"]
        to = f"{address}:{inside}"
        found += [
            ["nat", "DOCKER", *outside, *match, host, "-j", "DNAT", "--to-destination", to],
            [
                "nat",
                "POSTROUTING",
                "-s",
                f"{address}/32",
                "-d",
                f"{address}/32",
                *match,
                inside,
                "-j",
                "MASQUERADE",
            ],
            ["filter", "DOCKER", "-d", f"{address}/32", *outside, "-o", "docker0", *match, inside, *accept],
        ]
    return found


def publish(record: Record) -> None:
    """Open the container's published ports; EngineError if iptables refuses."""
    for table, chain, *rule in rules(record) if record.address else ():
        done = subprocess.run(["iptables", "-t", table, "-A", chain, *rule], capture_output=True, text=True)
        if done.returncode:
            raise EngineError(
                _("iptables could not publish the port: {stderr}").format(stderr=done.stderr.strip())
            )


def withdraw(record: Record) -> None:
    """Close them again; rules that somebody has removed already are no matter."""
    for table, chain, *rule in rules(record) if record.address else ():
        subprocess.run(["iptables", "-t", table, "-D", chain, *rule], capture_output=True, check=False)
