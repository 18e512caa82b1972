"""Policies of IPsec over netlink, and how many states there are: those hold keys, and are not read.

Numbers are those of linux/xfrm.h.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.socket import NETLINK_XFRM, NetlinkSocket
from netlab.linux.netns import enter

XFRM_MSG_NEWPOLICY, XFRM_MSG_DELPOLICY, XFRM_MSG_GETPOLICY = 0x13, 0x14, 0x15
XFRM_MSG_FLUSHSA, XFRM_MSG_FLUSHPOLICY, XFRM_MSG_GETSADINFO = 0x1C, 0x1D, 0x23
XFRM_MSG_SETDEFAULT, XFRM_MSG_GETDEFAULT = 0x27, 0x28
XFRMA_SAD_CNT, IPSEC_PROTO_ANY = 1, 255
BLOCK, ACCEPT = 1, 2  # XFRM_USERPOLICY_…
SOCKETS = "/proc/thread-self/net/netlink"  # with one of the kernel's own for each family that it has


def is_there(namespace: int | str | None = None) -> bool:
    """Whether this kernel has it loaded: it would load it for whoever asks."""
    with enter(namespace if namespace is not None else "/proc/thread-self/ns/net"):
        try:
            lines = Path(SOCKETS).read_text().splitlines()[1:]
        except OSError:
            return False
    return any(line.split()[1:3] == [str(NETLINK_XFRM), "0"] for line in lines)


class Xfrm(NetlinkSocket):
    """A socket for IPsec in a network namespace. OSError where the kernel has none."""

    protocol = NETLINK_XFRM

    def __enter__(self) -> Xfrm:
        return self

    def policies(self) -> list[bytes]:
        """Every policy, as struct xfrm_userpolicy_info and attributes. OSError."""
        return [content for _, content in self.query(XFRM_MSG_GETPOLICY, rt.NLM_F_DUMP, b"")]

    def count_states(self) -> int:
        """How many states there are. OSError."""
        for _, content in self.query(XFRM_MSG_GETSADINFO, 0, bytes(4)):
            return rt.number(rt.attributes(content, 4).get(XFRMA_SAD_CNT))
        return 0

    def defaults(self) -> tuple[int, ...]:
        """What becomes of packets for which there is no policy: in, forwarded, out. OSError."""
        for _, content in self.query(XFRM_MSG_GETDEFAULT, 0, bytes(4)):
            return tuple(content[:3])
        return ()

    def flush(self) -> None:
        """No policies and no states any more, and what has none is let through."""
        with suppress(OSError):  # there are none
            self.request(XFRM_MSG_FLUSHPOLICY, 0, b"", "flush policies")
        with suppress(OSError):
            self.request(XFRM_MSG_FLUSHSA, 0, bytes((IPSEC_PROTO_ANY,)), "flush states")
        with suppress(OSError):  # not in this kernel
            self.request(XFRM_MSG_SETDEFAULT, 0, bytes((ACCEPT, ACCEPT, ACCEPT, 0)), "set the default policy")
