"""At the door in the lab: whoever behaves badly there holds the keeper up for nobody."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from tests.attacks.support import (
    SOON,
    Lab,
    NetlabError,
    answers,
    attack,
    ends,
)

DRIP = """
def work(ready):
    socks = []
    for _ in range(count):
        try:
            sock = socket.socket(socket.AF_UNIX); sock.setblocking(False); sock.connect(DOOR); socks.append(sock)
        except OSError: break
    data = framed(json.dumps(dict(op="status", language="en", more="x" * 500)).encode(), "length and kind")
    ready()
    for at in range(len(data) if drips else 0):
        for sock in socks:
            try: sock.send(data[at:at + 1])
            except OSError: pass
        time.sleep(2)
    time.sleep(60)
detach(work)
"""
AT_THE_DOOR: dict[str, str] = {
    "one byte every two seconds": "count, drips = 1, True\n" + DRIP,
    "ten that drip": "count, drips = 10, True\n" + DRIP,
    "two hundred that are silent": "count, drips = 200, False\n" + DRIP,
    "half a message": (
        "def work(ready):\n"
        "    sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "    sock.send(framed(json.dumps(dict(op='status', language='en')).encode(), 'length and kind')[:20])\n"
        "    ready(); time.sleep(60)\n"
        "detach(work)\n"
    ),
    "two gigabytes announced": (
        "def work(ready):\n"
        "    sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "    sock.send(struct.pack('!IB', 1 << 31, 0) + b'x' * 1000); ready(); time.sleep(60)\n"
        "detach(work)\n"
    ),
    "a deep list": (
        "sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "tell(sock, framed(b'[' * 200000, 'length and kind')); time.sleep(0.5)\n"
    ),
    "a deep table": (
        "sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "tell(sock, framed(b'{\"op\":' * 100000, 'length and kind')); time.sleep(0.5)\n"
    ),
    "a thousand descriptors": (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048)) if 0 else None\n"
        "null = os.open('/dev/null', os.O_RDONLY)\n"
        "for _ in range(10):\n"
        "    sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "    data = framed(json.dumps(dict(op='status', language='en')).encode(), 'length and kind')\n"
        "    for part in (data[:1], data[1:5], data[5:]):\n"
        "        tell(sock, part, [null] * 250); time.sleep(0.02)\n"
    ),
    "nonsense": (
        "for data in (b'', b'\\0', b'null', b'7', b'[]', b'\"x\"', b'{}', b'\\xff\\xfe', b'{\"op\": NaN}', b'{\"op\": 1' + b'0' * 400 + b'}',\n"
        '        b\'{"op": "exec"}\', b\'{"op": "exec", "argv": 7, "env": []}\', b\'{"op": "exec", "argv": [], "env": {}}\',\n'
        '        b\'{"op": "capture", "points": 1e999}\', b\'{"op": "capture", "points": [[1e999, 1]]}\',\n'
        '        b\'{"op": "probe"}\', b\'{"op": "probe", "node": "host", "destination": "x", "count": 1e999}\',\n'
        '        b\'{"op": "probe", "node": "host", "destination": "1.2.3.4", "count": 99999999, "timeout": 1e9}\',\n'
        '        b\'{"op": "route", "node": "host", "words": ["-batch", "/etc/shadow"]}\',\n'
        '        b\'{"op": "reset", "way": {"a": 1}}\', b\'{"op": "status", "language": "../../x"}\',\n'
        "        b'{\"op\": \"status\", \"language\": ' + b'[' * 900 + b']' * 900 + b'}'):\n"
        "    sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "    tell(sock, framed(data, 'length and kind')); KEEP.append(sock)\n"
        "time.sleep(0.5)\n"
    ),
    "pickles": (
        "sock = socket.socket(socket.AF_UNIX); sock.connect(DOOR)\n"
        "tell(sock, framed(pickle.dumps(Runs('/run/taken')), 'length and kind', True)); time.sleep(0.3)\n"
    ),
    "a flood": (
        "def work(ready):\n"
        "    ready(); until, socks = time.monotonic() + 15, []\n"
        "    data = framed(json.dumps(dict(op='snapshot', language='en')).encode(), 'length and kind')\n"
        "    while time.monotonic() < until:\n"
        "        try:\n"
        "            sock = socket.socket(socket.AF_UNIX); sock.settimeout(0.2); sock.connect(DOOR); sock.send(data); socks.append(sock)\n"
        "        except OSError: pass\n"
        "        if len(socks) > 100: socks.pop(0).close()\n"
        "for _ in range(2): detach(work)\n"
        "time.sleep(1)\n"
    ),
    "replicas that nobody uses": (
        "def work(ready):\n"
        "    socks = []\n"
        "    for n in range(60):\n"
        "        try: socks.append(asked(op='replica'))\n"
        "        except OSError: break\n"
        "    ready(); time.sleep(60)\n"
        "detach(work)\n"
    ),
    "a replica that is asked for too much": (
        "def work(ready):\n"
        "    control = asked(op='replica')\n"
        "    size = int.from_bytes(control.recv(4, socket.MSG_WAITALL), 'big')\n"
        "    control.recv(size, socket.MSG_WAITALL)\n"
        "    ready(); kept = []\n"
        "    for n in range(3000):\n"
        "        ours, theirs = socket.socketpair(); kept.append(ours)\n"
        "        body = json.dumps({'op': ['watch', 'run', 'unpack', 'capture', 5][n % 5], 'points': []}).encode()\n"
        "        ours.sendall(struct.pack('!I', len(body)) + body)\n"
        "        socket.send_fds(control, [b'+'], [theirs.fileno()]); theirs.close()\n"
        "    time.sleep(60)\n"
        "detach(work)\n"
    ),
    "watchers that do not read": (
        "def work(ready):\n"
        "    socks = []\n"
        "    for op in ['watch', 'monitor', 'tap'] * 40:\n"
        "        try: socks.append(asked(op=op))\n"
        "        except OSError: break\n"
        "    ready(); time.sleep(60)\n"
        "detach(work)\n"
        "for n in range(30): os.system(f'ip link add f{n} type bridge')\n"
    ),
}


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_whoever_knocks_inside_holds_the_keeper_up_for_nobody(lab: Lab, name: str) -> None:
    """At the learner's door somebody behaves badly; at the machine's, the lab answers as ever."""
    with suppress(NetlabError):
        attack(lab, AT_THE_DOOR[name])
    answers(lab)
    assert lab.run(["test", "-e", "/run/taken"], node="internet").returncode == 1
    ends(lab)


def test_what_is_asked_at_the_same_time_is_all_answered(lab: Lab) -> None:
    """Ten silent connections inside, and ten questions on the machine beside them."""
    attack(lab, "count, drips = 10, False\n" + DRIP)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(lab.status().name), daemon=True) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + SOON
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert found == [lab.name] * 10
