"""Carriers that have come or gone, and a kernel that acts on it a moment later: at once, where it is asked.

Until then a link has no link-local address yet, a bridge has a port that it does not enable, and `ip link`
shows what was. Linux 6.9 and later catch up with a link when it is asked about that one alone; others do so
by themselves: with a carrier that comes in milliseconds, with one that goes within a second.
"""

from __future__ import annotations

from collections.abc import Iterable

from netlab.linux import polling
from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import links
from netlab.linux.wiring.links import Found

TELLING = ("veth", "bridge", "macvlan")  # kinds of which one can see whether the kernel has acted
SECONDS_TO_SETTLE = 1.5
ROUNDS = 4  # a port's is acted on before its bridge's, and that one's before a macvlan's on the bridge


def read(kernel: RouteSocket) -> list[Found]:
    """Every link of a namespace, as it is once the kernel has acted, where it does when asked. OSError."""
    found, before = links.read(kernel), list[int]()
    for _round in range(ROUNDS):
        late = [each.link.index for each in found if each.link.kind in TELLING and not each.has_settled]
        if not late or late == before:
            break
        for index in late:
            _has_settled(kernel, index)
        found, before = links.read(kernel), late
    return found


def wait(kernel: RouteSocket, indexes: Iterable[int], *, lost: bool = True) -> None:
    """Until it has acted on the carriers of those links, ports before their bridge; unless `lost`, where one
    has gone it is only asked to. OSError."""
    late = list(indexes)
    for _look in polling.looks(seconds=SECONDS_TO_SETTLE, pause=0.002):
        late = [index for index in late if not _has_settled(kernel, index, lost)]
        if not late:
            return


def _has_settled(kernel: RouteSocket, index: int, lost: bool = True) -> bool:
    """Asks about that link alone."""
    mask = rt.attribute(rt.IFLA_EXT_MASK, rt.RTEXT_FILTER_SKIP_STATS)
    body = rt.IFINFO.pack(0, 0, index, 0, 0) + mask
    for _, content in kernel.query(rt.RTM_GETLINK, 0, body, "link"):
        _, _, _, flags, _ = rt.IFINFO.unpack_from(content)
        state = rt.number(rt.attributes(content, rt.IFINFO.size).get(rt.IFLA_OPERSTATE))
        return links.has_settled(flags, state) or not (lost or flags & rt.IFF_LOWER_UP)
    return True
