"""What a lab has put where its keeper looks: no file of it keeps an answer back, and none is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.support import (
    SOON,
    Lab,
    answers,
    attack,
    ends,
    netlab,
    within,
)

READ = """
place = '/run/netlab/containers/' + 'c' * 64
import fcntl, subprocess
os.makedirs(place, exist_ok=True)
path = place + '/config.json'
os.makedirs('/run/netns', exist_ok=True)
{plant}
"""
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
