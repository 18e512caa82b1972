"""A small machine for libvirtd: process 1 of namespaces of its own, started by hypervisor.py.

    inside.py FOLDER

It has its own /run and libvirt's folders, and a network with nothing in it but the loopback and what libvirt
makes. It says "ready" when libvirtd answers, and ends when its standard input does; the kernel then ends all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SECONDS = 60
QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""
# libvirtd looks them up before it has read that it needs neither.
USERS = {
    "passwd": "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\nkvm:x:64056:\n",
}
LIBVIRTD_CONF = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n'


def main(folder: Path) -> None:
    threading.Thread(target=_end_with_input, daemon=True).start()
    _mount(folder)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with (folder / "libvirtd.log").open("wb") as log:
        daemon = subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline, pause = time.monotonic() + SECONDS, threading.Event()
    while subprocess.run(["virsh", "-q", "list"], capture_output=True).returncode:
        if daemon.poll() is not None or time.monotonic() > deadline:
            sys.exit((folder / "libvirtd.log").read_text() or "libvirtd does not answer")
        pause.wait(0.1)
    print("ready", flush=True)
    while True:  # process 1 collects the orphans
        if os.wait()[0] == daemon.pid:
            sys.exit("libvirtd has ended")


def _mount(folder: Path) -> None:
    """Nothing of the machine's libvirt is seen here, and nothing of this one is seen there."""
    for path in ("/run", "/etc/libvirt", "/var/cache/libvirt", "/var/log/libvirt"):
        Path(path).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)  # with this network in it
    disks = folder / "libvirt"
    disks.mkdir(exist_ok=True)
    Path("/var/lib/libvirt").mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", disks, "/var/lib/libvirt"], check=True)
    for name, line in USERS.items():
        own = folder / name
        own.write_text(Path("/etc", name).read_text() + line)
        subprocess.run(["mount", "--bind", own, f"/etc/{name}"], check=True)
    Path("/run/lock").mkdir()
    Path("/etc/libvirt/qemu.conf").write_text(QEMU_CONF)
    Path("/etc/libvirt/libvirtd.conf").write_text(LIBVIRTD_CONF)


def _end_with_input() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    main(Path(sys.argv[1]))
