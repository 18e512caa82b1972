"""An attacker who has the descriptors of process 1 speaks to whoever reads what it says."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.support import FRAMINGS, Lab, NetlabError, attack, in_terminal, netlab, notebook, source

PICKLE = """
time.sleep(0.3)
tell_all(framed(pickle.dumps(Runs(marker)), framing, True))
time.sleep(0.5)
os._exit(7)
"""
FORGED = """
time.sleep(0.3)
tell_all(framed(body, framing))
time.sleep(0.5)
os._exit(7)
"""
# What an answer could be mistaken for, or break the reader with.
LIES: dict[str, bytes] = {
    "exit 0": b'{"exit": 0}',
    "negative": b'{"exit": -1}',
    "large": b'{"exit": 4294967296}',
    "googol": b'{"exit": 1' + b"0" * 400 + b"}",
    "many digits": b'{"exit": 1' + b"0" * 5000 + b"}",
    "infinite": b'{"exit": 1e999}',
    "NaN": b'{"exit": NaN}',
    "fraction": b'{"exit": 0.5}',
    "text": b'{"exit": "0"}',
    "no number": b'{"exit": "zero"}',
    "true": b'{"exit": true}',
    "null": b'{"exit": null}',
    "list": b'{"exit": [0]}',
    "nothing": b"{}",
    "not a table": b"[]",
    "number": b"7",
    "bare null": b"null",
    "empty": b"",
    "no UTF-8": b"\xff\xfe\x00",
    "half": b'{"exit": ',
    "ok": b'{"ok": {"nodes": []}}',
    "ok null": b'{"ok": null}',
    "pid": b'{"pid": 1}',
    "SystemExit": b'{"error": "SystemExit", "what": "0", "next": ""}',
    "KeyboardInterrupt": b'{"error": "KeyboardInterrupt", "what": "", "next": ""}',
    "no class": b'{"error": "annotations", "what": "", "next": ""}',
    "dunder": b'{"error": "__builtins__", "what": "", "next": ""}',
    "function": b'{"error": "check_language", "what": "", "next": ""}',
    "number as error": b'{"error": 5, "what": "", "next": ""}',
    "no words": b'{"error": "LabError"}',
    "tables as words": b'{"error": "LabError", "what": {"a": []}, "next": [1]}',
    "deep list": b"[" * 200_000,
    "deep table": b'{"a":' * 100_000,
    "twice": b'{"exit": 7, "exit": 0}',
}


def forged(lab: Lab, body: bytes, framing: str = FRAMINGS[0], timeout: float = 6) -> int | str:
    """The status that the machine takes for that command's, or the name of the error that it tells of."""
    before = time.monotonic()
    try:
        return attack(lab, FORGED, body=body, framing=framing, timeout=timeout).returncode
    except NetlabError as error:
        return type(error).__name__
    except subprocess.TimeoutExpired:
        return "TimeoutExpired"
    finally:
        assert time.monotonic() - before < timeout + 3


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_pickle_sent_to_who_waits_for_a_command_is_not_unpickled(
    lab: Lab, marker: Path, framing: str
) -> None:
    """Somebody runs a command in a lab whose learner has taken the other end of their connection."""
    with contextlib.suppress(NetlabError):
        attack(lab, PICKLE, marker=str(marker), framing=framing)
    assert not marker.exists(), "the attacker's code ran on the machine"


def test_a_pickle_does_not_reach_a_client_of_another_command(lab: Lab, marker: Path) -> None:
    """A long command is at work for one client while another's is the attacker."""
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--", "sh", "-c", "echo; sleep 3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert client.stdout
        client.stdout.readline()
        with contextlib.suppress(NetlabError):
            attack(lab, PICKLE, marker=str(marker), framing=FRAMINGS[0])
        client.communicate(timeout=20)
    assert not marker.exists(), "the attacker's code ran in another's client"


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "in a terminal"])
def test_a_pickle_does_not_reach_the_command_line(lab: Lab, marker: Path, terminal: bool) -> None:
    """`./run exec` of a program that turns on the one who runs it."""
    code = source(PICKLE, marker=str(marker), framing=FRAMINGS[0])
    words = ("--lab", lab.name, "exec", "--", sys.executable, "-c", code)
    if terminal:
        in_terminal(*words)
    else:
        netlab(*words)
    assert not marker.exists(), "the attacker's code ran on the machine"


@pytest.mark.parametrize("name", LIES)
def test_a_forged_answer_is_a_status_or_an_error_of_netlabs(lab: Lab, name: str) -> None:
    """Process 1 may lie, as it is the learner's: what it says is a status from 0 to 255, or it is refused."""
    outcome = forged(lab, LIES[name])
    errors = ("LabError", "LabDied", "CommandFailed", "TimeoutExpired")
    assert outcome in errors or (type(outcome) is int and 0 <= outcome <= 255), outcome


def test_a_forged_length_takes_no_memory_and_no_time(lab: Lab) -> None:
    """Two gigabytes are announced and never come: the client does not wait for them for good."""
    code = FORGED.replace("framed(body, framing)", "struct.pack('!IB', 1 << 31, 0) + b'[' * 100")
    before = time.monotonic()
    with contextlib.suppress(NetlabError, subprocess.TimeoutExpired):
        attack(lab, code, timeout=4)
    assert time.monotonic() - before < 7


def test_an_answer_that_drips_does_not_outlast_the_time_limit(lab: Lab) -> None:
    """A byte every second: each comes in time, and the whole never does."""
    code = """
    """
    code = (
        "time.sleep(0.3)\nsocks = list(stolen_sockets())\n"
        "for at, byte in enumerate(framed(b'{\"exit\": 0}' + b' ' * 100, framing)[:8]):\n"
        "    for sock in socks:\n        tell(sock, bytes([byte]))\n    time.sleep(1)\n"
    )
    before = time.monotonic()
    with contextlib.suppress(NetlabError, subprocess.TimeoutExpired):
        attack(lab, code, framing=FRAMINGS[0], timeout=3)
    assert time.monotonic() - before < 5, "the limit was three seconds"


def test_process_1_has_no_connection_of_the_machines(lab: Lab) -> None:
    """While commands, terminals and captures are at work, no descriptor of process 1 leads to a client."""
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "exec", "--", "sh", "-c", "echo; sleep 4"]
    look = (
        "time.sleep(0.2)\n"
        "for sock in stolen_sockets():\n"
        "    for name in (sock.getsockname(), sock.getpeername()):\n"
        "        if name: print(repr(name))\n"
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        assert client.stdout
        client.stdout.readline()
        with lab.capture():
            named = set(attack(lab, look).stdout.split())
        client.communicate(timeout=20)
    assert named <= {repr("/run/netlab/lab.sock"), repr(b"/run/netlab/lab.sock")}


def test_descriptors_that_come_with_a_forged_answer_are_not_kept(lab: Lab) -> None:
    """A hundred answers with sixteen descriptors each, and a client that has none of them afterwards."""
    import os

    before = set(os.listdir("/proc/self/fd"))
    code = (
        "time.sleep(0.3)\nnull = os.open('/dev/null', os.O_RDONLY)\n"
        "tell_all(framed(b'{\"pid\": 5}', framing), [null] * 16)\ntime.sleep(0.3)\nos._exit(7)\n"
    )
    for _ in range(3):
        with contextlib.suppress(NetlabError, subprocess.TimeoutExpired, KeyError):
            attack(lab, code, framing=FRAMINGS[0], timeout=4)
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_notebooks_kernel_cannot_run_code_in_its_jupyter(lab: Lab, marker: Path, tmp_path: Path) -> None:
    """A cell takes its own connection from process 1, speaks on it, and Jupyter asks whether it lives."""
    cell = source(PICKLE.replace("os._exit(7)", "time.sleep(2)"), marker=str(marker), framing=FRAMINGS[0])
    jupyter = (
        "import sys\nfrom jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='netlab')\nmanager.start_kernel()\n"
        "client = manager.blocking_client()\nclient.start_channels()\nclient.wait_for_ready(timeout=60)\n"
        "client.execute(sys.stdin.read())\n"
        "import time\n"
        "for _ in range(50): manager.is_alive(); time.sleep(0.1)\n"
        "client.stop_channels(); manager.shutdown_kernel(now=True)\n"
    )
    done = jupyter_runs(jupyter, cell, lab.name)
    assert not marker.exists(), f"the attacker's code ran in Jupyter\n{done.stderr[-2000:]}"


def jupyter_runs(program: str, cell: str, lab: str) -> subprocess.CompletedProcess[str]:
    """A client of Jupyter's in a process of its own, with that cell on its input."""
    import os

    from tests.attacks.support import ROOT

    env = {**os.environ, "NETLAB_LAB": lab, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, input=cell, capture_output=True, text=True, env=env, cwd=ROOT, timeout=90)


Cells = Callable[[Path], list[str]]
GRADED: dict[str, Cells] = {
    "a pickle": lambda marker: [
        source(
            PICKLE.replace("os._exit(7)", "os.kill(os.getpid(), 9)"), marker=str(marker), framing=FRAMINGS[0]
        )
    ],
    "a forged claim": lambda marker: [
        source(
            "tell_all(framed(json.dumps({'exit': 0, 'ok': True, 'points': 100}).encode(), framing))\n"
            "for fd in range(3, 50):\n"
            '    try: os.write(fd, b\'{"cell": 2, "points": 9, "passed": ["02.1", "02.2", "02.3"],\'\n'
            '        b\' "predictions": {}, "answers": {}}\\n\')\n'
            "    except OSError: pass\n",
            framing=FRAMINGS[0],
        )
    ],
    "an empty claim": lambda marker: [
        "import os\n"
        "for fd in range(3, 50):\n"
        "    try: os.write(fd, b'{}\\n[]\\n{\"predictions\": 1}\\n{}\\n')\n"
        "    except OSError: pass\n"
    ],
    "a deep claim": lambda marker: [
        source(
            "for fd in range(3, 50):\n"
            "    try: os.set_blocking(fd, False); os.write(fd, b'[' * 60000 + b'\\n')\n"
            "    except OSError: pass\n"
        )
    ],
}


@pytest.mark.parametrize("name", GRADED)
def test_a_submission_earns_nothing_by_speaking_for_process_1(
    name: str, marker: Path, tmp_path: Path, leakproof: None
) -> None:
    """A learner hands in an exploit: no code of theirs runs at the teacher's, and it has no points."""
    file = tmp_path / "handed-in" / "02.ipynb"
    file.parent.mkdir()
    file.write_text(notebook(GRADED[name](marker)))
    out = tmp_path / "grades"
    done = netlab("grade", str(file), "--lesson", "02", "--out", str(out), "--jobs", "1", timeout=120)
    assert not marker.exists(), "the attacker's code ran at the teacher's"
    assert "Traceback" not in done.stderr
    result = json.loads(next(out.glob("*/result.json")).read_text())
    assert result["points"] == 0, result
