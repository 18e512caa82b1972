"""brctl, nc and busybox's applets, which stand for what a machine has not: also in a container."""

from __future__ import annotations

from netlab.lab import Lab
from netlab.linux.sandbox import stand_ins
from tests.kernel.conftest import sh

BIN = "mkdir -p /tmp/bin; cat >/tmp/bin/{0}; chmod +x /tmp/bin/{0}"


def offer(lab: Lab, name: str, text: str) -> str:
    """Have the stand-in there, whether the machine has the program or not; its path."""
    done = lab.run(["sh", "-c", BIN.format(name)], input=text)
    assert done.returncode == 0, done.stderr
    return f"/tmp/bin/{name}"


def test_brctl_says_it_with_ip(lab: Lab) -> None:
    """addbr, addif, show, stp, delif, delbr; a link that is no bridge, or is up, is not taken away."""
    brctl = offer(lab, "brctl", stand_ins.BRCTL)
    sh(lab, f"{brctl} addbr br0; ip link add v1 type veth peer name v2; {brctl} addif br0 v1 v2")
    shown = sh(lab, f"{brctl} stp br0 on; {brctl} show br0").splitlines()
    assert shown[0].split()[:4] == ["bridge", "name", "bridge", "id"]
    assert (
        shown[1].split()[0] == "br0" and shown[1].split()[2:] == ["yes", "v1"] and shown[2].split() == ["v2"]
    )
    assert "docker0" in sh(lab, f"{brctl} show") and "v1" in sh(lab, f"{brctl} showmacs br0")
    assert "still up" in lab.script(f"ip link set br0 up; {brctl} delbr br0").stderr
    assert "doesn't exist" in lab.script(f"{brctl} delbr eth0").stderr
    sh(lab, f"{brctl} delif br0 v1; ip link set br0 down; {brctl} delbr br0; ip link show eth0")
    assert lab.script("ip link show br0").returncode and lab.script(f"{brctl} addbr").returncode


def test_nc_looks_at_ports_and_listens(lab: Lab) -> None:
    """-z of one and of several, -l with what comes, -u both ways."""
    nc = offer(lab, "nc", stand_ins.NC)
    wait = "until ss -Hltn{0} | grep -q :{1}; do sleep 0.05; done"
    refused = lab.script(f"{nc} -zv 127.0.0.1 9000")
    assert refused.returncode == 1 and "Connection refused" in refused.stderr
    listening = f"{nc} -l -p 9000 >/tmp/heard & {wait.format('', 9000)}"
    assert sh(lab, f"{listening}; echo hello | {nc} -w 1 127.0.0.1 9000; wait; cat /tmp/heard") == "hello\n"
    sh(lab, f"busybox httpd -p 9001; {wait.format('', 9001)}")
    several = lab.script(f"{nc} -zv 127.0.0.1 9000-9002")
    assert several.returncode == 1 and "9001 port [tcp/*] succeeded" in several.stderr
    heard = f"{nc} -lu 9003 >/tmp/heard & {wait.format('u', 9003).replace('-Hltn', '-Hln')}"
    sent = f"echo datagram | {nc} -u -w 1 127.0.0.1 9003; kill $!; cat /tmp/heard"
    assert sh(lab, f"{heard}; {sent}") == "datagram\n"


def test_what_the_machine_has_is_not_replaced(lab: Lab) -> None:
    """And what it has not is there, in the lab host and in a container; a container has no docker."""
    names = sorted(stand_ins.programs())
    assert "ip" not in names and not stand_ins.programs().keys() & {"ping", "curl"}
    found = f"for name in brctl nc traceroute route {' '.join(names)}; do command -v $name || exit; done"
    assert sh(lab, found) == sh(lab, f"docker run --rm alpine sh -c '{found}'")
    inside = lab.script("docker run --rm alpine docker ps")
    assert inside.returncode == 127 and "a container has no Docker" in inside.stderr


def test_busybox_fetches_from_an_address(lab: Lab) -> None:
    """A static busybox may crash over name services; in a lab host and a container it does not."""
    sh(lab, "docker run -d --name web nginx")
    for before in ("", "docker run --rm alpine "):
        page = f"for i in $(seq 50); do {before}busybox wget -qO- http://172.17.0.2/ && exit; done; exit 1"
        assert "Welcome to nginx!" in sh(lab, page)
