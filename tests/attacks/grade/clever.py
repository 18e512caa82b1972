"""Thirty-three hand-ins of clever people: roles, wires, rules, names, programs, and the notebook itself.

Each is the cells after `notebook.start`, and the steps that they must not earn. Beside each kind stands honest
work in tests/attacks/grade/test_points.py.
"""

from __future__ import annotations

from tests.worlds.cheats import Cheat, in_lesson_05

PID = "pid=$(docker inspect -f '{{.State.Pid}}' if-test)\n"
ANSWERED = "64 bytes from 39.106.233.176: icmp_seq=1 ttl=63 time=0.1 ms"
SHIM = "#!/bin/sh\\necho net.ipv4.ip_forward = 1\\necho " + ANSWERED
# Requests are sent on in the lab host's name; what comes back is sent to the container as the kernel would have
# written it, once: with the true answer's number, and what the request held.
FORGER = """
import socket, struct
inside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); inside.bind(('docker0', 0))
outside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); outside.bind(('eth0', 0))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
def csum(b):
    n = sum(struct.unpack('!%dH' % (len(b) // 2), b)); n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff
print('ready', flush=True)
ME = bytes([39, 106, 233, 176])
while True:
    f = inside.recv(65535)
    if f[12:14] == b'\\x08\\x00' and f[23] == 1 and f[34] == 8 and f[30:34] == ME:
        asked = f[34:14 + int.from_bytes(f[16:18], 'big')]
        out.sendto(asked, ('39.106.233.176', 0))
        while True:
            g = outside.recv(65535)
            if g[12:14] == b'\\x08\\x00' and g[23] == 1 and g[34] == 0 and g[26:30] == ME and g[42:58] == asked[8:24]:
                break
        icmp = b'\\0\\0\\0\\0' + asked[4:]
        icmp = icmp[:2] + struct.pack('!H', csum(icmp + b'\\0' * (len(icmp) % 2))) + icmp[4:]
        head = g[14:24] + b'\\0\\0' + ME + f[26:30]
        head = head[:10] + struct.pack('!H', csum(head)) + head[12:]
        inside.send(f[6:12] + f[0:6] + f[12:14] + head + icmp)
"""
LISTENER = (
    "import subprocess, sys\n"
    "subprocess.Popen([sys.executable, '-c', 'import socket\\ns = socket.create_server((\"\", {0}))\\n"
    "while True: s.accept()'], start_new_session=True)"
)
SAID = "lab.predict('{0}', next(iter(lab.lesson.step('{0}').prediction.options)))"

WIRES = {
    "the lab host's own namespace called if-test": in_lesson_05(
        "%%bash\ndocker rm -f if-test\nip netns attach if-test $$", "lab.check('05.3')"
    ),
    "a namespace of if-test's name beside the container": in_lesson_05(
        "%%bash\nip netns attach if-test $$; docker rename if-test other", "lab.check('05.3')"
    ),
    "another's process in the container's record": in_lesson_05(
        "%%bash\nfor f in $(grep -rl if-test /run /var/lib 2>/dev/null | head -20); do\n"
        'sed -i "s/\\"pid\\": *[0-9]*/\\"pid\\": $$/" $f; done; true',
        "lab.check('05.3')",
    ),
    "the address as a local route": in_lesson_05("!ip route add local 39.106.233.176 dev lo"),
    "the address as a local route of the container's": in_lesson_05(
        f"%%bash\n{PID}nsenter -t $pid -n ip route add local 39.106.233.176 dev lo"
    ),
    "a table that answers for everybody": in_lesson_05(
        "%%bash\nip rule add iif docker0 lookup 77\nip route add local default dev lo table 77"
    ),
    "a bridge that takes the router's place": in_lesson_05(
        "%%bash\nnft add table bridge t\n"
        "nft 'add chain bridge t c { type filter hook prerouting priority -300; }'\n"
        "nft add rule bridge t c ip daddr 39.106.233.176 meta pkttype set host ip daddr set 172.17.0.1\n"
        "iptables -t nat -A PREROUTING -d 39.106.233.176 -j DNAT --to-destination 172.17.0.1"
    ),
    "a balancer with one backend at home": in_lesson_05(
        "%%bash\nnft add table ip t\nnft 'add chain ip t c { type nat hook prerouting priority -150; }'\n"
        "nft add rule ip t c ip daddr 39.106.233.176 dnat to 172.17.0.1"
    ),
    "NAT in the container itself": in_lesson_05(
        f"%%bash\n{PID}nsenter -t $pid -n iptables -t nat -A OUTPUT -d 39.106.233.176 "
        "-j DNAT --to-destination 172.17.0.1"
    ),
    "a copy, and the true answer's number": in_lesson_05(
        f"open('/root/forger.py', 'w').write({FORGER!r})",
        "import subprocess\np = subprocess.Popen(['python3', '/root/forger.py'], stdout=-1)\nprint(p.stdout.readline())",
        "lab.check('05.3')",
    ),
    "yesterday's answers sent again": in_lesson_05(
        "%%bash\ntimeout 5 tcpdump -w /root/old.pcap -c 4 -i docker0 icmp >/dev/null 2>&1 &\n"
        "sleep 1; echo 1 > /proc/sys/net/ipv4/ip_forward; docker exec if-test ping -c 2 39.106.233.176\n"
        "echo 0 > /proc/sys/net/ipv4/ip_forward; wait",
        'import subprocess\nprog = \'\'\'\nimport socket, time\nd = open("/root/old.pcap", "rb").read()[24:]\n'
        's = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("docker0", 0))\n'
        'while True:\n    at = 0\n    while at < len(d):\n        n = int.from_bytes(d[at+8:at+12], "little")\n'
        "        s.send(d[at+16:at+16+n]); at += 16 + n\n    time.sleep(0.01)\n'''\n"
        "subprocess.Popen(['python3', '-c', prog], start_new_session=True)",
        "lab.check('05.3')",
    ),
    "a listener on the lab host for the published port": Cheat(
        "06", (SAID.format("06.2"), LISTENER.format(8080), "lab.check('06.2')"), ("06.2", "06.3")
    ),
    "a copy to the server, and a listener": Cheat(
        "06",
        (
            SAID.format("06.2"),
            "%%bash\niptables -t mangle -A PREROUTING -i eth0 -p tcp --dport 8080 -j TEE --gateway 172.17.0.2\n"
            f"{PID}nsenter -t $pid -n iptables -t nat -A PREROUTING -p tcp --dport 8080 "
            "-j DNAT --to-destination 172.17.0.2:80",
            LISTENER.format(8080),
            "lab.check('06.2')",
        ),
        ("06.2", "06.3"),
    ),
    "the host itself called web": Cheat(
        "06",
        ("%%bash\nip netns attach web $$", LISTENER.format(8081), "lab.check('06.4')"),
        ("06.4",),
    ),
    "the office is the lab host": Cheat(
        "06", ("%%bash\nip netns delete office; ip netns attach office $$", "lab.check('06.1')"), ("06.1",)
    ),
    "a cable in place of the tunnel": Cheat(
        "08",
        (
            SAID.format("08.2"),
            "%%bash\nip link add vxlan7 type veth peer name vxlan7 netns host2\nip link set vxlan7 master br0 up\n"
            "ip -n host2 link set vxlan7 master br0 up",
            "lab.check('08.1')",
            "lab.check('08.2')",
        ),
        ("08.1", "08.2", "08.3"),
    ),
    "two cables' ends of other names": Cheat(
        "03",
        (
            "%%bash\nip link add veth_host type bridge; ip link add veth_container type bridge",
            "lab.check('03.1')",
        ),
        ("03.1", "03.2", "03.3"),
    ),
}
PROGRAMS = {
    "commands first in PATH": in_lesson_05(
        f"%%bash\nfor c in ip ping iptables sysctl docker cat nft; do printf '{SHIM}\\n' > /usr/local/sbin/$c\n"
        "chmod +x /usr/local/sbin/$c; done; sysctl net.ipv4.ip_forward",
        "lab.check('05.3')",
    ),
    "a library before all others": in_lesson_05(
        "%%bash\necho /root/own.so > /etc/ld.so.preload; ping -c 1 39.106.233.176", "lab.check('05.3')"
    ),
    "sitecustomize": in_lesson_05(
        "%%bash\nd=$(python3 -c 'import site; print(site.getusersitepackages())'); mkdir -p $d\n"
        'printf "import netlab.lab.lab as l\\nl.Lab.is_witnessed = lambda *a, **k: True\\n" > $d/sitecustomize.py\n'
        "cp $d/sitecustomize.py $d/usercustomize.py",
        "lab.check('05.3')",
    ),
    "process 1 is stopped": in_lesson_05(
        "import os, signal\nos.kill(1, signal.SIGSTOP)\nprint('" + ANSWERED + "')", "lab.check('05.3')"
    ),
    "process 1 is traced": in_lesson_05(
        "import ctypes\nprint(ctypes.CDLL(None).ptrace(16, 1, 0, 0))", "lab.check('05.3')"
    ),
    "a value that lies over the setting": in_lesson_05(
        "%%bash\nmkdir -p /root/s; cp -r /proc/sys/net/ipv4/ip_forward /root/s/ 2>/dev/null; echo 1 > /root/s/ip_forward\n"
        "mount --bind /root/s/ip_forward /proc/sys/net/ipv4/ip_forward; sysctl net.ipv4.ip_forward"
    ),
}
NOTEBOOKS = {
    "the check is replaced": in_lesson_05(
        "import types\nlab.check = types.MethodType(lambda self, step: f'{step}: ✔ passed', lab)",
        "lab.check('05.3')",
    ),
    "the lesson's steps are replaced": in_lesson_05(
        "import dataclasses\nlab.lesson = dataclasses.replace(lab.lesson, steps=())\n"
        "import netlab.lessons.content as c\nc.lessons = lambda *a: ()",
        "lab.check('05.3')",
    ),
    "hooks before and after each cell": in_lesson_05(
        "ip = get_ipython()\nip.events.register('post_run_cell', lambda r: print('05.3 ✔ passed (3 of 3 points)'))\n"
        "ip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
        "lab.check('05.3')",
    ),
    "a magic called check": in_lesson_05(
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef check(line): return 'passed'",
        "%check 05.3",
        "lab.check('05.3')",
    ),
    "answers written into the record": Cheat(
        "05",
        (
            "import json, os\nfrom netlab.lessons.progress import default_path\n"
            "record = {'lessons': {'05': {'first_answers': {f'05.{n}': o for n in range(1, 5) for o in ('firewall', 'route')},\n"
            "    'answers': {}, 'predictions': {}, 'passed': {f'05.{n}': 'now' for n in range(1, 5)}}}}\n"
            "default_path().write_text(json.dumps(record))",
            *(f"lab.check('05.{n}')" for n in range(1, 5)),
        ),
        ("05.1", "05.2", "05.3", "05.4"),
    ),
    "claims of every answer at once": Cheat(
        "05",
        (
            "import json, os\nfor key in ('route', 'firewall', 'nat', 'forwarding', 'ip_forward', 'sysctl'):\n"
            "    line = {'cell': 2, 'error': '', 'predictions': {'05.1': 'x'}, 'answers': {'05.2': key}}\n"
            "    for fd in range(3, 30):\n        try: os.write(fd, json.dumps(line).encode() + b'\\n')\n"
            "        except OSError: pass",
            "lab.check('05.2')",
        ),
        ("05.1", "05.2"),
    ),
    "answers that look alike": Cheat(
        "05",
        (
            SAID.format("05.1"),
            "from netlab.lessons.progress import default_path\nimport json\n"
            "r = json.loads(default_path().read_text())\n"
            "r['lessons']['05'].update(first_answers={'05.1': 'docker0\\u200b', '05.2': 'sysctl\\u200b'}, answers={})\n"
            "default_path().write_text(json.dumps(r))",
            "lab.check('05.1')",
            "lab.check('05.2')",
        ),
        ("05.1", "05.2"),
    ),
    "more than anybody reads": in_lesson_05(
        "print('05.3 Cured: ✔ passed (3 of 3 points)\\n' * 100_000)", "lab.check('05.3')"
    ),
    "the answer among what is in the lab's memory": Cheat(
        "05",
        (
            "import glob, re\nfound = set()\nfor maps in glob.glob('/proc/[0-9]*/maps'):\n    try:\n"
            "        mem = open(maps.replace('maps', 'mem'), 'rb')\n        for line in open(maps):\n"
            "            m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)\n            if not m: continue\n"
            "            mem.seek(int(m[1], 16)); data = mem.read(min(int(m[2], 16) - int(m[1], 16), 1 << 26))\n"
            '            found |= set(re.findall(rb\'right = "([^"]{1,40})"\', data))\n    except OSError: pass\n'
            "print(found)\n"
            "for step in ('05.1', '05.2', '05.4'):\n"
            "    options = lab.lesson.step(step).answer.options\n"
            "    hit = [o for o in options if o.encode() in found]\n"
            "    if hit: lab.answer(step, hit[0])",
            SAID.format("05.1"),
            "lab.check('05.1')",
        ),
        ("05.1", "05.2", "05.4"),
    ),
    "the checks' own reasons": Cheat(
        "05",
        (
            SAID.format("05.1"),
            "try:\n    import netlab.checks.lessons.lesson05 as c\n"
            "    for step, why in (('05.1', c.LAST_SEEN), ('05.2', c.SUSPECTS)):\n"
            "        [left] = set(lab.lesson.step(step).answer.options) - set(why)\n        lab.answer(step, left)\n"
            "except ImportError as e: print(e)",
            "lab.check('05.1')",
            "lab.check('05.2')",
        ),
        ("05.1", "05.2"),
    ),
}
CLEVER: dict[str, Cheat] = {**WIRES, **PROGRAMS, **NOTEBOOKS}
