"""What a command in a lab has of the machine's: three streams, which lead to no file and no terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    ROOT,
    Lab,
    attack,
    source,
)

SECRET = "swordfish-7c1d9a"


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
