"""System calls that a lab does not make as they stand: filters in classic BPF, see seccomp(2).

They hold for this process and for all that it starts, for good.
"""

from __future__ import annotations

import errno
import platform
import struct

from netlab.linux import syscalls

# AUDIT_ARCH, and the numbers of system calls that change owners: [f|l]chown, set[u|g]id, setre[u|g]id,
# setgroups, setres[u|g]id, setfs[u|g]id, fchownat
_OWNER_CALLS = {
    "x86_64": (0xC000003E, (92, 93, 94, 105, 106, 113, 114, 116, 117, 119, 122, 123, 260)),
    "aarch64": (0xC00000B7, (54, 55, 143, 144, 145, 146, 147, 149, 151, 152, 159)),
}
# Those that give a file its mode, and the argument that is it: [f]chmod, fchmodat[2], mknod[at], creat.
_MODE_CALLS = {
    "x86_64": {90: 1, 91: 1, 268: 2, 452: 2, 133: 1, 259: 2, 85: 1},
    "aarch64": {52: 1, 53: 2, 452: 2, 33: 2},
}
# open and openat, with the argument that has the flags; a mode follows it if they make a file.
_OPEN_CALLS = {"x86_64": {2: 1, 257: 2}, "aarch64": {56: 2}}
# What can do the same out of a filter's sight: openat2, io_uring_setup.
_OUT_OF_SIGHT = (437, 425)
_MAKES_A_FILE = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE
_SET_ID = 0o6000
_X32 = 0x40000000  # on x86_64 the same calls have other numbers, too
_LOAD, _EQUAL, _AT_LEAST, _SOME_BITS, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # in struct seccomp_data; each argument has 8 bytes

Instruction = tuple[int, int, int, int]  # code, jump if so, jump if not, operand


def pretend_owner_changes() -> None:
    """Answer 0 to the setuid, setgid, setgroups and chown families.

    With one mapped uid they could only fail, and programs that drop privileges (tcpdump) would refuse to
    work; with one uid there is nothing to drop. Does nothing on an architecture it does not know.
    """
    if platform.machine() not in _OWNER_CALLS:
        return
    arch, calls = _OWNER_CALLS[platform.machine()]
    program = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, len(calls) + 1, arch), (_LOAD, 0, 0, _NUMBER)]
    program += [(_EQUAL, len(calls) - i, 0, number) for i, number in enumerate(calls)]
    _install([*program, (_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _ERROR)])


def refuse_set_id() -> None:
    """No file gets a set-user-ID or set-group-ID bit: EPERM.

    In a lab they do nothing, since all its file systems are mounted nosuid. But a folder of the machine that
    a lab can write to is not, there: a program with such a bit would make any user of the machine the lab's
    owner. Calls that a filter cannot look into, and other architectures', are not to be had (ENOSYS).
    """
    machine = platform.machine()
    if machine not in _MODE_CALLS:
        return
    ends: list[Instruction] = [(_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _ERROR | errno.EPERM)]
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _OWNER_CALLS[machine][0]),
        (_GIVE, 0, 0, _ERROR | errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in _OUT_OF_SIGHT:
        program += [(_EQUAL, 0, 1, number), (_GIVE, 0, 0, _ERROR | errno.ENOSYS)]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), (_GIVE, 0, 0, _ERROR | errno.ENOSYS)]
    for number, argument in _MODE_CALLS[machine].items():
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _argument(argument)),
            (_SOME_BITS, 1, 0, _SET_ID),
            *ends,
        ]
    for number, argument in _OPEN_CALLS[machine].items():
        program += [
            (_EQUAL, 0, 6, number),
            (_LOAD, 0, 0, _argument(argument)),
            (_SOME_BITS, 0, 2, _MAKES_A_FILE),
        ]
        program += [(_LOAD, 0, 0, _argument(argument + 1)), (_SOME_BITS, 1, 0, _SET_ID), *ends]
    _install([*program, (_GIVE, 0, 0, _ALLOW)])


def _argument(number: int) -> int:
    """Where its lower half is: both architectures begin with that."""
    return _ARGUMENTS + 8 * number


def _install(program: list[Instruction]) -> None:
    syscalls.filter_calls(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
