"""One container: its namespaces, root file system, network and process 1.

Runs in the lab host, as the learner: it does by hand what `docker run` has done for it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path
from typing import NoReturn

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import syscalls, tty
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.sandbox import rootfs

BRIDGE = "docker0"
# What Docker leaves to root in a container, by number: chown, dac_override, fowner, fsetid, kill, setgid,
# setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
DEFAULT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
LAST_CAPABILITY = 40
NAMESPACES = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWPID
HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
RESOLV_CONF = "# There is no name server in the lab: names are known from /etc/hosts or not at all.\n"


Streams = tuple[int, int, int]


def start(store: Store, record: Record, streams: Streams | None, wait: bool) -> tuple[Record, int | None]:
    """Start the container's process 1; the record as it is then, and the exit status if `wait`.

    It has `streams` as standard streams, or, for None, a terminal of its own joined to ours.
    EngineError, with nothing left behind, when it cannot be started.
    """
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)  # each message is received by itself
    failed = os.pipe()
    middle = os.fork()
    if middle == 0:
        ours.close()
        _between(store, record, streams, theirs, failed[1], wait)
    theirs.close()
    os.close(failed[1])
    try:
        record = _set_off(store, record, ours, failed[0])
    except (EngineError, OSError) as error:
        ours.close()  # process 1, if there is one, ends when nobody tells it to go
        os.waitpid(middle, 0)
        store.save(replace(record, pid=0, exit_code=127, finished=time.time()))
        raise error if isinstance(error, EngineError) else EngineError(str(error)) from error
    if streams is None:
        master = socket.recv_fds(ours, 1, 1)[1][0]
        tty.join(master)
    status = os.waitstatus_to_exitcode(os.waitpid(middle, 0)[1])
    return record, status if wait else None


def _set_off(store: Store, record: Record, control: socket.socket, failed: int) -> Record:
    """Wait for process 1, give it its network, let it go, and see that it became its command."""
    with os.fdopen(failed) as failure:
        pid = int(control.recv(16) or b"0")
        if not pid or not control.recv(1):
            raise EngineError(failure.read() or _("the container could not be started"))
        started = replace(record, pid=pid, started=time.time(), finished=0.0, exit_code=0)
        started = connect(store, started)
        store.save(started)
        control.send(b"g")
        message = failure.read()
        if message:
            raise EngineError(message)
        return started


def _between(
    store: Store, record: Record, streams: Streams | None, control: socket.socket, failed: int, wait: bool
) -> NoReturn:
    """Make the namespaces and fork process 1; then be gone (so that init is its parent), or wait for it."""
    try:
        syscalls.unshare(NAMESPACES | (0 if record.network == "host" else syscalls.CLONE_NEWNET))
        told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(told[0], 1)  # our number goes first
            _first_process(store, record, streams, control, failed)
        control.send(str(pid).encode())
        os.write(told[1], b"t")
    except OSError as error:
        os.write(
            failed, _("the kernel refused the container's namespaces: {error}").format(error=error).encode()
        )
        os._exit(1)
    control.close()
    os.close(failed)
    if not wait:
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.kill(pid, received))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(128 - status if status < 0 else status)


def _first_process(
    store: Store, record: Record, streams: Streams | None, control: socket.socket, failed: int
) -> NoReturn:
    try:
        place = store.path(record) / "root"
        place.mkdir(exist_ok=True)
        rootfs.enter(str(place), record.hostname, _etc(record), {}, ())
        syscalls.unmount(os.path.realpath(f"/{rootfs.STAND_INS}"))
        if record.network != "host":
            with RouteSocket() as kernel:
                kernel.set_up("lo")
            for scope in ("all", "default"):
                _set(f"net/ipv6/conf/{scope}/disable_ipv6", "1")
        control.send(b"r")
        if not control.recv(1):
            os._exit(1)  # whoever started us is gone
        _take_streams(streams, control)
        restrict(record.capabilities)
        os.chdir(record.workdir)
        _execute(record)
    except FileNotFoundError:
        os.write(failed, f'exec: "{record.argv[0]}": executable file not found in $PATH'.encode())
    except OSError as error:
        os.write(failed, str(error).encode())
    os._exit(127)


def _take_streams(streams: Streams | None, control: socket.socket) -> None:
    """Take the standard streams over, or make a terminal and hand its other side out."""
    if streams is None:
        os.setsid()
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        socket.send_fds(control, [b"t"], [master])
        streams = slave, slave, slave
    for number, fd in enumerate(streams):
        os.dup2(fd, number)


def terminal_in(record: Record) -> tuple[int, int]:
    """A new terminal of a running container's own /dev/pts: (master, slave)."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        with open(f"/proc/{record.pid}/ns/mnt") as namespace:
            syscalls.setns(namespace.fileno(), syscalls.CLONE_NEWNS)
        socket.send_fds(theirs, [b"t"], list(os.openpty()))
        os._exit(0)
    theirs.close()
    fds = socket.recv_fds(ours, 1, 2)[1]
    os.waitpid(child, 0)
    ours.close()
    if len(fds) != 2:
        raise EngineError(_("the container gives no terminal"))
    return fds[0], fds[1]


def _execute(record: Record) -> NoReturn:
    """Become the container's command; with --init stay as the process that reaps for it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    if record.init:
        child = os.fork()
        if child:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, lambda received, _: os.kill(child, received))
            os.closerange(3, 1 << 16)
            while True:
                pid, status = os.wait()
                if pid == child:
                    code = os.waitstatus_to_exitcode(status)
                    os._exit(128 - code if code < 0 else code)
    os.execvpe(record.argv[0], record.argv, record.env)


def _etc(record: Record) -> dict[str, str]:
    own = f"{record.address}\t{record.hostname}\n" if record.address else ""
    return {
        "hostname": f"{record.hostname}\n",
        "hosts": f"{HOSTS}{own}",
        "resolv.conf": RESOLV_CONF,
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
    }


def _set(name: str, value: str) -> None:
    path = Path("/proc/sys", name)
    if path.exists():
        path.write_text(value)


def restrict(capabilities: Sequence[int]) -> None:
    """Take all but these capabilities away, and make kernel settings read-only, as Docker does."""
    if len(capabilities) > LAST_CAPABILITY:
        return
    for path in ("/proc/sys", "/sys"):
        syscalls.mount(path, path, flags=syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.make_read_only(path)
    libc = ctypes.CDLL(None, use_errno=True)
    pr_capbset_drop = 24
    for number in set(range(LAST_CAPABILITY + 1)) - set(capabilities):
        if libc.prctl(pr_capbset_drop, number, 0, 0, 0) and ctypes.get_errno() != errno.EINVAL:
            raise OSError(ctypes.get_errno(), "dropping capabilities")


def connect(store: Store, record: Record) -> Record:
    """Join a container to its network, as Docker does: the record with its address."""
    if record.network in ("none", "host"):
        return record
    taken = {r.address for r in store.all() if is_running(r)}
    if made := networks.find(store, record.network):
        address = networks.address_in(made, record.wanted, taken)
        mac = networks.join(made, record.pid, address)
        _write_hosts(record, address)
        return replace(record, address=address, mac=mac, prefixlen=made.prefixlen, gateway=made.gateway)
    record = _plug_in(record, taken)
    _write_hosts(record, record.address)
    return record


def _plug_in(record: Record, taken: set[str]) -> Record:
    """A cable from a container to docker0, with the next free address."""
    with RouteSocket() as host:
        links = {link.name: link for link in host.interfaces()}
        if BRIDGE not in links:
            raise EngineError(_("there is no docker0 in the lab host (./run reset brings it back)"))
        bridge_address = next((a for a in links[BRIDGE].addresses if a.family == 4), None)
        if bridge_address is None:
            raise EngineError(
                _("docker0 has no address to route the container by (./run reset brings it back)")
            )
        network = ip_interface(str(bridge_address))
        taken = {*taken, str(network.ip)}
        address = next((str(a) for a in network.network.hosts() if str(a) not in taken), None)
        if address is None:
            raise EngineError(_("no free address is left in {network}").format(network=network.network))
        mac = "02:42:" + socket.inet_aton(address).hex(":")
        outside = f"veth{record.id[:7]}"
        namespace = os.open(f"/proc/{record.pid}/ns/net", os.O_RDONLY)
        try:
            host.add_veth(outside, "eth0", namespace, peer_mac=mac, txqlen=0)
            with RouteSocket(namespace) as inside:
                inside.add_address("eth0", address, network.network.prefixlen)
                inside.set_up("eth0")
                inside.add_default_route(str(network.ip))
        finally:
            os.close(namespace)
        host.set_master(outside, BRIDGE)
        host.set_up(outside)
    return replace(record, address=address, mac=mac)


def _write_hosts(record: Record, address: str) -> None:
    with open(f"/proc/{record.pid}/root/etc/hosts", "a") as hosts:
        hosts.write(f"{address}\t{record.hostname}\n")


def stop(record: Record, number: int, grace: float, gone: Callable[[float], bool]) -> None:
    """Send process 1 a signal, and SIGKILL if it is still there after `grace` seconds.

    As a namespace's process 1 it does not get a signal that it has no handler for; then there is nothing to
    wait for, and it is killed at once. `gone(seconds)` waits for its end.
    """
    caught = 0
    for line in Path(f"/proc/{record.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            caught = int(line.split()[1], 16)
    if number != signal.SIGKILL and caught >> (number - 1) & 1:
        os.kill(record.pid, number)
        if gone(grace):
            return
    os.kill(record.pid, signal.SIGKILL)
    gone(10)
