"""What of the machine goes into a lab, and what of a lab's text comes out to a terminal."""

from __future__ import annotations

import ctypes
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    FRAMINGS,
    ROOT,
    Lab,
    NetlabError,
    attack,
    end,
    in_terminal,
    netlab,
    running,
    source,
)

SECRET = "swordfish-7c1d9a"
TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J"
# Bytes that a terminal obeys: C0 but tab and line feed, DEL, and C1 as UTF-8.
OBEYED = [chr(n) for n in (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0))]
SEARCH = """
wanted = "".join(halves)
found = []
for pid in (name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()):
    for file in ("environ", "cmdline"):
        try:
            if wanted.encode() in open(f"/proc/{pid}/{file}", "rb").read(): found.append(f"{pid} {file}")
        except OSError:
            pass
print(sorted(found))
"""
MEMORY = """
wanted, found = "".join(halves).encode(), []
memory = open("/proc/1/mem", "rb", buffering=0)
for line in open("/proc/1/maps").read().splitlines():
    area, rights, *_ = line.split()
    begin, until = (int(word, 16) for word in area.split("-"))
    if "r" not in rights or "[v" in line: continue
    try:
        while begin < until:
            memory.seek(begin)
            part = memory.read(min(until - begin, 1 << 24))
            if wanted in part: found.append(line)
            begin += len(part) or until
    except (OSError, OverflowError, ValueError):
        continue
print(found)
"""
HALVES = (SECRET[:7], SECRET[7:])  # so that the search does not find itself


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the lab has a password in their environment, as of a registry or of Jupyter."""
    monkeypatch.setenv("NETLAB_TEST_PASSWORD", SECRET)
    monkeypatch.setenv("JUPYTER_TOKEN", SECRET)


@pytest.fixture
def secretive(secret: None, lab_name: str, leakproof: None) -> Iterator[Lab]:
    """A lab that somebody with that password has made, by a process whose environment has it."""
    before = running()
    done = netlab("--lab", lab_name, "up", NETLAB_TEST_PASSWORD=SECRET, JUPYTER_TOKEN=SECRET)
    assert done.returncode == 0, done.stderr
    yield Lab(lab_name)
    end(Lab(lab_name), before)


def test_no_environment_in_the_lab_holds_the_machines_secrets(secretive: Lab) -> None:
    """Of every process in the lab host, containers included, the learner reads the environment."""
    secretive.script("docker run -d --name c1 x sleep 1000; sleep 1000 >/dev/null 2>&1 & disown; sleep 0.2")
    assert attack(secretive, SEARCH, halves=HALVES).stdout == "[]\n"


def test_no_environment_in_the_level_above_holds_them(secretive: Lab) -> None:
    """`internet` is no learner's, but what runs there is nobody's with a password either."""
    done = attack(secretive, SEARCH, halves=HALVES, node="internet")
    assert done.stdout == "[]\n"


def test_the_memory_of_process_1_holds_no_secret(secretive: Lab) -> None:
    """It was forked from what had read the environment: the learner may read all that it remembers."""
    done = attack(secretive, MEMORY, halves=HALVES)
    assert done.stdout == "[]\n", done.stderr


def test_a_notebooks_kernel_does_not_know_what_jupyter_knows(secretive: Lab) -> None:
    """The environment of JupyterLab's server, with its token in it, is not that of the kernel."""
    program = (
        "import sys\nfrom jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='netlab')\nmanager.start_kernel()\n"
        "client = manager.blocking_client()\nclient.start_channels()\nclient.wait_for_ready(timeout=60)\n"
        "client.execute_interactive(sys.stdin.read(), timeout=60)\n"
        "client.stop_channels(); manager.shutdown_kernel(now=True)\n"
    )
    cell = source(SEARCH.replace("and int(name) != os.getpid()", ""), halves=HALVES)
    env = {**os.environ, "NETLAB_LAB": secretive.name, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=cell, env=env, cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert "[]" in done.stdout, done.stdout + done.stderr[-1500:]


KEYCTL, ADD_KEY = 250, 248
GET_KEYRING, JOIN_SESSION, DESCRIBE, SEARCH_KEY, READ = 0, 1, 6, 10, 11
SESSION, USER, USER_SESSION = -3, -4, -5
LOOK_FOR_A_KEY = """
found = []
for ring in (-1, -2, -3, -4, -5):
    for kind in (b"user", b"logon"):
        key = LIBC.syscall(250, 10, ctypes.c_long(ring), kind, name.encode(), 0)
        text = ctypes.create_string_buffer(100)
        if key > 0:
            size = LIBC.syscall(250, 11, key, text, 100)
            found.append((ring, text.raw[:max(size, 0)].decode(errors="replace")))
print(found, "".join(halves) in open("/proc/keys").read() if os.path.exists("/proc/keys") else False)
"""


def test_the_session_keyring_stays_on_the_machine(lab_name: str, leakproof: None) -> None:
    """Kerberos tickets and the like hang from a session: the lab's processes have not inherited it."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = running()
    child = os.fork()
    if child == 0:
        try:
            if libc.syscall(KEYCTL, JOIN_SESSION, None) < 0:
                os._exit(77)
            key = libc.syscall(ADD_KEY, b"user", SECRET.encode(), b"worth a lot", 11, ctypes.c_long(SESSION))
            if key < 0:
                os._exit(77)
            libc.syscall(KEYCTL, 5, key, 0x3F3F3F3F)  # whoever possesses it, and anybody, may read it
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", "netlab", "--lab", lab_name, "up"]
            os.chdir(ROOT)
            os._exit(subprocess.run(command, env=environment, capture_output=True).returncode)
        except BaseException:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 77:
        pytest.skip("this kernel has no keyrings, or allows none here")
    try:
        assert status == 0
        done = attack(Lab(lab_name), LOOK_FOR_A_KEY, name=SECRET, halves=HALVES)
        assert done.stdout.startswith("[]"), done.stdout
        inside = attack(Lab(lab_name), LOOK_FOR_A_KEY, name=SECRET, halves=HALVES, node="internet")
        assert inside.stdout.startswith("[]"), inside.stdout
    finally:
        end(Lab(lab_name), before)


def test_process_1_has_no_file_of_the_machines(lab: Lab) -> None:
    """Its descriptors lead to /dev/null, to pipes, to files of the lab's own: to no log and no other file."""
    code = (
        "ours = os.stat('/').st_dev\n"
        "for fd in sorted(os.listdir('/proc/1/fd'), key=int):\n"
        "    at = os.readlink(f'/proc/1/fd/{fd}'); there = os.stat(f'/proc/1/fd/{fd}')\n"
        "    if at.startswith('/') and at != '/dev/null' and not at.startswith(('/run/', '/proc', '/dev/pts')):\n"
        "        print(fd, at)\n"
    )
    assert attack(lab, code).stdout == ""


def test_a_command_has_no_more_than_its_three_streams(lab: Lab) -> None:
    """What is started in the lab has inherited nothing besides, and no other working folder or root."""
    done = lab.run(["sh", "-c", "ls /proc/self/fd; readlink /proc/self/cwd; cat /proc/self/environ"])
    numbers = done.stdout.split("/")[0].split()
    assert numbers == ["0", "1", "2", "3"], "the fourth is the folder that ls has open"


def test_a_file_that_was_given_to_read_cannot_be_written(lab: Lab, tmp_path: Path) -> None:
    """`./run exec -- COMMAND <notes.txt`: through /proc/self/fd the lab opens it once more, to write."""
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    notes.chmod(0o666)  # in a folder that the lab's users cannot pass
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--"]
    command += ["sh", "-c", "cat; echo theirs >/proc/self/fd/0"]
    with notes.open() as opened:
        done = subprocess.run(command, stdin=opened, capture_output=True, text=True, cwd=ROOT, timeout=20)
    assert done.stdout == "mine\n"
    assert notes.read_text() == "mine\n", "the lab has written to a file that was open for reading"


def test_a_file_that_was_given_to_write_cannot_be_read(lab: Lab, tmp_path: Path) -> None:
    """`./run exec -- COMMAND >>log.txt`: what stood in there before is not the lab's to read."""
    log = tmp_path / "log.txt"
    log.write_text(f"{SECRET}\n")
    log.chmod(0o666)
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--"]
    command += ["sh", "-c", "timeout 2 cat /proc/self/fd/1 >&2; exit 0"]
    with log.open("a") as opened:
        done = subprocess.run(
            command, stdout=opened, stderr=-1, stdin=subprocess.DEVNULL, text=True, cwd=ROOT, timeout=20
        )
    assert SECRET not in done.stderr


LISTEN_ON = """
def work(ready):
    ready()
    seen, until = b"", time.monotonic() + 4
    import select
    while time.monotonic() < until:
        if select.select([keep], [], [], 0.1)[0]:
            part = os.read(keep, 100)
            seen += part
            if not part: break
    open(place, "wb").write(seen)
keep = os.dup(stream)
detach(work)
"""


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_command_that_ended_does_not_listen_to_the_terminal(lab: Lab, stream: int) -> None:
    """`./run exec` of three streams gets one that is no terminal; what it left behind reads the other two:
    the next password that is typed there."""
    code = source(LISTEN_ON, stream=stream, place="/run/typed")
    master, slave = pty.openpty()
    nothing = os.open("/dev/null", os.O_RDWR)
    streams = [slave] * 3
    streams[(stream + 1) % 3] = nothing
    words = ["--lab", lab.name, "exec", "--", sys.executable, "-c", code]
    command = [sys.executable, "-m", "netlab", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        subprocess.run(
            command, stdin=streams[0], stdout=streams[1], stderr=streams[2], cwd=ROOT, env=env, timeout=20
        )
        os.write(master, f"{SECRET}\n".encode())
        deadline = time.monotonic() + 10
        while lab.run(["test", "-e", "/run/typed"]).returncode and time.monotonic() < deadline:
            time.sleep(0.1)
        assert SECRET not in lab.run(["cat", "/run/typed"]).stdout
    finally:
        for fd in (master, slave, nothing):
            os.close(fd)


def test_a_notebooks_kernel_has_not_the_terminal_of_its_jupyter(lab: Lab) -> None:
    """Who types `./run` sees JupyterLab's log in a terminal; the kernel in the lab cannot read from it."""
    program = (
        "import sys\nfrom jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='netlab')\nmanager.start_kernel()\n"
        "client = manager.blocking_client()\nclient.start_channels()\nclient.wait_for_ready(timeout=60)\n"
        "def shown(message):\n"
        "    if message['msg_type'] == 'stream': open(sys.argv[1], 'a').write(message['content']['text'])\n"
        "client.execute_interactive(sys.argv[2], timeout=60, output_hook=shown)\n"
        "client.stop_channels(); manager.shutdown_kernel(now=True)\n"
    )
    said = lab.exchange.parent / "said"
    env = {**os.environ, "NETLAB_LAB": lab.name, "PYTHONPATH": str(ROOT)}
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        cell = (
            "import os\ndef is_one(n):\n"
            "    try: return os.isatty(n)\n    except OSError: return False\n"
            "print([n for n in sorted(map(int, os.listdir('/proc/self/fd'))) if is_one(n)])"
        )
        os.execve(sys.executable, [sys.executable, "-c", program, str(said), cell], env)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                if not os.read(master, 1 << 16):
                    break
            except OSError:
                break
    os.close(master)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    assert said.read_text() == "[]\n", "descriptors of the kernel's that are the machine's terminal"


# -- what a terminal obeys ----------------------------------------------------------------------------


def shown_link(name: str) -> str:
    """A link of that name which pictures show: it is up and has an address."""
    return (
        f'n=$\'{name}\'; ip link add "$n" type bridge; ip link set "$n" up; ip addr add 10.9.9.1/24 dev "$n"'
    )


NAMED = {
    "an interface": shown_link(f"{chr(27)}]0;x{chr(7)}"),
    "an interface of high bytes": shown_link("\\xff\\xfe\\x9b2J"),
    "an interface of C1": shown_link("\\xc2\\x9b2J"),
    "a namespace": f"ip netns add $'{TITLE}'",
    "a namespace of lines": "ip netns add $'a\\nowned: up, engine docker'",
    "a namespace of high bytes": "ip netns add $'\\xff\\xfe'",
    "an alias": f"ip link add d0 type bridge; ip link set d0 alias $'{TITLE}'",
    "a process": f"unshare -n bash -c $'exec -a \\'{TITLE}\\' sleep 100' >/dev/null 2>&1 & disown; sleep 0.3",
    "a host name": f"hostname $'{TITLE}'",
    "a bridge and its port": f"ip link add $'b{CLEAR}' type bridge; ip link add $'p{CLEAR}' master $'b{CLEAR}' type veth peer name q",
    "a comment": f"iptables -A FORWARD -m comment --comment $'{TITLE}' -j DROP",
    "a comment of high bytes": "iptables -A FORWARD -m comment --comment $'\\xff\\xfe' -j DROP",
    "a table": "nft add table ip $'t'; nft add chain ip t c '{ type filter hook forward priority 0; comment \"\\x1b]0;owned\\x07\" ; }'",
}
RECORD = """
import shutil
place = '/run/netlab/containers/' + 'c' * 64
os.makedirs(place, exist_ok=True)
known = dict(id='c' * 64, name=name, image=name, argv=['sleep'], created=1.0, pid=pid, hostname=name)
json.dump(known, open(place + '/config.json', 'w'))
"""


def obeyed(text: str) -> set[str]:
    """What of it a terminal would obey."""
    return {char for char in OBEYED if char in text}


LOOKING = (("status",), ("trace", "--from", "host", "39.106.233.176"), ("draw", "-o", "/dev/null"))


def looked_at(lab: Lab) -> str:
    """All that the commands print which look at a lab."""
    said = ""
    for words in LOOKING[:2]:
        done = netlab("--lab", lab.name, *words)
        assert "Traceback" not in done.stderr, done.stderr[-1500:]
        said += done.stdout + done.stderr
    return said


@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_a_terminal_would_obey_is_shown_as_text(lab: Lab, name: str) -> None:
    """The learner chooses names: the title of somebody's window is not theirs to set."""
    lab.run(["bash", "-c", NAMED[name]])
    said = looked_at(lab)
    assert not obeyed(said), repr(said)
    assert not any(line.startswith("owned:") for line in said.splitlines()), "a line that no lab is in"
    assert any(node.name == "host" for node in lab.snapshot().nodes)


@pytest.mark.parametrize(
    "text", [TITLE, CLEAR, "a\nowned: up", "\udcff", "\ud800", "\u202egnp.exe", "x" * 100_000, ""]
)
def test_a_containers_name_is_shown_as_text(lab: Lab, text: str) -> None:
    """Its record is a file of the learner's, with any name in it, also of bytes that are no text."""
    code = (
        "import subprocess\n"
        "pid = subprocess.Popen(['unshare', '-n', 'sleep', '100'], start_new_session=True, stdin=-3, stdout=-3, stderr=-3).pid\n"
        "time.sleep(0.2)\n"
    )
    attack(lab, code + RECORD, name=text)
    said = looked_at(lab)
    assert not obeyed(said) and "\u202e" not in said, repr(said[:2000])
    assert not any(line.startswith("owned:") for line in said.splitlines())
    assert len(said) < 60_000


def test_an_error_that_names_something_of_the_labs_is_text(lab: Lab) -> None:
    """`./run exec --node x`: the message lists the names that there are."""
    lab.run(["bash", "-c", f"ip netns add $'{TITLE}'"])
    for words in (("exec", "--node", "nobody", "--", "true"), ("trace", "--from", "nobody", "1.2.3.4")):
        done = netlab("--lab", lab.name, *words)
        assert done.returncode and not obeyed(done.stdout + done.stderr), repr(done.stderr)


def test_a_forged_error_is_text(lab: Lab) -> None:
    """What process 1 says went wrong is printed, and obeyed by no terminal."""
    forged = {"error": "LabError", "what": f"x{TITLE}", "next": CLEAR}
    code = "time.sleep(0.3)\ntell_all(framed(json.dumps(forged).encode(), framing))\ntime.sleep(0.5)\n"
    words = ("--lab", lab.name, "exec", "--", sys.executable, "-c")
    done = netlab(*words, source(code, forged=forged, framing=FRAMINGS[0]))
    assert not obeyed(done.stdout + done.stderr), repr(done.stderr)
    assert "Traceback" not in done.stderr


def test_the_tail_of_a_keepers_log_is_text(lab: Lab) -> None:
    """Process 1 may write into its streams: if that is the keeper's log, then what is told of it is clean."""
    code = (
        "for fd in (1, 2):\n"
        "    try: os.write(os.open(f'/proc/1/fd/{fd}', os.O_WRONLY), line.encode())\n"
        "    except OSError: pass\n"
        "for fd in (LIBC.syscall(438, os.pidfd_open(1), n, 0) for n in (1, 2)):\n"
        "    try: os.write(fd, line.encode())\n"
        "    except OSError: pass\n"
    )
    attack(lab, code, line=f"{TITLE}{CLEAR}owned\n")
    log = lab.exchange / "keeper.log"
    assert not log.exists() or "owned" not in log.read_text(errors="replace"), "a lab writes its keeper's log"


def test_the_status_of_a_lab_in_a_terminal_is_text(lab: Lab) -> None:
    """The same on a real terminal, where the package may be tempted to colour."""
    lab.run(["bash", "-c", f"ip netns add $'{TITLE}'; ip link add $'{CLEAR}x' type bridge"])
    _, shown = in_terminal("--lab", lab.name, "status")
    assert b"\x1b]0;" not in shown and b"\x1b[2J" not in shown and b"\x07" not in shown


def test_limits_are_told_without_what_the_lab_says(lab: Lab) -> None:
    """A failing command of a lesson's start repeats what the lab's program printed, as text."""
    with suppress(NetlabError):
        lab.run(
            [
                "bash",
                "-c",
                f"printf '#!/bin/sh\\nprintf \"{TITLE}\" >&2; exit 3\\n' >/usr/local/sbin/ip; chmod 755 /usr/local/sbin/ip",
            ]
        )
    done = netlab("--lab", lab.name, "goto", "04")
    assert not obeyed(done.stdout + done.stderr), repr(done.stderr[-800:])
