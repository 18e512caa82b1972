"""The project's own Vagrantfile, brought up by a real Vagrant; and the offline box, built once and kept."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.vm.hypervisor import Hypervisor

ROOT = Path(__file__).parents[2]
URL = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=[0-9a-f]{48}")
# What the box is made of. The project's other files come into the machine at each `up`.
INGREDIENTS = (
    "vagrant/box",
    ".ci/install-docker",
    "run",
    "requirements.txt",
    "pyproject.toml",
)
MINUTE = 60
UP = 25 * MINUTE  # in software emulation, on a busy machine


def box() -> Path:
    """The box's file; built where no one with the same ingredients is kept in ~/.cache/netlab. Others go."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netlab"
    folder = cache / f"box-{_key()}"
    if not list(folder.glob("*.box")):
        subprocess.run([ROOT / "vagrant/box/build", folder], check=True, timeout=30 * MINUTE)
        for other in set(cache.glob("box-*")) - {folder}:
            shutil.rmtree(other)
    return next(folder.glob("*.box"))


def _key() -> str:
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


class Machine:
    """One virtual machine of the project's, in a hypervisor of its own."""

    def __init__(self, hypervisor: Hypervisor, folder: Path, box: Path) -> None:
        self.hypervisor, self.folder = hypervisor, folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NETLAB_")},
            "NETLAB_BOX": str(box),
            "VAGRANT_CWD": str(ROOT / "vagrant"),
            "VAGRANT_HOME": str(folder / "home"),
            "VAGRANT_DOTFILE_PATH": str(folder / "state"),
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "VAGRANT_NO_COLOR": "1",
            "NETLAB_LANG": "en",
        }
        self.said = ""

    def vagrant(self, *words: str, seconds: float = 5 * MINUTE, **more: str) -> str:
        """What `vagrant` says; it must succeed."""
        done = self.try_vagrant(*words, seconds=seconds, **more)
        assert done.returncode == 0, f"vagrant {' '.join(words)}: {done.stdout}"
        return done.stdout

    def try_vagrant(
        self, *words: str, seconds: float = 5 * MINUTE, **more: str
    ) -> subprocess.CompletedProcess[str]:
        with (self.folder / "said").open(
            "w+"
        ) as said:  # a pipe would be held open by what `vagrant` leaves running
            done = subprocess.run(
                self.hypervisor.words("vagrant", *words),
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=seconds,
            )
            said.seek(0)
            return subprocess.CompletedProcess(words, done.returncode, said.read())

    def up(self, *words: str) -> None:
        self.said = self.vagrant("up", *words, seconds=UP)
        (self.folder / "ssh").write_text(self.vagrant("ssh-config"))

    @property
    def url(self) -> str:
        """What the last `up` printed."""
        found = URL.search(self.said)
        assert found, self.said
        return found.group()

    def run(self, command: str, seconds: float = 5 * MINUTE, given: str = "") -> str:
        """What a shell command in the machine says; it must succeed."""
        done = subprocess.run(
            self.hypervisor.words("ssh", "-F", self.folder / "ssh", "netlab", command),
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def lab(self, command: str) -> str:
        """The same, in the lab host of the lab that JupyterLab shows."""
        return self.run(f"sudo -u netlab -H /home/netlab/netlab/run exec -- {command}")


def running(hypervisor: Hypervisor) -> Iterator[str]:
    """The names of the processes there, without the hypervisor's own."""
    listed = subprocess.run(
        hypervisor.words("ps", "-eo", "comm="), capture_output=True, text=True, check=True
    )
    own = {"python3", "libvirtd", "dnsmasq", "ps"}
    return (name for name in listed.stdout.split() if name not in own)
