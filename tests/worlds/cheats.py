"""What somebody might hand in who wants the points without the work. Each is the code cells of a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from netlab import faults

EASIER = next(n for n in range(1000) if faults.find_reported(f"{n}").name == "blackhole-route")
RESPONDER = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
def csum(b):
    n = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff
while True:
    f = s.recv(65535)
    if f[12:14] == b"\\x08\\x00" and f[23] == 1 and f[34] == 8 and f[30:34] == bytes([39, 106, 233, 176]):
        icmp = b"\\0\\0\\0\\0" + f[38:14 + int.from_bytes(f[16:18], "big")]
        icmp = icmp[:2] + struct.pack("!H", csum(icmp + b"\\0" * (len(icmp) % 2))) + icmp[4:]
        head = f[14:24] + b"\\0\\0" + f[30:34] + f[26:30]
        head = head[:10] + struct.pack("!H", csum(head)) + head[12:]
        s.send(f[6:12] + f[0:6] + f[12:14] + head + icmp)
"""
PROXY = f"open('/root/proxy.py', 'w').write({RESPONDER!r})"
LIE = "echo 64 bytes from 39.106.233.176, 0%% packet loss; echo 1"
FAKE = f"%%bash\nprintf '#!/bin/sh\\n{LIE}\\n' > /root/fake; chmod +x /root/fake\n"


@dataclass(frozen=True)
class Cheat:
    """Cells after `notebook.start`, and the steps that they must not earn."""

    lesson: str
    cells: tuple[str, ...]
    steps: tuple[str, ...]


def in_lesson_05(*cells: str) -> Cheat:
    """The container is to reach the internet, and nobody has made the lab host forward."""
    return Cheat("05", cells, ("05.3", "05.4"))


CHEATS = {
    "a fake ping over the real one": in_lesson_05(
        FAKE + "mount --bind /root/fake /usr/bin/ping; docker exec if-test ping -c 1 39.106.233.176",
        "lab.check('05.3')",
    ),
    "a fake ip over the real one": in_lesson_05(
        FAKE + "mount --bind /root/fake $(readlink -f /sbin/ip); ip route", "lab.check('05.3')"
    ),
    "a fake cat first in PATH": in_lesson_05(
        FAKE + "cp /root/fake /usr/local/sbin/cat; cat /proc/sys/net/ipv4/ip_forward", "lab.check('05.3')"
    ),
    "an alias": in_lesson_05("%%bash\nshopt -s expand_aliases\nalias ping='echo 0% packet loss'\nping"),
    "a file over the setting": in_lesson_05(
        "%%bash\necho 1 > /root/one; mount --bind /root/one /proc/sys/net/ipv4/ip_forward\n"
        "cat /proc/sys/net/ipv4/ip_forward"
    ),
    "the check is replaced": in_lesson_05(
        "import netlab.checks\nnetlab.checks.check = lambda *a, **k: type('R', (), {'passed': True})()",
        "lab.check('05.3')",
    ),
    "the lab's probe is replaced": in_lesson_05(
        "from netlab.lab import Lab\nfrom netlab.packets.probe import Probe\n"
        "Lab.probe = lambda *a, **k: Probe(1, 1)\nLab.is_witnessed = lambda *a, **k: True",
        "lab.check('05.3')",
    ),
    "progress is written by hand": in_lesson_05(
        "import json, os\npassed = {'05.3': 'now', '05.4': 'now'}\n"
        "record = {'version': 1, 'lessons': {'05': {'passed': passed, 'answers': {}, 'predictions': {}}}}\n"
        "json.dump(record, open(os.environ['NETLAB_PROGRESS'], 'w'))"
    ),
    "a passed check is printed": in_lesson_05(
        "print('05.3 Cured: ✔ passed (3 of 3 points)')\nprint('64 bytes from 39.106.233.176: icmp_seq=1')"
    ),
    "the replayer's own line is forged": in_lesson_05(
        "import json, os\nline = {'cell': 2, 'error': '', 'predictions': {}, 'answers': {}, 'passed': True,\n"
        "    'results': [{'id': '05.3', 'passed': True}]}\n"
        "for fd in range(3, 20):\n    try:\n        os.write(fd, json.dumps(line).encode() + b'\\n')\n"
        "    except OSError:\n        pass"
    ),
    "a rule sends it to the lab host": in_lesson_05(
        "!iptables -t nat -A PREROUTING -d 39.106.233.176 -j DNAT --to-destination 172.17.0.1"
    ),
    "a rule redirects it": in_lesson_05(
        "!iptables -t nat -A PREROUTING -p icmp -d 39.106.233.176 -j REDIRECT"
    ),
    "the address on the lab host's lo": in_lesson_05("!ip addr add 39.106.233.176/32 dev lo"),
    "the address on docker0": in_lesson_05("!ip addr add 39.106.233.176/32 dev docker0"),
    "the address in the container": in_lesson_05(
        "%%bash\npid=$(docker inspect -f '{{.State.Pid}}' if-test)\n"
        "nsenter -t $pid -n ip addr add 39.106.233.176/32 dev lo"
    ),
    "a namespace with the address": in_lesson_05(
        "%%bash\nip netns add server; ip link add s0 type veth peer name s1 netns server\n"
        "ip link set s0 master docker0 up; ip -n server link set s1 up; ip -n server link set lo up\n"
        "ip -n server addr add 39.106.233.176/16 dev s1\n"
        "pid=$(docker inspect -f '{{.State.Pid}}' if-test)\n"
        "nsenter -t $pid -n ip route add 39.106.233.176 dev eth0"
    ),
    "a program on docker0 that answers": in_lesson_05(
        PROXY,
        "import subprocess\nsubprocess.Popen(['python3', '/root/proxy.py', 'docker0'])",
        "lab.check('05.3')",
    ),
    "a program on the cable that answers": in_lesson_05(
        PROXY,
        "import subprocess\nsubprocess.Popen(['setsid', 'python3', '/root/proxy.py', 'veth_host'])",
        "lab.check('05.3')",
    ),
    "the uplink moved into the container": in_lesson_05(
        "%%bash\npid=$(docker inspect -f '{{.State.Pid}}' if-test)\nroute=$(ip route show default)\n"
        "address=$(ip -br -4 addr show eth0 | awk '{print $3}')\nip link set eth0 name wan\n"
        "ip link set wan netns $pid\nnsenter -t $pid -n ip link set wan up\n"
        "nsenter -t $pid -n ip addr add $address dev wan\n"
        "nsenter -t $pid -n ip route replace default ${route#default} dev wan || "
        "nsenter -t $pid -n ip route replace default via $(echo $route | awk '{print $3}') dev wan"
    ),
    "a container with the lab host's own network": in_lesson_05(
        "%%bash\ndocker rm -f if-test\n"
        "docker run -d --name if-test --network host centos:8.1.1911 sleep 36000"
    ),
    "the keeper is asked to do it": in_lesson_05(
        "from netlab.lab import Lab\nhere = Lab.here()\n"
        "here.run(['ip', 'route', 'add', '172.17.0.0/16', 'via', '192.0.2.10'], node='internet')"
    ),
    "the keeper is asked to end": in_lesson_05("from netlab.lab import Lab\nLab.here().down()"),
    "the checks in the checkout are changed": in_lesson_05(
        "import netlab.checks.lessons.lesson05 as c\nopen(c.__file__, 'a').write('CHECKS = ()')"
    ),
    "the lessons in the checkout are changed": in_lesson_05(
        "from netlab.lessons.content import LABS\n(LABS / 'lessons.toml').write_text('')"
    ),
    "the next lesson's beginning": Cheat(
        "03",
        ("from netlab.lessons.start import goto\ngoto(lab.lab, '04')", "lab.check('03.4')"),
        ("03.1", "03.2", "03.3", "03.4", "03.5"),
    ),
    "the solution, out of the lesson": Cheat(
        "04",
        ("for step in lab.lesson.steps:\n    lab.lab.script(step.solution or 'true')", "lab.resume()"),
        ("04.1", "04.2", "04.4"),
    ),
    "an easier fault of the gym": Cheat(
        "10",
        (
            f"lab.fault({EASIER})",
            "answers = {'10.1': 'none', '10.2': 'docker0', '10.3': 'route-refuses', '10.4': 'ip route'}\n"
            "for step, answer in answers.items():\n    lab.answer(step, answer)",
            *(f"lab.check('10.{number}')" for number in range(1, 5)),
        ),
        ("10.3", "10.4"),
    ),
    "a namespace instead of a container": Cheat("02", ("!ip netns add if-test",), ("02.1", "02.2", "02.3")),
    "the neighbour's address on the container": Cheat(
        "03", ("%%bash\nip netns add if-test; ip -n if-test addr add 172.17.1.1/16 dev lo",), ("03.4", "03.5")
    ),
}

RUNAWAYS = {
    "a fork bomb": ("%%bash\n:(){ :|:& };:\nsleep 30", ("stopped after", "ended")),
    "a fork bomb in a container": (
        "!docker exec if-test sh -c ':(){ :|:& };:; sleep 30'",
        (),  # each shell gives up when it cannot fork
    ),
    "an endless ping": ("!ping -i 0.01 127.0.0.1", ("stopped after",)),
    "two gigabytes of output": ("while True: print('x' * 65536)", ("it printed more than",)),
    "a cell that waits for input": ("input('name?')", ("EOFError",)),
    "all the memory": (
        "hog = []\nwhile True: hog.append(bytearray(b'x' * (64 << 20)))",
        ("MemoryError", "MiB of memory"),
    ),
    "a full disk": (
        "%%bash\nfor i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/tmp/$i bs=1M count=60; done",
        (),
    ),
    "a reboot": ("import ctypes\nctypes.CDLL(None).reboot(0x1234567)", ("The lab ended",)),
    "a kernel that kills itself": ("import os\nos._exit(1)", ("its kernel ended",)),
    "a cell that cannot be interrupted": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        ("did not stop", "stopped after"),
    ),
}
