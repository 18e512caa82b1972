"""What of the machine's secrets comes into a lab: none."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.attacks.support import (
    ROOT,
    Lab,
    attack,
    end,
    netlab,
    running,
    source,
)

SECRET = "swordfish-7c1d9a"
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
