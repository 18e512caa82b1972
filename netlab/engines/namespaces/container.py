"""One container's process 1: its namespaces, root file system and rights, and what it becomes.

Runs in the lab host, as the learner: it does by hand what `docker run` has done for it. Who starts it, and
looks after it as long as it is there, is netlab.engines.namespaces.shim.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import termios
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from netlab.engines.namespaces import mounts, programs
from netlab.engines.namespaces.store import Record, Store
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import syscalls
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.sandbox import rootfs, stand_ins

# What Docker leaves to root in a container, by number: chown, dac_override, fowner, fsetid, kill, setgid,
# setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
DEFAULT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
LAST_CAPABILITY = 40
OWN = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC
HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
RESOLV_CONF = "# There is no name server in the lab: names are known from /etc/hosts or not at all.\n"
RESOLVER = "127.0.0.11"  # where Docker answers for names in networks that somebody has made
INSTALLED = """#!/bin/sh
# No package is fetched in a lab: the machine's programs are all there.
case "$1" in --version|-v) echo "the lab's stand-in: it installs nothing" ;;
*) echo "(lab: nothing is installed here; the container has the machine's own programs)" >&2 ;; esac
"""
NO_DOCKER = """#!/bin/sh
echo "docker: not found: a container has no Docker of its own. Type it in the lab host." >&2
exit 127
"""
REDIS_CLI = r"""#!/bin/bash
# What tutorials ask of the redis that the lab plays.
host=127.0.0.1
[ "$1" = -h ] && { host=$2; shift 2; }
exec 3<>"/dev/tcp/$host/6379" || exit 1
printf '%s\r\n' "$*" >&3
read -r reply <&3
case "${reply%$'\r'}" in
'$-1') echo "(nil)" ;;
'$'*) read -r reply <&3; echo "\"${reply%$'\r'}\"" ;;
:*) echo "(integer) ${reply:1}" ;;
-*) echo "(error) ${reply:1}" ;;
*) echo "${reply:1}" ;;
esac
"""
PROGRAMS = {
    "ash": '#!/bin/sh\nexec /bin/sh "$@"\n',
    "redis-cli": REDIS_CLI,
    **dict.fromkeys(("apk", "apt-get", "apt", "yum"), INSTALLED),
    "docker": NO_DOCKER,
}

Streams = tuple[int, int, int]
_home: list[int] = []  # our own pid namespace


def fork_first(
    store: Store, record: Record, streams: Streams | None, control: socket.socket, failed: int, joined: int
) -> int:
    """Fork the container's process 1; its pid here. OSError.

    It says on `control` when it has its root file system, and waits there to be told to go on. It has
    `streams` as standard streams or, for None, a terminal whose other side it hands out there. What goes
    wrong it writes to `failed`. `joined` is the network namespace of another one that it shares, or -1.
    """
    if not _home:
        _home.append(os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC))
    syscalls.unshare(syscalls.CLONE_NEWPID)
    try:
        pid = os.fork()
        if pid == 0:
            _first_process(store, record, streams, control, failed, joined)
        return pid
    finally:
        syscalls.setns(_home[0], syscalls.CLONE_NEWPID)  # for the next children


def has_own_network(record: Record) -> bool:
    """Whether it has a network namespace of its own."""
    return record.network != "host" and not record.network.startswith("container:")


def _first_process(
    store: Store, record: Record, streams: Streams | None, control: socket.socket, failed: int, joined: int
) -> NoReturn:
    try:
        own_network = has_own_network(record)
        if joined >= 0:
            syscalls.setns(joined, syscalls.CLONE_NEWNET)
        syscalls.unshare(OWN | (syscalls.CLONE_NEWNET if own_network else 0))
        place = store.path(record) / "root"
        place.mkdir(exist_ok=True)
        folders = mounts.open_sources(record.mounts)
        rootfs.enter(
            str(place),
            record.hostname,
            _etc(_whose_names(store, record)),
            {**stand_ins.programs(), **PROGRAMS},
            (),
        )
        mounts.bind(folders)
        if own_network:
            _settle_network(record.sysctls)
        control.send(b"r")
        if not control.recv(1):
            os._exit(1)  # whoever started us is gone
        _take_streams(streams, control)
        restrict(record.capabilities)
        mounts.make_place(record.workdir, is_folder=True)
        os.chdir(record.workdir)
        _execute(record, failed)
    except FileNotFoundError:
        os.write(failed, f'exec: "{record.argv[0]}": executable file not found in $PATH'.encode())
    except (OSError, EngineError) as error:
        os.write(failed, str(error).encode(errors="replace"))
    os._exit(127)


def _settle_network(sysctls: Mapping[str, str]) -> None:
    with RouteSocket() as kernel:
        kernel.set_up("lo")
    for scope in ("all", "default"):
        _set(f"net/ipv6/conf/{scope}/disable_ipv6", "1")
    _set("net/ipv4/ip_unprivileged_port_start", "0")
    for name, value in sysctls.items():
        path = Path("/proc/sys", *name.split("."))
        try:
            path.write_text(value)
        except OSError as error:
            raise EngineError(f"write sysctl key {name}: {error.strerror}") from error


def _take_streams(streams: Streams | None, control: socket.socket) -> None:
    """Take the standard streams over, or make a terminal and hand its other side out."""
    os.setsid()
    if streams is None:
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
        enter_files(record.pid)
        socket.send_fds(theirs, [b"t"], list(os.openpty()))
        os._exit(0)
    theirs.close()
    fds = socket.recv_fds(ours, 1, 2)[1]
    os.waitpid(child, 0)
    ours.close()
    if len(fds) != 2:
        raise EngineError(_("the container gives no terminal"))
    return fds[0], fds[1]


def enter_files(pid: int) -> None:
    """From now on this process sees the file system of that container, and no other. OSError."""
    with open(f"/proc/{pid}/ns/mnt") as namespace:
        syscalls.setns(namespace.fileno(), syscalls.CLONE_NEWNS)


def _execute(record: Record, failed: int) -> NoReturn:
    """Become the container's command; with --init stay as the process that reaps for it."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGPIPE,
        signal.SIGCHLD,
        signal.SIGHUP,
        signal.SIGQUIT,
    ):
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
    if record.program:
        os.close(failed)
        os.closerange(3, 1 << 16)
        programs.play(record)
    os.execvpe(record.argv[0], record.argv, record.env)


def _whose_names(store: Store, record: Record) -> Record:
    """Who else has its network has its names, too."""
    _kind, colon, identity = record.network.partition(":")
    other = store.get(identity) if colon else None
    return replace(other, image=record.image) if other else record


def _etc(record: Record) -> dict[str, str]:
    """The files of /etc as they are before the container has any address of its own."""
    more = "".join(f"{address}\t{name}\n" for name, _, address in (h.partition(":") for h in record.hosts))
    more += "".join(f"{each.address}\t{record.hostname}\n" for each in record.endpoints if each.address)
    return {
        "hostname": f"{record.hostname}\n",
        "hosts": f"{HOSTS}{more}",
        "resolv.conf": resolv_conf(record),
        "nsswitch.conf": nsswitch(record),
        "os-release": "ID=netlab\nPRETTY_NAME=\"the lab's own root file "
        f'system, in place of {record.image}"\n',
    }


def has_resolver(record: Record) -> bool:
    """Whether Docker would answer for names: in every network that somebody has made."""
    return any(each.network != "bridge" for each in record.endpoints)


def resolv_conf(record: Record) -> str:
    """Its /etc/resolv.conf."""
    servers = (RESOLVER,) if has_resolver(record) else record.dns
    if not servers:
        return RESOLV_CONF
    search = f"search {' '.join(record.search)}\n" if record.search else ""
    lines = "".join(f"nameserver {server}\n" for server in servers)
    return f"{search}{lines}" + ("options ndots:0\n" if has_resolver(record) else "")


def nsswitch(record: Record) -> str:
    """Its /etc/nsswitch.conf: names are asked for where somebody answers, so that others fail at once."""
    dns = " dns" if has_resolver(record) or record.dns else ""
    return f"passwd: files\ngroup: files\nhosts: files{dns}\nservices: files\nprotocols: files\n"


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


def listens_to(pid: int, number: int) -> bool:
    """Whether that process has a handler for the signal; as process 1 it hears no other. OSError."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def stop(record: Record, number: int, grace: float, gone: Callable[[float], bool]) -> None:
    """Send process 1 a signal, and SIGKILL if it is still there after `grace` seconds.

    As a namespace's process 1 it does not get a signal that it has no handler for; then there is nothing to
    wait for, and it is killed at once. `gone(seconds)` waits for its end.
    """
    if number != signal.SIGKILL and listens_to(record.pid, number):
        os.kill(record.pid, number)
        if gone(grace):
            return
    os.kill(record.pid, signal.SIGKILL)
    gone(10)
