"""Docker's firewall rules, as Docker 20.10 lays them out at its start.

iptables-restore makes them. What the kernel has after that is recorded in the user's cache, and from then on
sent to the kernel as it stands: 0.4 ms instead of two processes. The record's name says which iptables,
kernel and rules it is of.
"""

from __future__ import annotations

import os
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

from netlab.engines import base_lab
from netlab.linux.netlink.netfilter import Netfilter

FORMAT = 2  # of the record: another number when netlab.linux.netlink.netfilter writes it otherwise
FIREWALL = """\
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""


def record() -> list[int]:
    """The descriptor of the record, which may be empty yet; none where nothing can be kept."""
    restore = shutil.which("iptables-restore", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if restore is None:
        return []
    try:
        program = os.stat(restore)
        tool = (os.path.realpath(restore), program.st_size, program.st_mtime_ns)
        about = (FORMAT, FIREWALL, tool, os.uname().release)
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netlab"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"firewall-{zlib.crc32(repr(about).encode()):08x}"
        return [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)]
    except (OSError, RuntimeError):  # no home, or not ours to write to
        return []


def lay_out(host: int, files: list[int]) -> None:
    """The rules into the namespace that descriptor `host` is, which has none; CommandFailed."""
    if files and (program := _read(files[0])):
        with suppress(OSError), Netfilter(host) as netfilter:
            netfilter.load(program)
            return
    base_lab.run_in(host, ["iptables-restore"], FIREWALL)
    if files:
        with Netfilter(host) as netfilter:
            # iptables of the old kind leaves nothing here, and so nothing is recorded.
            if netfilter.chains():
                _write(files[0], netfilter.program())


def _read(file: int) -> bytes:
    """The program; b"" if it is not there as a whole."""
    content = os.pread(file, 1 << 20, 0)
    program, checksum = content[:-4], content[-4:]
    return program if checksum == zlib.crc32(program).to_bytes(4, "little") else b""


def _write(file: int, program: bytes) -> None:
    os.ftruncate(file, os.pwrite(file, program + zlib.crc32(program).to_bytes(4, "little"), 0))
