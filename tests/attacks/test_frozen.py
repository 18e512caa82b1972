"""Whatever a lab does, its keeper answers: `status` and `down` within five seconds, and truly."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    SOON,
    Confinement,
    Lab,
    NetlabError,
    attack,
    end,
    netlab,
    running,
    within,
)
from tests.support.patience import eventually


def answers(lab: Lab) -> None:
    """The lab says what is in it, and the kernel's word is in the snapshot."""
    assert within(SOON, lab.status).name == lab.name
    seen = within(SOON, lab.snapshot)
    names = {interface.name for node in seen.nodes for interface in node.interfaces}
    assert {"docker0", "eth0", "uplink"} <= names


def freeze(lab: Lab, code: str = "") -> None:
    """Have process 1 of that lab stopped by one of its processes, and see that it is."""
    attack(lab, f"{code}\nfreeze()")
    assert eventually(lambda: any(is_traced(pid) for pid in running())), "nobody could be stopped"


def is_traced(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "t"
    except OSError:
        return False


def ends(lab: Lab) -> None:
    """`down` comes back in time, and the lab is gone."""
    within(SOON, lab.down)
    with pytest.raises(NetlabError):
        within(SOON, lab.status)


# -- at the door inside -------------------------------------------------------------------------------

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


# -- a process 1 that does nothing ---------------------------------------------------------------------

FROZEN: dict[str, Callable[[Lab], object]] = {
    "status": lambda lab: lab.status(),
    "snapshot": lambda lab: lab.snapshot(),
}


@pytest.mark.parametrize("ask", FROZEN)
def test_a_frozen_process_1_keeps_no_answer_back(lab: Lab, ask: str) -> None:
    """The learner traces process 1, which stops: what the keeper knows of itself, it goes on telling."""
    freeze(lab)
    within(SOON, lambda: FROZEN[ask](lab))
    ends(lab)


def test_a_reset_of_a_frozen_lab_comes_back(lab: Lab) -> None:
    """Process 1 cannot tidy up: the reset says so in ten seconds, and the lab still answers and ends."""
    freeze(lab)
    with suppress(NetlabError):
        within(30, lab.reset)
    answers(lab)
    ends(lab)


def test_a_command_in_a_frozen_lab_keeps_to_its_time(lab: Lab) -> None:
    """Nobody starts it; the caller's limit holds all the same."""
    freeze(lab)
    with suppress(NetlabError, subprocess.TimeoutExpired):
        within(10, lambda: lab.run(["true"], timeout=2))
    answers(lab)
    ends(lab)


def test_what_a_frozen_process_1_does_not_read_blocks_nobody(lab: Lab) -> None:
    """Large requests pile up before a process 1 that takes none of them; the keeper waits for none."""
    code = (
        "def work(ready):\n"
        "    ready(); time.sleep(1); socks = []\n"
        "    for n in range(60):\n"
        "        try: socks.append(asked(op='exec', node='host', argv=['true', 'x' * 100000], env={}, cwd='/'))\n"
        "        except OSError: pass\n"
        "    time.sleep(60)\n"
        "detach(work)\n"
    )
    freeze(lab, code)
    time.sleep(3)
    answers(lab)
    ends(lab)


def test_a_frozen_lab_ends_by_the_command_line(lab: Lab) -> None:
    """`./run down` of a lab whose every process is stopped."""
    code = (
        "def sleeper(ready):\n    ready(); time.sleep(60)\n"
        "for _ in range(5): detach(sleeper)\n"
        "for name in os.listdir('/proc'):\n"
        "    if name.isdigit() and int(name) not in (1, os.getpid(), os.getppid()): freeze(int(name))\n"
    )
    freeze(lab, code)
    done = netlab("--lab", lab.name, "down", timeout=15)
    assert done.returncode == 0, done.stderr


# -- files that the keeper reads -----------------------------------------------------------------------

READ = """
place = '/run/netlab/containers/' + 'c' * 64
import fcntl, subprocess
os.makedirs(place, exist_ok=True)
path = place + '/config.json'
os.makedirs('/run/netns', exist_ok=True)
{plant}
"""
SHADOW = "/etc/passwd"  # of the level above: any text of it in an answer would be one too many
IN_PLACE: dict[str, str] = {
    "a FIFO": "os.mkfifo(path)",
    "a FIFO as a folder": "import shutil; shutil.rmtree('/run/netlab/containers'); os.mkfifo('/run/netlab/containers')",
    "a FIFO among the namespaces": "os.mkfifo('/run/netns/blue')",
    "a lease": (
        "open(path, 'w').write('{}')\n"
        "def work(ready):\n"
        "    fd = os.open(path, os.O_RDWR); fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n"
        "    import signal; signal.signal(signal.SIGIO, signal.SIG_IGN)\n"
        "    ready(); time.sleep(60)\n"
        "detach(work)"
    ),
    "a loop": "os.symlink(path, path)",
    "a link to a device": "os.symlink('/dev/random', path)",
    "a link to a terminal": "os.symlink('/dev/ptmx', path)",
    "a link to standard input": "os.symlink('/proc/self/fd/0', path)",
    "a link to the keeper's memory": "os.symlink('/proc/self/mem', path)",
    "a link to the machine's passwords": "os.symlink('/etc/shadow', path)",
    "a link to users": "os.symlink('/etc/passwd', path)",
    "a link to the kernel's log": "os.symlink('/proc/kmsg', path)",
    "the kernel's log": "open(path, 'w'); subprocess.run(['mount', '--bind', '/proc/kmsg', path])",
    "pressure": "open(path, 'w'); subprocess.run(['mount', '--bind', '/proc/1/pagemap', path])",
    "a gigabyte of nothing": "os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 30)",
    "a folder": "os.mkdir(path)",
    "a socket": "socket.socket(socket.AF_UNIX).bind(path)",
    "no bytes": "open(path, 'w')",
    "no UTF-8": "open(path, 'wb').write(b'\\xff\\xfe\\0')",
    "a deep list": "open(path, 'w').write('[' * 200000)",
    "a deep table": "open(path, 'w').write('{\"a\":' * 100000)",
    "two that cannot be put in order": (
        "for n, at in enumerate(('null', '\"x\"', '1', 'NaN', '[]', '{}', '1' + '0' * 400)):\n"
        "    os.makedirs(f'{place}{n}'); open(f'{place}{n}/config.json', 'w').write(\n"
        '        \'{"id":"c%d","name":"n%d","image":"i","argv":[],"pid":%d,"created":%s}\' % (n, n, n + 2, at))'
    ),
    "wrong kinds": (
        "json.dump(dict(id=[1], name={}, image=None, argv='x', created=1, pid=1.5, env=7, ports=3), open(path, 'w'))"
    ),
    "a googol as pid": 'open(path, \'w\').write(\'{"id":"c","name":"n","image":"i","argv":[],"created":1,"pid":1\' + \'0\' * 400 + \'}\')',
    "the name of the host": "json.dump(dict(id='c', name='host', image='i', argv=[], created=1, pid=os.getpid()), open(path, 'w'))",
    "five thousand records": (
        "for n in range(5000):\n    os.mkdir(f'{place}{n}'); open(f'{place}{n}/config.json', 'w').write('{}')"
    ),
    "five thousand names": "for n in range(5000): open(f'/run/netns/n{n}', 'w')",
    "names of high bytes": "open(b'/run/netns/\\xff\\xfe', 'w'); subprocess.run(['ip', 'netns', 'add', b'\\xff\\xfd'])",
    "interfaces of high bytes": (
        "subprocess.run(['ip', 'link', 'add', b'\\xff\\xfe', 'type', 'bridge'])\n"
        "subprocess.run(['ip', 'link', 'add', b'\\xff\\xfd', 'type', 'veth', 'peer', 'name', b'\\x80.\\x81'])\n"
        "subprocess.run(['ip', 'link', 'add', 'all.x', 'type', 'bridge'])\n"
        "subprocess.run(['ip', 'link', 'add', 'conf', 'type', 'bridge'])"
    ),
    "links among the names": (
        "os.symlink('/proc/self/ns/net', '/run/netns/own')\n"
        "os.symlink('/proc/1/ns/net', '/run/netns/one')\n"
        "os.symlink('/proc/../etc/shadow', '/run/netns/up')\n"
        "os.symlink('/proc/self/root/proc/self/ns/net', '/run/netns/round')\n"
        "os.symlink('/proc/self/ns/mnt', '/run/netns/mnt')\n"
        "os.symlink('/run/netns/loop', '/run/netns/loop')"
    ),
    "a namespace bound over another's": (
        "open('/run/netns/a', 'w'); subprocess.run(['mount', '--bind', '/proc/self/ns/mnt', '/run/netns/a'])\n"
        "open('/run/netns/b', 'w'); subprocess.run(['mount', '--bind', '/proc/self/ns/user', '/run/netns/b'])"
    ),
    "no folder at all": "import shutil; shutil.rmtree('/run/netlab/containers'); subprocess.run(['mount', '-t', 'tmpfs', 'x', '/run'])",
    "comments of high bytes": (
        "subprocess.run(['iptables', '-A', 'FORWARD', '-m', 'comment', '--comment', b'\\xff\\xfe', '-j', 'DROP'])"
    ),
    "nft's names of any bytes": (
        "import socket as s\n"
        "def attr(kind, value):\n"
        "    size = 4 + len(value); return struct.pack('=HH', size, kind) + value + bytes(-size % 4)\n"
        "def message(kind, flags, body, family=2, resource=0):\n"
        "    body = struct.pack('!BBH', family, 0, resource) + body\n"
        "    return struct.pack('=IHHII', 16 + len(body), kind, flags | 1, 1, 0) + body\n"
        "sock = s.socket(s.AF_NETLINK, s.SOCK_RAW, 12); sock.bind((0, 0)); sock.settimeout(1)\n"
        "names = (b'a b\\0', b'c\\n-A x\\0', b'\\xff\\xfe\\0', b'}\\0', b'-A\\0', b'chain x {\\0', b'\\x1b]0;owned\\x07\\0')\n"
        "batch = message(16, 0, b'', 0, 10)\n"
        "for name in names: batch += message(10 << 8 | 3, 0x400, attr(1, b'filter\\0') + attr(3, name))\n"
        "batch += message(10 << 8, 0x400, attr(1, b't }\\n\\xff\\0')) + message(17, 0, b'', 0, 10)\n"
        "sock.send(batch)\n"
        "try: print(sock.recv(65536))\n"
        "except OSError: pass\n"
        "for name in names[:1] + names[2:3]:\n"
        "    subprocess.run(['iptables', '-A', name.rstrip(b'\\0'), '-j', 'DROP'], stderr=-3)"
    ),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_no_file_of_the_labs_keeps_the_keeper_from_answering(lab: Lab, name: str, folder: Path) -> None:
    """The keeper looks into the lab host's /run; whatever the learner has put there, it is back in time."""
    attack(lab, READ.format(plant=IN_PLACE[name]))
    answers(lab)
    done = netlab("--lab", lab.name, "status", timeout=SOON + 5)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-1500:]
    assert "root:" not in done.stdout + done.stderr
    log = lab.exchange / "keeper.log"
    assert not log.exists() or "root:" not in log.read_text(errors="replace")
    ends(lab)


def test_a_container_that_is_called_host_is_not_the_host(lab: Lab) -> None:
    """Two nodes of one name: what is asked of `host` is asked of the lab host."""
    code = READ.format(plant="") + (
        "pid = subprocess.Popen(['unshare', '-n', 'sleep', '100'], start_new_session=True, stdin=-3, stdout=-3, stderr=-3).pid\n"
        "time.sleep(0.3)\n"
        "for n, name in enumerate(('host', 'internet')):\n"
        "    json.dump(dict(id=os.path.basename(f'{place}{n}'), name=name, image='i', argv=[], created=1.0, pid=pid), open(path, 'w'))\n"
        "    os.makedirs(f'{place}{n}', exist_ok=True); os.replace(path, f'{place}{n}/config.json')\n"
    )
    attack(lab, code)
    seen = within(SOON, lab.snapshot)
    assert [node.name for node in seen.nodes if node.kind == "container"] == ["container host"]
    kinds = [node.kind for node in seen.nodes if node.name == "host"]
    assert kinds == ["host"], "two nodes have that name"
    assert seen.node("host").has_interface("docker0")
    assert "docker0" in within(SOON, lambda: lab.run(["ip", "-br", "link"], node="host")).stdout
    assert within(SOON, lambda: lab.run(["hostname"], node="internet")).stdout == "internet\n"
    route = within(SOON, lambda: lab.route("internet", "192.0.2.10"))
    assert "uplink" in str(route)


def test_a_program_of_the_labs_is_not_run_to_look_at_it(lab: Lab) -> None:
    """The learner's own iptables-save, nft and ip stand first in the lab host's PATH: the keeper has its own."""
    code = (
        "for name in ('iptables-nft-save', 'ip6tables-nft-save', 'nft', 'ip', 'iptables'):\n"
        "    open(f'/usr/local/sbin/{name}', 'w').write('#!/bin/sh\\ntouch /run/called\\nsleep 100\\n')\n"
        "    os.chmod(f'/usr/local/sbin/{name}', 0o755)\n"
    )
    attack(lab, code)
    answers(lab)
    assert lab.run(["test", "-e", "/run/called"]).returncode == 1
    assert lab.run(["test", "-e", "/run/called"], node="internet").returncode == 1
    ends(lab)


def test_a_lab_full_of_processes_is_looked_at_and_ended(lab: Lab) -> None:
    """A thousand processes that do nothing, in fifty namespaces."""
    code = (
        "for n in range(1000):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        for fd in range(3): os.close(fd)\n"
        "        if n < 50: LIBC.unshare(0x40000000)\n"
        "        time.sleep(100); os._exit(0)\n"
    )
    attack(lab, code, timeout=30)
    assert within(SOON, lab.status).name == lab.name
    within(SOON * 3, lab.snapshot)
    ends(lab)


def test_a_full_disk_of_the_labs_own_stops_nobody(lab: Lab) -> None:
    """The lab host's root file system is full, in a lab with limits: it is seen and ended."""
    before = running()
    name = f"{lab.name}-c"
    small = Lab.up(name, confined=Confinement(Path("/usr/share")))
    try:
        code = "os.system('head -c 300M /dev/zero >/root/full; head -c 300M /dev/zero >/run/full')"
        with suppress(NetlabError, subprocess.TimeoutExpired):
            attack(small, code)
        assert within(SOON, small.status).name == name
        within(SOON, small.snapshot)
        within(SOON, small.down)
    finally:
        end(small, before)


def test_an_endless_output_does_not_fill_the_machine(lab: Lab) -> None:
    """A command that prints for ever, run with a limit of time: what is kept of it has a limit, too."""
    with suppress(NetlabError, subprocess.TimeoutExpired):
        done = within(20, lambda: lab.run(["head", "-c", "1G", "/dev/zero"], timeout=15))
        assert len(done.stdout) <= 64 << 20


def test_the_keeper_outlives_a_lab_that_talks_nonsense_to_it(lab: Lab) -> None:
    """What process 1 would say to its keeper, somebody else says on the same sockets; `down` still works."""
    code = (
        "for body in (b'[' * 100000, b'{\"ready\": false, \"error\": \"x\"}', b'{\"done\": 1e999}', b'', b'null', b'\\xff'):\n"
        "    for framing in ('length and kind', 'length', 'line'):\n"
        "        tell_all(framed(body, framing))\n"
        "tell_all(struct.pack('!IB', 1 << 31, 1) + b'x' * 65536)\n"
        "time.sleep(0.3)\n"
    )
    with suppress(Exception):
        within(20, lambda: attack(lab, code))
    answers(lab)
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


def test_a_down_that_is_interrupted_by_the_lab_is_a_down(lab: Lab) -> None:
    """A process of the lab's ends process 1 at the moment at which `down` is asked."""
    code = "def work(ready):\n    ready(); time.sleep(0.3); break_process_1()\ndetach(work)\n"
    attack(lab, code)
    time.sleep(0.28)
    with suppress(NetlabError):
        within(SOON + 5, lab.down)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            within(SOON, lab.status)
        except NetlabError:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the lab goes on")
