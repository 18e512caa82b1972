"""The machine stands in folders that a lab writes to: it runs no code of them, and tells no other file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tests.attacks.support import (
    ROOT,
    Lab,
    NetlabError,
    attack,
    end,
    running,
)


def test_the_command_line_runs_no_code_from_the_folder_of_the_lessons(lab: Lab, marker: Path) -> None:
    """The lab may write to the lessons' folder; who stands there and types `../run` runs none of it."""
    planted_files = ("json.py", "netlab.py", "socket.py", "sitecustomize.py", "argparse.py")
    text = f"import os\nos.path.isdir({str(marker)!r}) or os.mkdir({str(marker)!r})\n"
    stand = ROOT / f"labs/attack-{os.getpid()}"  # not labs/ itself: other tests stand there
    code = "os.makedirs(place)\nfor name in files: open(f'{place}/{name}', 'w').write(text)"
    try:
        attack(lab, code, files=planted_files, place=str(stand), text=text)
        runs = ["sh", str(ROOT / "run"), "--lab", lab.name, "status"]
        if not (ROOT / ".venv/.ready").exists():  # as `./run` ends
            runs = [sys.executable, "-m", "netlab", "--lab", lab.name, "status"]
        subprocess.run(runs, cwd=stand, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        assert not marker.exists(), "code that was written in the lab ran on the machine"
    finally:
        shutil.rmtree(stand, ignore_errors=True)


def test_a_new_labs_keeper_runs_no_code_from_the_folder_that_it_is_started_in(
    folder: Path, marker: Path, lab_name: str, leakproof: None
) -> None:
    """JupyterLab stands in the lessons' folder, which labs write to, when it makes a lab."""
    stand = folder / "stand"
    stand.mkdir()
    for name in ("gc.py", "netlab.py", "signal.py", "json.py", "traceback.py", "struct.py"):
        text = f"import os\nos.path.isdir({str(marker)!r}) or os.mkdir({str(marker)!r})\n"
        (stand / name).write_text(text)
    before = running()
    code = f"import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.insert(0, {str(ROOT)!r})\n"
    code += f"import netlab.lab.lab, os; os.chdir({str(stand)!r}); netlab.lab.lab.Lab.up({lab_name!r})"
    try:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60)
        assert not marker.exists(), "code from the current folder ran in the keeper on the machine"
    finally:
        end(Lab(lab_name), before)


def test_a_kernel_that_is_started_again_writes_its_file_nowhere_else(
    lab: Lab, victim: Path, tmp_path: Path
) -> None:
    """The connection file lies in the exchange folder: the lab puts links in its place, all the time."""
    code = (
        "def work(ready):\n"
        "    os.chdir(place)\n"
        "    ready()\n"
        "    while True:\n"
        "        for name in os.listdir('.'):\n"
        "            if name.startswith('kernel-') and not os.path.islink(name):\n"
        "                try: os.unlink(name); os.symlink(victim, name)\n"
        "                except OSError: pass\n"
        "detach(work)\n"
    )
    attack(lab, code, place=str(lab.exchange), victim=str(victim))
    jupyter = (
        "from jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='netlab')\n"
        "for _ in range(3):\n"
        "    try: manager.start_kernel()\n"
        "    except Exception as error: print(error)\n"
        "    manager.shutdown_kernel(now=True)\n"
    )
    env = {**os.environ, "NETLAB_LAB": lab.name, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", jupyter], env=env, cwd=ROOT, capture_output=True, timeout=90)


def test_the_tail_of_a_log_that_is_another_file_is_not_told(lab: Lab, tmp_path: Path) -> None:
    """The grader tells the last line of a keeper's log: not of a file that the lab has put in its place."""
    secret = tmp_path / "secret"
    secret.write_text("the teacher's secret line\n")
    code = (
        "try: os.unlink(place + '/keeper.log')\nexcept OSError: pass\n"
        "os.symlink(secret, place + '/keeper.log')\n"
    )
    attack(lab, code, place=str(lab.exchange), secret=str(secret))
    said = []
    threading.Timer(1.0, lambda: end(lab, running())).start()
    try:
        lab.run(["sleep", "5"], timeout=10)
    except (NetlabError, subprocess.TimeoutExpired) as error:
        said.append(str(error))
    assert "secret line" not in "".join(said)
