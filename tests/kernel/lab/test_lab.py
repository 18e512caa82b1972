"""A lab comes, is used, and is put back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP

from netlab.errors import BadInput, CommandFailed, LabAlreadyUp, LabError, UnknownName
from netlab.i18n import speaking
from netlab.keeper import address
from netlab.lab import Lab
from netlab.model import Route
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def test_base_lab_has_what_the_lecture_starts_from(lab: Lab) -> None:
    """Internet, host with uplink, docker0 and Docker's rules, forwarding off, no container."""
    seen = lab.snapshot()
    assert [node.name for node in seen.nodes] == ["host", "internet"]
    host, internet = seen.node("host"), seen.node("internet")
    assert internet.owns("39.106.233.176")
    assert host.interface("docker0").mac.startswith("02:42:")
    assert [str(a) for a in host.interface("docker0").addresses if a.family == 4] == ["172.17.0.1/16"]
    assert host.interface("eth0").peer == internet.interface("uplink").id
    assert host.sysctls["net.ipv4.ip_forward"] == "0"
    assert host.chain("filter", "FORWARD").policy == "DROP"
    assert any(rule.target == "MASQUERADE" for rule in host.chain("nat", "POSTROUTING").rules)
    assert lab.probe("host", "39.106.233.176", 1).reached


LAGGING = {"linkdown", "dead"}


def is_link_local(route: Route) -> bool:
    return "fe80" in str(route) or "ff00" in str(route)


def test_reset_takes_everything_back_that_a_learner_can_leave(lab: Lab) -> None:
    """Links, addresses, routes, rules of every backend, settings, namespaces, containers, stray processes."""
    fresh = lab.snapshot()
    sh(
        lab,
        """
        docker run -d --name web -p 8080:80 nginx sleep 1000
        ip netns add blue; ip link add v0 type veth peer name v1 netns blue
        ip link del eth0; ip link del docker0
        ip addr add 10.9.9.9/32 dev lo; ip route add blackhole 10.8.0.0/16; ip rule add from 1.2.3.4 table 7
        iptables -F; iptables -t nat -F; nft add table inet mine; iptables-legacy -P FORWARD DROP || true
        echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter
        echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all
        sleep 1234 >/dev/null 2>&1 & disown
        """,
    )
    lab.reset()
    back = lab.snapshot()

    def essence(snapshot):  # type: ignore[no-untyped-def]
        return [
            (
                node.name,
                {
                    (i.name, i.kind, tuple(map(str, i.addresses)) if i.name != "eth0" else ())
                    for i in node.interfaces
                },
                # The kernel says up to a second later that a bridge without ports carries nothing.
                {str(replace(r, flags=r.flags - LAGGING)) for r in node.routes if not is_link_local(r)},
                [
                    (c.table, c.name, c.policy, [r.text for r in c.rules])
                    for c in node.chains
                    if c.backend == "nft"
                ],
                [c for c in node.chains if c.backend == "native"],
                {k: v for k, v in node.sysctls.items() if "conntrack" not in k},
            )
            for node in snapshot.nodes
        ]

    def without_link_local(snapshot):  # type: ignore[no-untyped-def]
        return [
            (name, {(n, k, tuple(a for a in x if not a.startswith("fe80"))) for n, k, x in links}, *rest)
            for name, links, *rest in essence(snapshot)
        ]

    assert without_link_local(back) == without_link_local(fresh)
    assert "sleep" not in sh(lab, "ps -e")
    assert sh(lab, "ip rule | wc -l").strip() == "3"
    assert lab.probe("host", "39.106.233.176", 1).reached


def test_a_second_up_is_refused_with_what_to_do(lab: Lab) -> None:
    """Two labs cannot have one name; the message tells how to go on."""
    with pytest.raises(LabAlreadyUp, match="reset"):
        Lab.up(lab.name)
    assert lab.status().name == lab.name


def test_labs_side_by_side_do_not_see_each_other(lab: Lab) -> None:
    """What is made in one lab is not in another."""
    other = Lab.up(f"{lab.name}b"[:32])
    try:
        sh(other, "ip link add only0 type bridge")
        assert other.snapshot().node("host").has_interface("only0")
        assert not lab.snapshot().node("host").has_interface("only0")
        assert {lab.name, other.name} <= set(address.names())
    finally:
        other.down()


def test_exit_status_streams_and_signals_pass_through(lab: Lab) -> None:
    """`exec` is as transparent as a shell: input, output, status, and the interrupt."""
    done = lab.run(["sh", "-c", "cat; echo err >&2; exit 7"], input="hello")
    assert (done.stdout, done.stderr, done.returncode) == ("hello", "err\n", 7)
    assert lab.run(["no-such-program"]).returncode == 127
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--", "ping", "39.106.233.176"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ping:
        assert ping.stdout is not None
        assert "PING" in ping.stdout.readline()
        assert "64 bytes" in ping.stdout.readline()
        ping.send_signal(signal.SIGINT)
        assert "0% packet loss" in ping.stdout.read()
    assert ping.returncode == 0


def test_a_killed_client_takes_its_command_along(lab: Lab) -> None:
    """Nobody is left pinging when the one who asked for it is gone."""
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--", "sleep", "4321"]
    with subprocess.Popen(command) as client:
        assert eventually(lambda: "sleep 4321" in sh(lab, "ps -ef"))
        client.kill()
    assert eventually(lambda: "sleep 4321" not in sh(lab, "ps -ef"))


def test_commands_run_on_the_node_that_is_named(lab: Lab) -> None:
    """Host, container, internet and a namespace made by hand are each reached by name."""
    sh(lab, "docker run -d --name if-test x sleep 1000; ip netns add blue")
    assert "docker0" in sh(lab, "ip -br link")
    assert "172.17.0.2" in sh(lab, "ip -br addr", "if-test")
    assert sh(lab, "ps -e | wc -l", "if-test").strip() == "5", "bash, ps, wc, sleep and a heading"
    assert "39.106.233.176" in sh(lab, "ip -br addr", "internet")
    assert "lo" in sh(lab, "ip -br link", "blue")
    with pytest.raises(UnknownName, match="if-tset"):
        lab.run(["true"], node="if-tset")


def test_what_is_asked_of_host_is_not_asked_of_a_container_of_that_name(lab: Lab) -> None:
    """A container may be called host, or internet; probes and routes are those of the lab's own nodes."""
    sh(lab, "for n in host internet; do docker run -d --name $n --network none x sleep 1000; done")
    assert "dev eth0 " in lab.route("host", "192.0.2.1")[1]
    assert "dev uplink " in lab.route("internet", "192.0.2.10")[1]
    assert lab.probe("host", "39.106.233.176", 1).reached


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "../etc"])
def test_names_that_make_no_sense_are_refused(name: str) -> None:
    """A lab's name is a plain word."""
    with pytest.raises(BadInput, match="letters"):
        Lab.up(name)


def test_an_unknown_engine_is_refused() -> None:
    """The message lists the engines that there are."""
    with pytest.raises(BadInput, match="namespaces"):
        Lab.up("e", engine="podman")


def test_an_exchange_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that another user could have put there is not trusted."""
    monkeypatch.setenv("NETLAB_EXCHANGE", str(tmp_path / "here"))
    (tmp_path / "here").symlink_to(tmp_path)
    with pytest.raises(LabError, match="somebody else"):
        Lab.up(f"x{os.getpid()}")


def test_learners_cannot_end_the_lab_or_reach_the_internet_node(lab: Lab) -> None:
    """From inside, what belongs to the outer level is refused."""
    code = f"""
import sys; sys.path.insert(0, {str(address.HOME)!r})
from netlab.lab import Lab
from netlab.i18n import speaking
from netlab.model import Route
for ask in (lambda: Lab.here().run(["true"], node="internet"), lambda: Lab.here().down()):
    try: ask(); print("done")
    except Exception as error: print(type(error).__name__)
"""
    done = lab.run([sys.executable, "-c", code])
    assert done.stdout.split() == ["LabError", "LabError"], done.stderr
    assert lab.status()


def test_the_machine_is_read_only_and_out_of_reach(lab: Lab) -> None:
    """No file, device or setting of the machine can be changed from the lab."""
    for command in (
        "touch /usr/bin/x",
        "rm /bin/ls",
        "echo 1 > /proc/sys/vm/swappiness",
        "mount -o remount,rw /usr",
        "umount /usr",
        "mknod /dev/sda b 8 0",
        "dmesg -C",
    ):
        assert lab.run(["bash", "-c", command]).returncode != 0, command
    assert sh(lab, "readlink /proc/self/ns/net") != os.readlink("/proc/self/ns/net")


def test_the_lab_answers_in_the_language_of_who_asks(lab: Lab) -> None:
    """Errors of its keeper, which was started in another one, and whatever is started in it."""
    with speaking("zh"):
        with pytest.raises(UnknownName, match="没有名为 'nobody' 的节点"):
            lab.run(["true"], "nobody")
        with pytest.raises(UnknownName, match="没有名为 'nobody' 的节点"):
            lab.probe("nobody", "192.0.2.1")
        assert lab.run(["printenv", "NETLAB_LANG"]).stdout == "zh\n"
        assert "实验环境：" in lab.run(["docker", "run", "--rm", "image", "true"]).stderr
    with pytest.raises(UnknownName, match="There is no node 'nobody'"):
        lab.run(["true"], "nobody")
    assert lab.run(["printenv", "NETLAB_LANG"]).stdout == "en\n"


def test_a_packet_made_by_hand_is_sent_as_it_is(lab: Lab) -> None:
    """Its own header, from the container. What has no route is refused, and what is no packet, too."""
    sh(lab, "docker run -d --name if-test centos sleep 1000; sysctl -w net.ipv4.ip_forward=1")
    packet = IP(src="172.17.0.2", dst="39.106.233.176", ttl=7) / ICMP(id=11, seq=3) / b"made by hand"
    with lab.capture() as seen:
        lab.send(packet, "if-test")
    kept = [p for p in seen.scapy() if ICMP in p and p[ICMP].type == 8]
    first = kept[0]
    assert (first.sniffed_on, first[IP].ttl, bytes(first[ICMP].payload)) == (
        "if-test eth0",
        7,
        b"made by hand",
    )
    assert [p[IP].ttl for p in kept if p.sniffed_on == "internet uplink"] == [6]
    sh(lab, "ip route del default", "if-test")
    with pytest.raises(CommandFailed, match="Network is unreachable"):
        lab.send(packet, "if-test")
    with pytest.raises(BadInput, match="no IPv4 packet"):
        lab.send(b"hello", "if-test")


@pytest.mark.parametrize("size", [1 << 17, 1 << 18, 900_000])
def test_a_command_that_is_too_long_is_refused_and_the_lab_goes_on(lab: Lab, size: int) -> None:
    """Half of it, left in front of the lab host's process 1, would be in the way of all that come later."""
    words = ["true", *["x" * 1000] * (size // 1000)]
    with pytest.raises(BadInput, match="too long"):
        lab.run(words)
    with lab.replica() as replica, pytest.raises(BadInput, match="too long"):
        replica.run(words)
    assert lab.run(["true", *["x" * 1000] * 100]).returncode == 0


def test_a_namespace_called_host_is_one_more(lab: Lab) -> None:
    """It stands beside the lab host under one name, so the network can still be built once more."""
    sh(lab, "ip netns add host; ip netns add internet")
    nodes = [(node.name, node.aliases) for node in lab.pack().nodes if node.kind == "netns"]
    assert nodes == [("netns host", ()), ("netns internet", ())]
    with lab.replica() as replica:
        assert replica.probe("host", "192.0.2.1", 1).reached


def test_a_link_whose_name_is_no_text_stops_no_capture(lab: Lab) -> None:
    """The kernel takes any bytes for a name."""
    sh(lab, r"ip link add $(printf 'x\xff\xfe') type bridge")
    with lab.capture() as seen:
        assert lab.probe("host", "192.0.2.1", 1).reached
    assert any(frame.point.interface == "eth0" for frame in seen.frames)
