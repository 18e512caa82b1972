"""Published ports: what `-p` means, and the rules that Docker makes for it, word for word."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from netlab.engines.namespaces import bridges, endpoints, networks
from netlab.engines.namespaces.bridges import Rule
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.errors import EngineError

EPHEMERAL = range(49153, 65536)  # where Docker takes a port from when nobody says one
MOST = 1024  # ports of one container
PORT = re.compile(r"(?:(?:(?P<ip>\[[0-9a-fA-F:.]*\]|[^:]*):)?(?P<host>[^:]*):)?(?P<inside>[^:]+)")


class BadPort(ValueError):
    """What is wrong with it, in Docker's words."""


def parse(text: str) -> list[tuple[str, str, str, str]]:
    """(address, port of the host's, "" for any, port inside, protocol) of each port that `-p TEXT` publishes.

    "8080:80", "80", "127.0.0.1::80/udp", "7000-7002:80-82". BadPort.
    """
    numbers, slash, protocol = text.partition("/")
    found = PORT.fullmatch(numbers)
    if found is None or not found["inside"]:
        raise BadPort(f"Invalid containerPort: {numbers or text}")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise BadPort(f"Invalid proto: {protocol}")
    if protocol == "sctp":
        raise BadPort("sctp ports are not in the lab")
    ip = (found["ip"] or "").strip("[]")
    try:
        ip = str(ipaddress.ip_address(ip)) if ip else ""
    except ValueError:
        raise BadPort(f"Invalid ip address: {ip}") from None
    inside = _range(found["inside"], "containerPort")
    host = _range(found["host"], "hostPort") if found["host"] else []
    if host and len(host) != len(inside) and len(inside) > 1:
        raise BadPort(
            f"Invalid ranges specified for container and host Ports: {found['inside']} and {found['host']}"
        )
    if len(host) > len(inside):
        return [(ip, f"{host[0]}-{host[-1]}", str(inside[0]), protocol)]
    outside = map(str, host) if host else [""] * len(inside)
    return [(ip, outer, str(inner), protocol) for outer, inner in zip(outside, inside, strict=True)]


def _range(text: str, what: str) -> list[int]:
    first, dash, last = text.partition("-")
    last = last if dash else first
    if not all(word.isascii() and word.isdigit() and 0 < int(word[:6]) < 1 << 16 for word in (first, last)):
        raise BadPort(f"Invalid {what}: {text}")
    if int(last) < int(first) or int(last) - int(first) >= MOST:
        raise BadPort(f"Invalid range format for {what}: {text}")
    return list(range(int(first), int(last) + 1))


def parse_expose(text: str) -> list[str]:
    """ "99", "99-101/udp" of --expose. BadPort."""
    numbers, _, protocol = text.partition("/")
    return [f"{port}/{protocol.lower() or 'tcp'}" for port in _range(numbers, "range format for --expose")]


def split(port: str) -> tuple[str, str, str, str]:
    """ "127.0.0.1:8080:80/tcp" → ("127.0.0.1", "8080", "80", "tcp"); the address is "" for all."""
    numbers, _, protocol = port.partition("/")
    rest, _, inside = numbers.rpartition(":")
    ip, _, host = rest.rpartition(":")
    return ip.strip("[]"), host, inside, protocol


def join(ip: str, host: str, inside: str, protocol: str) -> str:
    """The same backwards."""
    ip = f"[{ip}]" if ":" in ip else ip
    return f"{ip}:{host}:{inside}/{protocol}" if ip else f"{host}:{inside}/{protocol}"


def choose(store: Store, record: Record) -> Record:
    """The record with a port of the host's wherever none was asked for. The lock is held. EngineError."""
    if not record.ports:
        return record  # without a look at all others
    taken = {
        (split(port)[3], split(port)[1])
        for other in store.all()
        if other.id != record.id and is_running(other)
        for port in other.ports
    }
    chosen = []
    for ip, host, inside, protocol in map(split, record.ports):
        if not host or "-" in host:
            candidates = _range(host, "hostPort") if host else EPHEMERAL
            host = _free(candidates, protocol, taken)
        taken.add((protocol, host))
        chosen.append(join(ip, host, inside, protocol))
    return replace(record, ports=tuple(chosen))


def _free(candidates: Collection[int], protocol: str, taken: set[tuple[str, str]]) -> str:
    for number in candidates:
        if (protocol, str(number)) not in taken:
            return str(number)
    raise EngineError("all ports are allocated")


def way_in(store: Store, record: Record) -> tuple[Endpoint, Network] | None:
    """Where published ports lead: the container's first network with a bridge that is not closed off."""
    for endpoint in endpoints.gateways(record.endpoints):
        network = networks.find_any(store, endpoint.network)
        if network and network.driver == "bridge" and not network.is_internal and endpoint.address:
            return endpoint, network
    return None


def rules(record: Record, endpoint: Endpoint, network: Network) -> Iterator[Rule]:
    """Those of every published port."""
    address, bridge = endpoint.address, network.bridge
    in_order = sorted(map(split, record.ports), key=lambda port: -int(port[2]))  # as Docker does
    for ip, host, inside, protocol in in_order:
        if ":" in ip:
            continue  # the proxy's alone
        to = f"-d {ip}/32 " if ip and ip != "0.0.0.0" else ""
        match = f"-p {protocol} -m {protocol} --dport"
        yield "nat", "DOCKER", f"{to}! -i {bridge} {match} {host} -j DNAT --to-destination {address}:{inside}"
        yield "nat", "POSTROUTING", f"-s {address}/32 -d {address}/32 {match} {inside} -j MASQUERADE"
        yield "filter", "DOCKER", f"-d {address}/32 ! -i {bridge} -o {bridge} {match} {inside} -j ACCEPT"


def find_rules(store: Store, record: Record) -> list[Rule]:
    """Those that the container's published ports have."""
    way = way_in(store, record) if record.ports else None
    return list(rules(record, *way)) if way else []


def publish(store: Store, record: Record) -> list[Rule]:
    """Open the container's published ports: the rules that were made. EngineError if iptables refuses."""
    made = find_rules(store, record)
    if made:
        bridges.change("-A", made)
    return made


def withdraw(made: list[Rule]) -> None:
    """Close them again; rules that somebody has removed already are no matter."""
    bridges.withdraw(made)


def list_ports(record: Record) -> list[str]:
    """Each as `docker ps` has it: "0.0.0.0:8080->80/tcp", and ":::8080->80/tcp" beside it."""
    lines = []
    for ip, host, inside, protocol in sorted(map(split, record.ports), key=lambda p: (int(p[2]), p[3])):
        for where in [ip] if ip else ["0.0.0.0", "::"]:
            lines.append(f"{where}:{host}->{inside}/{protocol}")
    return lines
