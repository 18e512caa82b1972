"""Notebooks run in the lab host: through every client of Jupyter, with nothing configured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from netlab.errors import LabNotFound
from netlab.lab import Lab
from tests.kernel.lab.test_iproute import CONTAINER, LECTURE, check_lecture
from tests.support.patience import eventually

# A Jupyter to kill: it starts a kernel, says so, and waits.
JUPYTER = """
from jupyter_client.manager import KernelManager
kernel = KernelManager(kernel_name="netlab")
kernel.start_kernel()
print(flush=True)
input()
"""
PATIENCE = 60  # seconds; a kernel's first traceback takes 0.3, and ten times that on a busy machine
LINKS = "%%bash\nip -br link"


@pytest.fixture(scope="module", autouse=True)
def event_loop_of_jupyter() -> None:
    """Jupyter's blocking functions make one and keep it: it is there before the leak check looks."""
    ensure_event_loop()


@pytest.fixture
def own_lab(lab_name: str, monkeypatch: pytest.MonkeyPatch, leakproof: None) -> Iterator[str]:
    """The name of the lab that kernels are started in; ended afterwards if somebody made it."""
    monkeypatch.setenv("NETLAB_LAB", lab_name)
    yield lab_name
    with suppress(LabNotFound):
        Lab.find(lab_name).down()


def notebook(*cells: str) -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "name": "netlab",
        "display_name": "netlab (lab host)",
        "language": "python",
    }
    return made


def text(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


@contextmanager
def kernel() -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel and its client, both gone afterwards."""
    manager = KernelManager(kernel_name="netlab")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        manager.context.destroy(linger=0)


def run(client: BlockingKernelClient, code: str) -> str:
    """What a cell prints to stdout."""
    printed: list[str] = []

    def hook(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    client.execute_interactive(code, timeout=PATIENCE, output_hook=hook)
    return "".join(printed)


def begin(client: BlockingKernelClient, code: str, until: str) -> str:
    """Start a cell, and wait until it has printed that; its request's id.

    If it ends in an error, what comes right behind it is not aborted with it, as is the default.
    """
    request: str = client.execute(code, stop_on_error=False)
    while until not in client.get_iopub_msg(timeout=PATIENCE)["content"].get("text", ""):
        pass
    return request


def reply(client: BlockingKernelClient, request: str) -> dict[str, Any]:
    """What came of that cell. Answers to other requests (is the kernel ready?) are passed over."""
    while True:
        message: dict[str, Any] = client.get_shell_msg(timeout=PATIENCE)
        if message["parent_header"]["msg_id"] == request:
            return message["content"]


def test_an_unconfigured_nbclient_runs_in_the_lab_host(own_lab: str) -> None:
    """The kernelspec alone is enough: nbclient needs no configuration."""
    done = notebook(LINKS, "!ping -c 1 -q 39.106.233.176", "import os; print(os.getuid(), os.getppid())")
    NotebookClient(done, timeout=30).execute()
    links, ping, process = map(text, done.cells)
    assert [line.split()[0].split("@")[0] for line in links.splitlines()] == ["lo", "eth0", "docker0"]
    assert "1 received" in ping
    assert process == "0 1\n", "the kernel is root's and a child of the lab's process 1"


def test_nbconvert_runs_in_the_lab_host(own_lab: str, tmp_path: Path) -> None:
    """nbconvert executes a notebook there as well."""
    file = tmp_path / "a notebook.ipynb"
    nbformat.write(notebook(LINKS), file)
    convert = ["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(file)]
    subprocess.run([sys.executable, *convert], check=True, capture_output=True, timeout=60)
    assert "docker0" in text(nbformat.read(file, 4).cells[0])


def test_a_restart_keeps_the_lab(own_lab: str) -> None:
    """What the learner built is still there after the kernel was restarted."""
    with kernel() as (manager, client):
        run(client, "%%bash\nip link add kept type bridge")
        manager.restart_kernel()
        client.wait_for_ready(timeout=PATIENCE)
        assert "kept" in run(client, LINKS)


def test_notebooks_share_the_lab(own_lab: str) -> None:
    """Two notebooks see one lab."""
    with kernel() as (_, one), kernel() as (_, other):
        run(one, "%%bash\nip link add shared type bridge")
        assert "shared" in run(other, LINKS)


def test_pyroute2_works_in_a_cell(own_lab: str) -> None:
    """What the lecture does with `ip`, with `lab.ip` beside the kernel's own event loop: `ip` shows it."""
    begin = "from netlab import Lab\nlab = Lab.here()\nfrom pyroute2 import IPRoute\nIPRoute()"
    done = notebook(f"%%bash\n{CONTAINER}", begin, LECTURE, "lab.ip().link('set', index=4711)")
    with pytest.raises(CellExecutionError, match="This event loop is already running"):
        NotebookClient(notebook(begin), timeout=30).execute()
    done.cells[1].source = begin.removesuffix("\nIPRoute()")
    with pytest.raises(CellExecutionError, match=r"\(19, 'No such device'\)"):
        NotebookClient(done, timeout=30).execute()
    check_lecture(Lab.find(own_lab))


def test_an_interrupt_ends_what_pyroute2_waits_for(own_lab: str) -> None:
    """A cell that listens for what the kernel notifies ends with KeyboardInterrupt, and the next one runs."""
    with kernel() as (manager, client):
        run(client, "from netlab import Lab\nip = Lab.here().ip()\nip.bind()")
        request = begin(client, "print('begun', flush=True)\nip.get()", until="begun")
        manager.interrupt_kernel()
        assert reply(client, request)["ename"] == "KeyboardInterrupt"
        assert run(client, "print(ip.link_lookup(ifname='lo'))\nip.close()") == "[1]\n"


def test_an_interrupt_ends_a_running_ping(own_lab: str) -> None:
    """Interrupting the kernel ends an endless ping, and the next cell runs."""
    with kernel() as (manager, client):
        ping = begin(client, "%%bash\nping -i 0.2 39.106.233.176", until="64 bytes from")
        manager.interrupt_kernel()
        reply(client, ping)  # the cell has ended
        lab = Lab.find(own_lab)
        assert eventually(lambda: lab.run(["pgrep", "-x", "ping"]).returncode == 1), "the ping goes on"
        assert run(client, "print('still here')") == "still here\n"


def test_an_interrupt_reaches_python(own_lab: str) -> None:
    """Interrupting a Python cell raises KeyboardInterrupt in it."""
    with kernel() as (manager, client):
        cell = begin(client, "print('begun')\nimport threading; threading.Event().wait()", until="begun")
        manager.interrupt_kernel()
        assert reply(client, cell)["ename"] == "KeyboardInterrupt"
        assert run(client, "print('still here')") == "still here\n"


def test_a_shutdown_leaves_no_file(own_lab: str) -> None:
    """Sockets and connection files are gone with their kernel."""
    with kernel() as (manager, _):
        exchange = Lab.find(own_lab).exchange
        assert list(exchange.glob("kernel-*")), "this is where its sockets are"
        assert manager.connection_file.startswith(str(exchange))
    assert list(exchange.glob("kernel-*")) == []


def test_a_kernel_dies_with_its_jupyter(own_lab: str) -> None:
    """Even when Jupyter is killed: otherwise each crash would leave a kernel in the lab."""
    lab = Lab.up(own_lab)
    jupyter = subprocess.Popen([sys.executable, "-c", JUPYTER], stdin=-1, stdout=-1)
    with jupyter:
        assert jupyter.stdout is not None
        jupyter.stdout.readline()
        find_kernel = ["pgrep", "-f", "ipykernel_launcher"]
        assert eventually(lambda: lab.run(find_kernel).returncode == 0)
        os.kill(jupyter.pid, signal.SIGKILL)
        assert eventually(lambda: lab.run(find_kernel).returncode == 1)


def test_a_lab_that_died_takes_the_kernel_along_and_a_restart_makes_it_anew(own_lab: str) -> None:
    """A dead lab is a dead kernel; restarting makes both."""
    with kernel() as (manager, client):
        run(client, "%%bash\nip link add lost type bridge")
        Lab.find(own_lab).down()
        assert eventually(lambda: not manager.is_alive())
        manager.restart_kernel()
        client.wait_for_ready(timeout=PATIENCE)
        assert "docker0" in (links := run(client, LINKS))
        assert "lost" not in links


def test_a_lab_that_cannot_be_made_is_said_once(own_lab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message, not a traceback for each layer."""
    monkeypatch.setenv("NETLAB_ENGINE", "steam")
    with pytest.raises(Exception, match="There is no engine 'steam'") as raised:
        NotebookClient(notebook(LINKS)).execute()
    assert "Known engines" in str(raised.value)
