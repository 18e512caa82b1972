"""Real tools as Debian has them, unchanged, in a plain lab host: what they make is there, and works.

`.ci/fetch-tools` has unpacked them; each runs in a mount namespace of the lab's in which their files lie
where they belong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.need import missing, tools

# Their programs above the machine's own, and their settings where they may be written.
ENTER = """set -e
mount -t overlay overlay -o "lowerdir={tools}/usr:/usr" /usr
for name in ufw default firewalld; do mkdir -p /etc/$name; mount --bind /tmp/settings/$name /etc/$name; done
PATH=/usr/sbin:/usr/bin exec "$@"
"""
# What the packages do when they are installed.
SETTINGS = """mkdir -p /tmp/settings/ufw /tmp/settings/default /tmp/settings/firewalld
cd "{tools}"
cp usr/share/ufw/*.init usr/share/ufw/ufw.conf usr/share/ufw/iptables/*.rules /tmp/settings/ufw
cp -r etc/ufw/. /tmp/settings/ufw; cp etc/default/ufw /tmp/settings/default
cp -r etc/firewalld/. /tmp/settings/firewalld
cat >/tmp/enter
"""
OUTSIDE = "192.0.2.10"
FETCH = ["curl", "-s", "-m1", "-o", "/dev/null", "-w", "%{http_code}"]
BRIDGE = {"cniVersion": "0.4.0", "name": "lab", "type": "bridge", "bridge": "cni0", "isGateway": True}
BRIDGE |= {
    "ipMasq": True,
    "ipam": {"type": "host-local", "subnet": "10.22.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]},
}


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    """A plain lab for all."""
    tools()
    lab = Lab.up(f"r{os.getpid()}-tools", engine="plain")
    lab.reset()  # the child that does it stays, and no test has left it behind
    yield lab
    lab.down()


@pytest.fixture
def plain(host: Lab) -> Iterator[Lab]:
    """With the tools' settings as they are at first, and a server at ports 8000 and 9000."""
    place = tools()
    done = host.run(["bash", "-ec", SETTINGS.format(tools=place)], input=ENTER.format(tools=place))
    assert done.returncode == 0, done.stderr
    sh(host, "for port in 8000 9000; do busybox httpd -p $port -h /tmp; done; touch /tmp/index.html")
    yield host
    host.reset()


def real(lab: Lab, *words: str) -> CompletedProcess[str]:
    """Run one of them."""
    return lab.run(["unshare", "-m", "bash", "/tmp/enter", *words], timeout=60)


def said(lab: Lab, *words: str) -> str:
    """What one of them says when it does it."""
    done = real(lab, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(lab: Lab, port: int) -> bool:
    """Whether somebody outside gets a page from that port of the lab host's."""
    return lab.run([*FETCH, f"http://{OUTSIDE}:{port}/"], node="internet").stdout == "200"


def test_ufw_allows_denies_and_is_switched_off(plain: Lab) -> None:
    """enable, allow, deny, status, delete, disable: by what comes through."""
    assert "Status: inactive" in said(plain, "ufw", "status") and answers(plain, 8000)
    said(plain, "ufw", "allow", "8000/tcp")
    assert "Firewall is active" in said(plain, "ufw", "--force", "enable")
    assert answers(plain, 8000) and not answers(plain, 9000)
    said(plain, "ufw", "allow", "from", "192.0.2.0/24", "to", "any", "port", "9000", "proto", "tcp")
    assert answers(plain, 9000) and "9000/tcp" in said(plain, "ufw", "status", "verbose")
    said(plain, "ufw", "deny", "8000/tcp")
    assert not answers(plain, 8000)
    said(plain, "ufw", "delete", "deny", "8000/tcp")
    assert "8000" not in said(plain, "ufw", "status")
    said(plain, "ufw", "disable")
    assert answers(plain, 8000)
    assert sh(plain, "iptables -S INPUT").startswith("-P INPUT ACCEPT")


def test_firewalld_lays_its_own_rules(plain: Lab) -> None:
    """Settings by firewall-offline-cmd; its own core makes the table of nft's, without the bus."""
    for words in (["--add-port=8000/tcp"], ["--add-service=http"], ["--add-masquerade"]):
        said(plain, "firewall-offline-cmd", "--zone=public", *words)
    assert "8000/tcp" in said(plain, "firewall-offline-cmd", "--list-all")
    start = "from firewall.core.fw import Firewall; f = Firewall(); f.start(); print(f.get_state())"
    assert "RUNNING" in said(plain, "/usr/bin/python3", "-c", start)
    assert answers(plain, 8000) and not answers(plain, 9000)
    rules = sh(plain, "nft list table inet firewalld")
    assert "tcp dport 8000" in rules and "masquerade" in rules


def test_the_old_iptables_beside_nft(plain: Lab) -> None:
    """Each sees its own rules, says that there are others, and both are asked; a reset takes both."""
    sh(plain, "iptables-legacy -A INPUT -p tcp --dport 8000 -j DROP")
    sh(plain, "iptables -A INPUT -p tcp --dport 9000 -j REJECT")
    assert not answers(plain, 8000) and not answers(plain, 9000)
    listed = plain.script("iptables -S INPUT")
    assert "8000" not in listed.stdout and "iptables-legacy tables present" in listed.stderr
    assert "9000" not in sh(plain, "iptables-legacy -S INPUT")
    plain.reset()
    assert sh(plain, "iptables -S INPUT; iptables-legacy -S INPUT") == "-P INPUT ACCEPT\n" * 2


def cni(lab: Lab, verb: str, plugin: str, network: object) -> dict[str, object]:
    """Do by hand what a kubelet does: a plugin's program, with the network on standard input."""
    place = f"{tools()}/usr/lib/cni"
    words = [f"CNI_COMMAND={verb}", "CNI_CONTAINERID=pod1", "CNI_NETNS=/run/netns/pod", "CNI_IFNAME=eth0"]
    done = lab.run(["env", *words, f"CNI_PATH={place}", f"{place}/{plugin}"], input=json.dumps(network))
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout)) if done.stdout else {}


def test_a_cni_plugin_by_hand(plain: Lab) -> None:
    """bridge with host-local: an address, a gateway, the way out; portmap: a port from outside; then DEL."""
    sh(plain, "ip netns add pod")
    made = cni(plain, "ADD", "bridge", BRIDGE)
    assert "10.22.0.2/16" in sh(plain, "ip -n pod -br -4 addr")
    sh(plain, "ip netns exec pod ping -c1 -W1 10.22.0.1; ip netns exec pod ping -c1 -W1 39.106.233.176")
    port = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
    mapped = {"cniVersion": "0.4.0", "name": "lab", "type": "portmap", "prevResult": made}
    mapped["runtimeConfig"] = {"portMappings": [port]}
    cni(plain, "ADD", "portmap", mapped | {"capabilities": {"portMappings": True}})
    sh(plain, "ip netns exec pod busybox httpd -p 80 -h /tmp")
    assert answers(plain, 8080)
    cni(plain, "DEL", "bridge", BRIDGE)
    assert "eth0" not in sh(plain, "ip -n pod -br link")


PODMAN = """set -e
mount -t tmpfs none /sys/fs/cgroup
mkdir -p /etc/containers /tmp/containers
cp -r "{tools}"/etc/containers/. /tmp/containers
echo '{{"default": [{{"type": "insecureAcceptAnything"}}]}}' >/tmp/containers/policy.json
mount --bind /tmp/containers /etc/containers
mkdir -p /tmp/image/bin /tmp/image/proc /tmp/image/sys /tmp/image/dev /tmp/image/etc /tmp/image/run
cp "$(command -v busybox)" /tmp/image/bin
export HOME=/root XDG_RUNTIME_DIR=/run
exec podman --root /tmp/podman --runroot /run/podman --storage-driver vfs --cgroup-manager cgroupfs \\
    --events-backend file run --rm --cgroups=disabled "$@" --rootfs /tmp/image /bin/busybox {command}
"""


def test_podman_runs_a_container_on_its_own_bridge(plain: Lab) -> None:
    """Rootless for the machine, root in the lab; without control groups, of which a lab has none."""
    place = tools()
    if not (place / "usr/bin/podman").exists():
        missing("podman is large and was not fetched: rm -r .venv/tools; CI=true .ci/fetch-tools .venv/tools")
    if sh(plain, "cat /proc/self/gid_map").split()[2] == "1":
        pytest.skip("an ordinary user's lab has one group, and a container's terminals want another: as root")
    script = PODMAN.format(tools=place, command="ip -o -4 addr")
    assert "eth0" not in said(plain, "bash", "-c", script, "podman", "--network", "none")
    assert " 10.88.0." in said(plain, "bash", "-c", script, "podman")
    fetch = PODMAN.format(tools=place, command="wget -qO /tmp/page http://10.88.0.1:8000/index.html")
    said(plain, "bash", "-c", fetch, "podman", "--tmpfs", "/tmp")


def test_the_tools_are_what_debian_has() -> None:
    """None is a script of ours."""
    place = tools()
    for name in ("usr/sbin/ufw", "usr/sbin/dnsmasq", "usr/lib/cni/bridge", "usr/bin/firewall-offline-cmd"):
        assert Path(place, name).stat().st_size > 2000, name
