"""Sentences of the lessons, each tried in a lab: the text says it, and the kernel bears it out."""

from __future__ import annotations

import re
import time

import pytest
from scapy.layers.inet import TCP, UDP

from netlab.lab import Lab
from netlab.lessons.content import LABS, lesson
from netlab.lessons.start import goto
from netlab.twin.experiment import attempt

PING = "ping -c 1 -W 1"


def says(id: str, words: str) -> bool:
    """Whether the lesson's text has those words, however its lines are broken."""
    text = next((LABS / "src").glob(f"{id}-*.md")).read_text()
    return words in " ".join(text.split())


def output(lab: Lab, commands: str, node: str = "host") -> str:
    """What those commands say there, whether they succeed or not."""
    done = lab.script(commands, node=node)
    return done.stdout + done.stderr


def solve(lab: Lab, id: str, upto: str) -> None:
    """The lesson as far as that step, its solution included."""
    goto(lab, id)
    for step in lesson(id).steps:
        done = lab.script(step.solution)
        assert done.returncode == 0, done.stderr
        if step.id == upto:
            return


@pytest.mark.parametrize(
    ("break_", "who", "said"),
    [
        ("ip -n if-test route del default", None, "Network is unreachable"),
        ("true", "172.17.0.2", "Destination Host Unreachable"),
        (
            "ip route add unreachable 39.106.233.176; echo 1 > /proc/sys/net/ipv4/ip_forward",
            "172.17.0.1",
            "Host",
        ),
        ("ip route del default; echo 1 > /proc/sys/net/ipv4/ip_forward", "172.17.0.1", "Net"),
    ],
    ids=["no route here", "no such neighbour", "an unreachable route", "no route on the host"],
)
def test_who_says_unreachable_is_in_the_message(lab: Lab, break_: str, who: str | None, said: str) -> None:
    """02: without an address it is the own kernel that has no route; else the address says whom to ask."""
    assert says("02", "It carries a sender's address, and that is whom you ask next")
    assert says("05", "*From ADDRESS … Unreachable*: that machine could not pass it on.")
    lab.script("docker run -d --name if-test centos:8.1.1911 sleep 36000")
    lab.script(
        break_.replace("ip -n if-test", "nsenter -t $(docker inspect -f '{{.State.Pid}}' if-test) -n ip")
    )
    address = "172.17.0.77" if said == "Destination Host Unreachable" else "39.106.233.176"
    heard = output(lab, f"docker exec if-test ping -c 1 -W 4 {address}")
    assert said in heard
    assert re.findall(r"From (\S+)", heard)[:1] == ([who] if who else [])


def test_docker0_switched_off_has_no_route(lab: Lab) -> None:
    """03.5: one way to the lecturer's answer is a docker0 that is down, and then there is one route only."""
    assert says("03", "or docker0 was switched off: then it has no route at all")
    goto(lab, "03")
    for step in lesson("03").steps[:-1]:
        lab.script(step.solution)
    lab.script("ip link set veth_host up; ip addr add 172.17.1.1/16 dev veth_host")
    assert "100% packet loss" in output(lab, f"docker exec if-test {PING} 172.17.1.1")
    lab.script("ip link set docker0 down")
    assert "docker0" not in output(lab, "ip route")
    assert " 0% packet loss" in output(lab, f"docker exec if-test {PING} 172.17.1.1")


def test_a_rule_stops_what_never_leaves_the_bridge(lab: Lab) -> None:
    """04.1: bridge-nf-call-iptables is 1, so iptables sees IP packets from one port to another."""
    assert says("04", "So a firewall rule can stop even what never leaves the bridge")
    assert output(lab, "cat /proc/sys/net/bridge/bridge-nf-call-iptables").strip() == "1"
    lab.script(
        "docker run -d --name a centos:8.1.1911 sleep 36000; docker run -d --name b centos:8.1.1911 sleep 36000"
    )
    address = output(lab, "docker inspect -f '{{.NetworkSettings.IPAddress}}' b").strip()
    assert " 0% packet loss" in output(lab, f"docker exec a {PING} {address}")
    lab.script(f"iptables -I FORWARD -d {address} -j DROP")
    assert "100% packet loss" in output(lab, f"docker exec a {PING} {address}")
    lab.script("sysctl -w net.bridge.bridge-nf-call-iptables=0")
    assert " 0% packet loss" in output(lab, f"docker exec a {PING} {address}")


def test_a_rule_in_raw_drops_what_forward_never_counts(lab: Lab) -> None:
    """05.2: FORWARD's counters alone prove nothing, since raw and mangle come before; in the lesson both are
    empty, and the kernel's own counter is what moves."""
    assert says(
        "05", "two tables come before, *raw* and *mangle*, and a rule there would have counted it, too"
    )
    goto(lab, "05")
    for table in ("raw", "mangle"):
        assert "-A" not in output(lab, f"iptables -t {table} -S")
    before, after = counted(lab), ping_and_count(lab)
    assert after["IpInAddrErrors"] - before["IpInAddrErrors"] == 3
    assert after["IpForwDatagrams"] == before["IpForwDatagrams"]
    lab.script(
        "echo 1 > /proc/sys/net/ipv4/ip_forward; iptables -t raw -A PREROUTING -i docker0 -p icmp -j DROP"
    )
    before, after = counted(lab), ping_and_count(lab)
    assert after == before
    assert re.search(r"\n +3 .* DROP", output(lab, "iptables -t raw -vnL PREROUTING"))


def counted(lab: Lab) -> dict[str, int]:
    """Those two counters, and what FORWARD's policy and its rules have seen."""
    said = output(lab, "nstat -asz IpInAddrErrors IpForwDatagrams; iptables -vxnL FORWARD")
    found = {name: int(number) for name, number in re.findall(r"^(Ip\w+)\s+(\d+)", said, re.MULTILINE)}
    found["FORWARD"] = sum(int(number) for number in re.findall(r"^ *(\d+) +\d+ ", said, re.MULTILINE))
    policy = re.search(r"policy \w+ (\d+) packets", said)
    assert policy
    return {**found, "policy": int(policy[1])}


def ping_and_count(lab: Lab) -> dict[str, int]:
    lab.script("docker exec if-test ping -c 3 -W 1 39.106.233.176")
    return counted(lab)


def test_what_a_host_sends_to_itself_comes_in_by_lo(lab: Lab) -> None:
    """06.3: raw's PREROUTING counts it on lo, and nat's does not: its way was decided in OUTPUT."""
    assert says("06", "it goes out by `lo`, and in again by `lo`")
    assert says("06", "The PREROUTING of the table nat is not asked any more")
    lab.script(
        "iptables -t raw -A PREROUTING -i lo -p tcp --dport 8080; iptables -t nat -I PREROUTING -p tcp --dport 8080"
    )
    output(lab, "curl -s -m 2 http://192.0.2.10:8080/")
    assert re.search(r"\n +1 ", output(lab, "iptables -t raw -vnL PREROUTING"))
    assert re.search(r"\n +0 .*dpt:8080", output(lab, "iptables -t nat -vnL PREROUTING"))


@pytest.mark.parametrize(("port", "upto"), [(8080, "06.3"), (8081, "06.4")])
def test_a_container_is_not_led_back_by_the_rules(lab: Lab, port: int, upto: str) -> None:
    """06.3 and 06.4: neither one's own DNAT with -i eth0 nor Docker's, whose chain returns what comes from
    docker0, leads a container that calls its own host; the MASQUERADE for it counts nothing. The first call
    is refused, and docker-proxy takes the second."""
    assert says("06", "the one in PREROUTING wants `-i eth0`, and a container's packets come in by docker0")
    assert says("06", "As Docker is usually set up, that rule has nothing to do.")
    solve(lab, "06", upto)
    refused, answered = 7, 0
    done = lab.script(f"docker exec if-test curl -s -m 2 http://192.0.2.10:{port}/")
    assert done.returncode == (refused if port == 8080 else answered)
    if port == 8081:
        returned, masqueraded = (
            output(lab, f"iptables -t nat -vnL {chain}") for chain in ("DOCKER", "POSTROUTING")
        )
        assert re.search(r"\n +[1-9]\d* .*RETURN .*docker0", returned)
        assert re.search(r"\n +0 .*MASQUERADE .*172\.17\.0\.3 +172\.17\.0\.3", masqueraded)


def test_a_macvlans_mode_is_changed_but_not_to_passthru(lab: Lab) -> None:
    """07.3: between bridge, private and vepa at any time; to passthru the kernel refuses."""
    assert says("07", "can be changed (only not to or from passthru)")
    goto(lab, "07")
    for mode in ("private", "vepa", "bridge"):
        assert lab.script(f"ip -n two link set eth0 type macvlan mode {mode}").returncode == 0
    assert lab.script("ip -n two link set eth0 type macvlan mode passthru").returncode != 0


def test_tcp_says_how_large_a_segment_it_takes(lab: Lab) -> None:
    """08: the first packet of a connection carries the MSS, 40 bytes less than the interface's MTU."""
    assert says("08", "and says so in its first packet (the *MSS*)")
    lab.script("ip link set eth0 mtu 1400")
    with lab.capture() as seen:
        output(lab, "curl -s -m 1 http://39.106.233.176/")
    first = next(packet[TCP] for packet in seen.scapy() if TCP in packet and packet[TCP].flags == "S")
    assert dict(first.options)["MSS"] == 1400 - 40


def test_a_notebook_goes_back_and_a_copy_says_what_would_be(lab: Lab) -> None:
    """05: undo takes back the last cell that changed something; `try` tells of a copy, and leaves the lab."""
    assert says("05", "goes to how the lab was before the last cell that changed something")
    assert says("05", '"if-test → 39.106.233.176: gets through now, gets no answer then"')
    solve(lab, "05", "05.3")
    lab.mark("cell 7")
    lab.script("ip route add blackhole 198.18.0.0/15")
    assert output(lab, "ip route show 198.18.0.0/15") == "blackhole 198.18.0.0/15 \n"
    lab.undo()
    assert output(lab, "ip route show 198.18.0.0/15") == ""
    trial = attempt(lab, "sysctl -w net.ipv4.ip_forward=0", [("if-test", "39.106.233.176")])
    assert "if-test → 39.106.233.176: gets through now, gets no answer then" in trial.lines
    assert output(lab, "cat /proc/sys/net/ipv4/ip_forward") == "1\n"


@pytest.mark.parametrize(
    ("conf", "switch", "name", "words", "seconds", "sees"),
    [
        ("nameserver 127.0.0.53", "files dns", "example.com", "Temporary failure", 0, set()),
        ("nameserver 198.51.100.54", "files dns", "example.com", "Temporary failure", 10, {"asked"}),
        ("nameserver 198.51.100.53", "files dns", "nobody.com", "not known", 0, {"asked", "answered"}),
        ("nameserver 198.51.100.53", "files", "example.com", "not known", 0, set()),
    ],
    ids=["nobody listens", "no answer", "the answer no", "nobody is asked"],
)
def test_a_names_failure_has_four_pictures(
    lab: Lab, conf: str, switch: str, name: str, words: str, seconds: int, sees: set[str]
) -> None:
    """12: what ping says, whether at once or after ten seconds, and what passes if-test's eth0."""
    assert says("12", "Four pictures, and each of them says where to look")
    goto(lab, "12")
    # Somebody who takes questions and never answers: nobody refuses, so the resolver waits.
    lab.script("ip -n names addr add 198.51.100.54/32 dev eth0")
    lab.script("ip netns exec names iptables -A INPUT -d 198.51.100.54 -j DROP")
    lab.script(f"echo {conf} > /etc/resolv.conf; echo hosts: {switch} > /etc/nsswitch.conf", node="if-test")
    with lab.capture() as seen:
        begun = time.monotonic()
        said = output(lab, f"ping -c 1 {name}", "if-test")
        took = time.monotonic() - begun
    assert words in said
    assert seconds <= took < seconds + 3
    ports = [(p[UDP].sport, p[UDP].dport) for p in seen.scapy() if UDP in p and p.sniffed_on == "if-test eth0"]
    found = {"asked" for _, to in ports if to == 53} | {"answered" for source, _ in ports if source == 53}
    assert found == sees


def test_docker_answers_for_names_in_a_network_of_ones_own_alone(lab: Lab) -> None:
    """12: at 127.0.0.11, for who is in lan, and for all others from --dns; in the default network nobody does."""
    assert says("12", "names of other containers are not known there")
    solve(lab, "12", "12.5")
    assert "nameserver 127.0.0.11" in output(lab, "cat /etc/resolv.conf", "web")
    for name in ("db", "example.com"):
        assert "1 received" in output(lab, f"{PING} {name}", "web")
    assert "not known" in output(lab, f"{PING} db", "if-test")
