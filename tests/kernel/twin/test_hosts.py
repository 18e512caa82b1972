"""Packs of hosts as others set them up: the rule sets of firewalld and ufw, made by their own programs."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh
from tests.kernel.twin.world import listings, wait_for_rest

PACKAGES = (
    "firewalld",
    "python3-firewall",
    "python3-nftables",
    "python3-dbus",
    "python3-gi",
    "gir1.2-glib-2.0",
)
PACKAGES += ("libgirepository-1.0-1", "ufw")
SECONDS = 120.0
FIREWALLD = """
import sys
sys.path.insert(0, "{tree}/usr/lib/python3/dist-packages")
import firewall.config
firewall.config.set_system_config_paths("{tree}/etc/firewalld")
firewall.config.set_default_config_paths("{tree}/usr/lib/firewalld")
from firewall.core.fw import Firewall
firewalld = Firewall()
firewalld.start()
firewalld.zone.add_port("public", "8080", "tcp")
firewalld.zone.add_masquerade("public")
firewalld.zone.add_source("drop", "203.0.113.0/24")
"""
# What ufw's own start does with the rule files that its package brings.
UFW = """
cd {tree}/usr/share/ufw
for chain in logging-deny logging-allow skip-to-policy-{{input,output,forward}}; do
  echo ":ufw-$chain - [0:0]"
done >/tmp/others
for chain in input output forward; do
  for part in before-logging before after after-logging reject track; do
    echo ":ufw-$part-$chain - [0:0]"; echo "-A ${{chain^^}} -j ufw-$part-$chain"
  done
done | LC_ALL=C sort -r | sed '1i*filter' >/tmp/chains
sed -i '1r /tmp/others' /tmp/chains
echo COMMIT >>/tmp/chains
iptables-restore -n </tmp/chains
for file in before after user; do iptables-restore -n <$file.rules; done
iptables -A ufw-user-input -p tcp --dport 22 -m limit --limit 6/min -j ACCEPT
"""


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in those packages of Debian's, unpacked into a folder; nothing of it is installed."""
    tree = tmp_path_factory.mktemp("packages")
    if not shutil.which("apt-get"):
        pytest.skip("this is no Debian")
    got = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=tree, capture_output=True, timeout=SECONDS, check=False
    )
    if got.returncode:
        pytest.skip("Debian's packages cannot be had here")
    for file in tree.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", file, tree / "tree"], check=True)
    return tree / "tree"


@pytest.fixture
def tree(debian: Path, lab: Lab) -> Iterator[Path]:
    """The same where the lab sees it."""
    place = lab.exchange / "packages"
    shutil.copytree(debian, place, symlinks=True, dirs_exist_ok=True)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a second lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def assert_alike(lab: Lab, twin: Lab) -> None:
    """To the tools, and to a pack, once the lab itself has its addresses: it has been up for a moment."""
    wait_for_rest(lab)
    ours, theirs = (Counter(listings(each, "host")) for each in (lab, twin))
    others = (ours - theirs).total() + (theirs - ours).total()
    assert others <= ours.total() / 100, [*(ours - theirs), "", *(theirs - ours)]
    assert differences(lab.pack(), twin.pack()) == []
    assert twin.status().about == (f"a twin of {lab.name}",)


def test_a_host_with_firewalld(lab: Lab, tree: Path, twin_name: str) -> None:
    """Its zones, chains, sets and fib expressions of nft, as firewalld itself loads them."""
    script = lab.exchange / "firewalld.py"
    script.write_text(FIREWALLD.format(tree=tree))
    done = lab.run(["/usr/bin/python3", str(script)])
    assert done.returncode == 0, done.stderr
    assert "firewalld" in sh(lab, "nft list tables")
    assert_alike(lab, lab.copy(twin_name))


def test_a_host_with_ufw(lab: Lab, tree: Path, twin_name: str) -> None:
    """The rules that its package brings, and one that was added."""
    sh(lab, UFW.format(tree=tree))
    assert sh(lab, "iptables-save").count("ufw-") > 60
    assert_alike(lab, lab.copy(twin_name))


def test_a_host_with_fifty_containers(lab: Lab, twin_name: str) -> None:
    """Each is in the twin, at its cable, with its ports; published ones are rules there, too."""
    runs = [f"docker run -d --name c{n} -p {9000 + n}:80 centos:8 sleep 36000" for n in range(50)]
    sh(lab, "\n".join(runs))
    found = lab.pack()
    assert len(found.nodes) == 52
    twin = lab.copy(twin_name)
    assert differences(found, twin.pack()) == []
    names = "docker ps --format '{{.Names}} {{.Ports}}' | sort"
    assert sh(twin, names) == sh(lab, names)
