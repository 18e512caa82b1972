"""What ./run says and does on machines that lack something, played with stand-ins for their commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What the script itself calls. Everything else is missing on these machines unless a test says otherwise.
OWN_TOOLS = ("sh", "cat", "cksum", "dirname", "sort", "tr", "env", "rm", "mkdir", "awk", "df", "sed")
LAB_TOOLS = ("bash", "ip", "iptables", "ebtables", "nft", "tcpdump", "conntrack", "ping", "ps", "unshare")
LAB_TOOLS += ("nsenter", "setpriv", "flock", "busybox", "curl")


class Machine:
    """A fresh clone on a machine with just these commands."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.clone = folder / "bin", folder / "a clone"
        self.bin.mkdir()
        self.clone.mkdir()
        for name in ("run", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.clone)
        self.kernels = self.clone / "netlab/jupyter/kernelspec.py"
        self.kernels.parent.mkdir(parents=True)
        shutil.copy(ROOT / "netlab/jupyter/kernelspec.py", self.kernels)
        script = (self.clone / "run").read_text()
        fixed = script.replace(":/usr/local/sbin:/usr/sbin:/sbin", "").replace("/usr/local/bin/python3", "")
        (self.clone / "run").write_text(fixed.replace("/usr/bin/python3", ""))
        for name in OWN_TOOLS:
            self.add(name, script=f'exec {shutil.which(name)} "$@"')
        self.add("id", script='[ "$1" = -u ] && echo 1000 || echo learner')

    def add(self, *names: str, script: str = "") -> None:
        for name in names:
            (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.bin / name).chmod(0o755)

    def ready(self) -> None:
        """As after a finished set-up."""
        (self.clone / ".venv/bin").mkdir(parents=True)
        python = self.clone / ".venv/bin/python"
        python.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
        python.chmod(0o755)
        project = (self.clone / "pyproject.toml").read_text().partition("[tool")
        wanted = (
            (self.clone / "requirements.txt").read_text() + self.kernels.read_text() + "".join(project[:2])
        )
        wanted += project[2].partition("\n")[0] + "\n"
        sums = subprocess.run(["cksum"], input=wanted, text=True, capture_output=True, check=True).stdout
        (self.clone / ".venv/.ready").write_text(f"{sums.strip()} {self.clone.resolve()}\n")

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.clone / "run", *words],
            env={"PATH": str(self.bin), **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_root_it_says_what_to_type(machine: Machine) -> None:
    """Who may not install packages is told the one command."""
    for name in LAB_TOOLS:
        if name not in ("tcpdump", "conntrack"):
            machine.add(name)
    machine.add("apt-get", script="echo must not be called; exit 1")
    done = machine.run()
    assert done.returncode == 1
    assert "  Next: sudo apt-get install -y --no-install-recommends conntrack tcpdump\n" in done.stderr


@pytest.mark.parametrize(
    ("manager", "package"),
    [("dnf", "iproute"), ("pacman", "procps-ng"), ("zypper", "conntrack-tools"), ("apk", "util-linux-misc")],
)
def test_packages_go_by_the_system_s_own_names(machine: Machine, manager: str, package: str) -> None:
    """Every package manager is asked in its own words."""
    machine.add(manager)
    done = machine.run()
    assert done.returncode == 1
    assert f"Next: sudo {manager} " in done.stderr
    assert package in done.stderr.splitlines()[-1].split()


def test_an_unknown_system_gets_the_commands_by_name(machine: Machine) -> None:
    """Without a known package manager the missing commands are listed."""
    done = machine.run()
    assert done.returncode == 1
    assert "conntrack" in done.stderr and "Next: install the packages that bring them" in done.stderr


def test_root_installs_what_is_missing(machine: Machine, tmp_path: Path) -> None:
    """Root gets the missing packages installed, and no others."""
    machine.add("id", script="echo 0")
    machine.add("apt-get", script=f'echo "$@" >> {tmp_path}/asked')
    machine.ready()
    machine.run("status")
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("update")
    assert "install -y --no-install-recommends bash busybox-static" in asked


def test_passwordless_sudo_installs_too(machine: Machine, tmp_path: Path) -> None:
    """So does who may use sudo without a password."""
    machine.add("apt-get", script=f'echo "$@" >> {tmp_path}/asked')
    machine.add("sudo", script='[ "$1" = -n ] && shift; exec "$@"')
    machine.add("true")
    machine.ready()
    machine.run("status")
    assert "tcpdump" in (tmp_path / "asked").read_text()


def test_without_python_it_says_so(machine: Machine) -> None:
    """No Python 3.11 or newer: one message with what to install."""
    machine.add(*LAB_TOOLS)
    machine.add("python3", script="exit 1")  # too old, or without venv
    machine.add("dnf")
    done = machine.run()
    assert done.returncode == 1
    assert "Next: sudo dnf install -y python3\n" in done.stderr


def test_a_full_disk_is_said_before_anything_is_begun(machine: Machine) -> None:
    """Too little room is found before the first file is written."""
    machine.add(*LAB_TOOLS)
    machine.add("python3")
    machine.add("df", script="echo head; echo /dev/vda 1000000 900000 102400 90% /")
    done = machine.run()
    assert done.returncode == 1
    assert "100 MB free, 900 needed" in done.stderr
    assert not (machine.clone / ".venv/.ready").exists()


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write everywhere; ./run test runs it as an ordinary user"
)
def test_a_checkout_of_somebody_else_is_said(machine: Machine) -> None:
    """A folder that cannot be written to is named."""
    machine.add(*LAB_TOOLS, "python3")
    machine.clone.chmod(0o555)
    done = machine.run()
    assert done.returncode == 1
    assert "is not writable for learner" in done.stderr


def test_what_is_ready_is_not_made_again(machine: Machine) -> None:
    """The second start makes nothing."""
    machine.add(*LAB_TOOLS)
    machine.ready()
    done = machine.run("--lab", "b", "exec", "--", "a b", "c")
    assert (done.returncode, done.stderr) == (7, ""), "the command's own status, and not a word"
    assert done.stdout == "-P -m netlab --lab b exec -- a b c\n"


def test_new_requirements_are_installed(machine: Machine) -> None:
    """A changed requirements.txt is installed by the next start."""
    machine.add(*LAB_TOOLS)
    machine.ready()
    with (machine.clone / "requirements.txt").open("a") as file:
        file.write("another==1\n")
    for _ in range(2):  # the second start goes on where the first failed
        done = machine.run("setup")
        assert done.returncode == 1
        assert "Installing the Python packages with pip" in done.stderr
        assert "Next: when the package index can be reached" in done.stderr


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"NETLAB_LANG": "zh"}, True),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"NETLAB_LANG": "en", "LANG": "zh"}, False),
    ],
)
def test_who_reads_chinese_gets_its_letters(
    machine: Machine, tmp_path: Path, environment: dict[str, str], wanted: bool
) -> None:
    """The typeface is installed when it is missing and root asks, and for nobody else."""
    machine.add(*LAB_TOOLS)
    machine.add("id", script="echo 0")
    machine.add("find")  # finds nothing
    machine.add("apt-get", script=f'echo "$@" >> {tmp_path}/asked')
    machine.ready()
    assert machine.run("status", **environment).returncode == 7
    asked = tmp_path / "asked"
    assert ("fonts-wqy-microhei" in asked.read_text() if asked.exists() else False) == wanted
    machine.add("find", script="echo wqy-microhei.ttc")
    asked.unlink(missing_ok=True)
    assert machine.run("status", **environment).returncode == 7
    assert not asked.exists()


def test_without_letters_and_root_it_goes_on(machine: Machine) -> None:
    """Chinese is no reason to stop somebody who may not install a typeface; what is said is in Chinese."""
    machine.add(*LAB_TOOLS)
    machine.add("find")
    machine.add("apt-get", script="echo must not be called; exit 1")
    machine.ready()
    done = machine.run("status", NETLAB_LANG="zh")
    assert (done.returncode, done.stderr) == (7, "")
    (machine.bin / "tcpdump").unlink()
    done = machine.run("--lang", "zh", "status")
    assert "缺少这些系统软件包" in done.stderr
    assert "  下一步：sudo apt-get install" in done.stderr
