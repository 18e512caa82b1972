"""A machine with systemd and control groups of version 2: the offline box, with a workshop in it, in QEMU.

Emulated, and slow: a minute until it answers. Its network is QEMU's own, which leads nowhere; two of its
ports are on this machine's loopback.
"""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.vm.machine import box
from tests.workshop.house import free_port, until

FURNISH = Path(__file__).with_name("furnish")
MINUTE = 60
PORT = 8000  # the workshop's, in there
SECONDS = 10 * MINUTE  # until something came about in an emulated machine


class Machine:
    """`ssh` and `http` are ports of this machine's loopback."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], ssh: int, http: int) -> None:
        self.folder, self.process, self.ssh = folder, process, ssh
        self.url = f"http://127.0.0.1:{http}"

    def run(self, command: str, seconds: float = 5 * MINUTE) -> str:
        """What a shell command of root's says; it must succeed."""
        done = self.attempt(command, seconds)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, command: str, seconds: float = MINUTE) -> subprocess.CompletedProcess[str]:
        options = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR"}
        words = ["ssh", "-i", self.folder / "key", "-p", self.ssh, "-o", "ConnectTimeout=20"]
        words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            [*map(str, words), "root@127.0.0.1", command], capture_output=True, text=True, timeout=seconds
        )

    def awaken(self) -> None:
        """Wait until it answers."""
        until(lambda: self.attempt("true").returncode == 0, SECONDS, "the machine's ssh")


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """A machine that answers, until the end of the block; what it writes goes with the folder."""
    disk = _disk(folder)
    ssh, http = free_port(), free_port()
    forwards = f"hostfwd=tcp:127.0.0.1:{ssh}-:22,hostfwd=tcp:127.0.0.1:{http}-:{PORT}"
    words = ["qemu-system-x86_64", "-machine", "pc,accel=tcg", "-cpu", "Nehalem", "-smp", "2", "-m", "3072"]
    words += ["-drive", f"file={disk},format=raw,if=virtio", "-display", "none", "-nodefaults"]
    words += ["-netdev", f"user,id=net,restrict=on,{forwards}", "-device", "virtio-net-pci,netdev=net"]
    words += ["-device", "virtio-rng-pci", "-serial", f"file:{folder / 'console'}"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as process:
        try:
            machine = Machine(folder, process, ssh, http)
            machine.awaken()
            yield machine
        finally:
            process.kill()


def _disk(folder: Path) -> Path:
    """The box's, furnished: the checkout is in /opt/netlab, set up."""
    disk, key = folder / "disk", folder / "key"
    with tarfile.open(box()) as archive:
        archive.extract("box.img", folder, filter="data")
    subprocess.run(["qemu-img", "convert", "-O", "raw", folder / "box.img", disk], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    subprocess.run([FURNISH, disk, key.with_suffix(".pub")], check=True, timeout=20 * MINUTE)
    return disk
