"""Which capabilities a container's root has, by the numbers of capabilities(7)."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.engines.namespaces.container import DEFAULT_CAPABILITIES, LAST_CAPABILITY
from netlab.errors import EngineError

NAMES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID "
    "SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL "
    "SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()
ROOT = ("", "root", "0", "0:0", "root:root", "root:0", "0:root")


def of(privileged: bool, added: Sequence[str], dropped: Sequence[str], user: str) -> tuple[int, ...]:
    """Docker's own, with these added and those dropped; another user than root has none. EngineError."""
    plus, minus = _numbers(added, "CapAdd"), _numbers(dropped, "CapDrop")
    if privileged:
        return tuple(range(LAST_CAPABILITY + 1))
    if user not in ROOT:
        return tuple(sorted(plus - minus))
    everything = set(range(LAST_CAPABILITY + 1))
    start = everything if plus == everything else set() if minus == everything else set(DEFAULT_CAPABILITIES)
    kept = (start - minus) | plus if minus == everything else (start | plus) - minus
    return tuple(sorted(kept))


def _numbers(names: Sequence[str], which: str) -> set[int]:
    found: set[int] = set()
    for name in names:
        short = name.upper().removeprefix("CAP_")
        if short == "ALL":
            return set(range(LAST_CAPABILITY + 1))
        if short not in NAMES:
            raise EngineError(f'invalid {which}: unknown capability: "CAP_{short}"')
        found.add(NAMES.index(short))
    return found
