"""What the Vagrantfile says of this machine, and each provider's block. No virtual machine is started."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.need import need

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
AS_DOCUMENTED = ("vmware_desktop", "parallels", "qemu")


def ruby(code: str, **environment: str) -> tuple[int, str]:
    """The exit status and the words of some Ruby, asked of vagrant/netlab.rb; 3 is a message to the user."""
    words = [need("ruby"), "-r", str(HERE / "stand_in.rb"), "-r", "fileutils", "-e", code]
    done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def validate(tmp_path: Path):  # type: ignore[no-untyped-def]
    """`vagrant validate` for one provider."""

    def run(provider: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        (home / "Vagrantfile").write_text((HERE / "plugins.rb").read_text())
        own = {
            "VAGRANT_HOME": str(home),
            "VAGRANT_DOTFILE_PATH": str(tmp_path / "state"),
            "VAGRANT_DEFAULT_PROVIDER": provider,
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "NETLAB_LIBVIRT_DRIVER": "qemu",
        }
        command = [need("vagrant"), "validate", *words]
        return subprocess.run(
            command, cwd=ROOT / "vagrant", env={**os.environ, **own, **more}, capture_output=True, text=True
        )

    return run


@pytest.mark.parametrize("provider", ["virtualbox", "hyperv", *AS_DOCUMENTED])
def test_each_providers_block_is_well_formed(validate, provider: str) -> None:  # type: ignore[no-untyped-def]
    """`vagrant validate` loads the block: Vagrant's own providers as they are, the others by stand-ins."""
    words = [] if provider in AS_DOCUMENTED else ["--ignore-provider"]
    done = validate(provider, *words, NETLAB_HOSTS="2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "validated successfully" in done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NETLAB_MEMORY", "512"),
        ("NETLAB_CPUS", "many"),
        ("NETLAB_PORT", "80"),
        ("NETLAB_BOX", "no.box"),
        ("NETLAB_LANG", "fr"),
    ],
)
def test_a_wrong_setting_is_named(validate, name: str, value: str) -> None:  # type: ignore[no-untyped-def]
    """The message names the setting and says what to do; no trace of Ruby's."""
    done = validate("qemu", **{name: value})
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert name in said and "Next:" in said
    assert "netlab.rb:" not in said


def test_the_probe_believes_a_guest_that_ran(tmp_path: Path) -> None:
    """The tiny guest runs where its accelerator works, here in software; a silent one is not believed."""
    program = need("qemu-system-x86_64")
    code = """
    image = ARGV.fetch(0)
    words = ["%s", "-accel", "tcg", *Netlab.amd64_words(image)]
    File.binwrite(image, Netlab::AMD64_GUEST)
    print Netlab.boots?(words, 60)
    File.binwrite(image, "\\xEB\\xFE".b + "\\0".b * 508 + "\\x55\\xAA".b)
    print Netlab.boots?(words, 2)
    """.replace("ARGV.fetch(0)", repr(str(tmp_path / "image")))
    assert ruby(code % program) == (0, "truefalse")


def test_the_probe_is_what_its_source_says(tmp_path: Path) -> None:
    """The bytes in netlab.rb are guest.S, assembled."""
    made, image = tmp_path / "guest.o", tmp_path / "image"
    subprocess.run([need("as"), "--64", ROOT / "vagrant/guest.S", "-o", made], check=True)
    link = [need("ld"), "-m", "elf_x86_64", "-Ttext", "0x7c00", "--oformat", "binary", "-o", image, made]
    subprocess.run(link, check=True)
    assert ruby('print Netlab::AMD64_GUEST.unpack1("H*")') == (0, image.read_bytes().hex())


def test_a_taken_port_is_passed_by(tmp_path: Path) -> None:
    """libvirt's forwarding says nothing of a port that is taken, so the next free one is chosen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = ruby(
            f'print Netlab.libvirt_port("netlab", {port})', VAGRANT_DOTFILE_PATH=str(tmp_path)
        )
    assert status == 0
    assert int(said) > port


def test_what_is_missing_is_said_before_anything_is_begun() -> None:
    """No provider, and too little memory: what, why, and what to install or to type."""
    status, said = ruby("ARGV.replace(['up']); Netlab.need_provider")
    assert status == 3
    assert "Vagrant finds no program here that runs virtual machines" in said
    assert "vagrant-libvirt" in said and "VirtualBox" in said
    status, said = ruby("Netlab.need_memory(1 << 30)")
    assert status == 3
    assert "NETLAB_MEMORY=1536 vagrant up" in said


def test_who_reads_chinese_is_told_in_chinese() -> None:
    """NETLAB_LANG decides, else the locale; commands and settings stay as they are."""
    for wish in ({"NETLAB_LANG": "zh"}, {"NETLAB_LANG": "", "LC_ALL": "zh_CN.UTF-8"}):
        status, said = ruby("Netlab.need_memory(1 << 30)", **wish)
        assert status == 3
        assert "虚拟机要" in said and "下一步：" in said and "NETLAB_MEMORY=1536 vagrant up" in said
    assert (
        "The virtual machine wants"
        in ruby("Netlab.need_memory(1 << 30)", LC_ALL="zh_CN.UTF-8", NETLAB_LANG="en")[1]
    )
