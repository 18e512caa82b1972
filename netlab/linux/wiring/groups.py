"""Groups of multicast that somebody entered at a bridge (`bridge mdb`): whether there are any."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket

RTM_GETMDB, MDBA_MDB, MDBA_MDB_ENTRY, MDBA_MDB_ENTRY_INFO, MDB_PERMANENT = 86, 1, 1, 1, 1
_HEAD, _ENTRY = struct.Struct("=BxxxI"), struct.Struct("=IB")  # br_port_msg; of br_mdb_entry link and state


def are_there(kernel: RouteSocket) -> bool:
    """Those that were learned say nothing."""
    with suppress(OSError):  # not in this kernel
        question = _HEAD.pack(socket.AF_BRIDGE, 0)
        for _, content in list(kernel.query(RTM_GETMDB, rt.NLM_F_DUMP, question)):
            lists = rt.attributes(content, _HEAD.size).get(MDBA_MDB, b"")
            for _, entry in rt.pieces(lists):
                for _, info in rt.pieces(entry):
                    if len(info) >= _ENTRY.size and _ENTRY.unpack_from(info)[1] & MDB_PERMANENT:
                        return True
    return False
