"""What of a network is not in its pack, by name: nothing is left out without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from netlab.i18n import gettext as _
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import groups, kinds, queues
from netlab.linux.wiring.links import Found
from netlab.model import pack

IP_VS = "/proc/thread-self/net/ip_vs"  # two lines of head, then its services


def unread(
    node: str,
    kernel: RouteSocket,
    found: Sequence[Found],
    queued: tuple[pack.Queue, ...],
    encapsulated: Sequence[str],
) -> Iterator[str]:
    """Of the namespace that we are in, a line each. OSError."""
    if _is_full():
        yield _("{node}: the table of connections is full, and not read").format(node=node)
    for link in (one.link for one in found):
        if link.kind not in ("", "loopback") and link.kind not in kinds.KINDS:
            told = _("{node}: the details of {link}, a {kind}, were not read")
            yield told.format(node=node, link=link.name, kind=link.kind)
    others = [*queues.unread(kernel, queued), *(what for one in found for what in one.unread)]
    others += [f"ip route {destination} encap" for destination in encapsulated]
    if any(one.link.kind == "bridge" for one in found) and groups.are_there(kernel):
        others.append("bridge mdb")
    if _has_services():
        others.append("ipvsadm")
    for what in others:
        yield _("{node}: not read: {what}").format(node=node, what=what)


def containers_beside(found: pack.Pack, known: Mapping[str, bool]) -> Iterator[str]:
    """Of those that an engine knows by name, and whether each runs, the ones without a namespace of their own
    in the pack."""
    nodes = {node.name for node in found.nodes if node.kind == "container"}
    for name, runs in known.items():
        if name in nodes:
            continue
        if runs:
            told = _("{name}: a container without its own network, and so no node of this pack")
        else:
            told = _("{name}: a stopped container is not in the pack")
        yield told.format(name=name)


def _is_full() -> bool:
    """Whether the namespace that we are in can take on no more connections, or hardly any."""
    with suppress(OSError, ValueError):
        count, most = (
            int(Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}").read_text()) for name in ("count", "max")
        )
        return count > most * 0.9
    return False


def _has_services() -> bool:
    with suppress(OSError):
        return len(Path(IP_VS).read_text().splitlines()) > 3
    return False
