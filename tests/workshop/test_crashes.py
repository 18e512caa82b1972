"""Whatever falls, however it falls: nothing that a learner did is lost, and nothing counts twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.workshop.client import Client, Kernel
from tests.workshop.house import House, opened, until

START = 'from netlab import notebook\nlab = notebook.start("01")\nmine = 42'
CHECK = 'print(lab.check("01.1").passed)'
HUB, BOARD, PROXY, NURSERY = "hub", "board", "proxy", "forkserver"


def begin(house: House, name: str) -> tuple[Client, Kernel]:
    """A learner in lesson 01, who has checked its first step once."""
    client = house.learner(name).enter()
    kernel = client.kernel()
    kernel.run(START)
    kernel.run(CHECK)
    until(lambda: tries(house, name) == 1, what="the first check")
    return client, kernel


def tries(house: House, name: str, step: str = "01.1") -> int:
    """How many checks of that step the board has counted; 0 also while it is away."""
    try:
        rows: dict[str, Any] = house.board(house.instructor())
        return int(rows[name]["steps"][step]["tries"])
    except (AssertionError, KeyError, OSError):
        return 0


def test_the_hub_falls_and_nobody_notices(house: House) -> None:
    """kill -9: kernels go on, the Hub comes back by itself and knows the servers that run."""
    client, kernel = begin(house, "hub-falls")
    server = house.learners("hub-falls")
    old = house.kill(HUB)
    assert kernel.run("print(mine)").strip() == "42"
    kernel.run(CHECK)
    until(lambda: house.pid(HUB) not in (0, old), what="a new Hub")
    until(lambda: client.get("/hub/api/").status == 200, what="the new Hub's answer")
    until(lambda: tries(house, "hub-falls") == 2, what="the check that was made meanwhile")
    assert kernel.run("print(mine)").strip() == "42"
    assert house.learners("hub-falls") == server
    home = client.get("/hub/home")
    assert home.status == 200 and 'id="stop"' in home.text and client.get(f"{client.base}/lab").status == 200
    kernel.close()


def test_the_board_falls_and_no_answer_is_lost(house: House) -> None:
    """kill -9, and checks meanwhile: they wait, and are counted once when the board is back."""
    _, kernel = begin(house, "board-falls")
    old = house.kill(BOARD)
    for _ in range(3):
        kernel.run(CHECK)
    until(lambda: house.pid(BOARD) not in (0, old), what="a new board")
    until(lambda: tries(house, "board-falls") == 4, what="all checks")
    house.kill(BOARD)
    until(lambda: house.pid(BOARD), what="a new board")
    until(lambda: tries(house, "board-falls") > 0, what="the board's answer")
    assert tries(house, "board-falls") == 4
    kernel.close()


def test_the_proxy_falls_and_comes_back(house: House) -> None:
    """kill -9: pages are away for a moment, kernels are not, and the same page goes on."""
    client, kernel = begin(house, "proxy-falls")
    old = house.kill(PROXY)
    until(lambda: house.pid(PROXY) not in (0, old), what="a new proxy")

    def answers() -> bool:
        try:
            return client.get(f"{client.base}/api/kernels").status == 200
        except OSError:
            return False

    until(answers, what="the learner's server behind the new proxy")
    again = Kernel(client, kernel.id)
    assert again.run("print(mine)").strip() == "42"
    again.close()


def test_the_forkserver_falls_and_others_come_in(house: House) -> None:
    """kill -9: servers that it made go on, and there are new ones."""
    _, kernel = begin(house, "forkserver-falls")
    old = house.kill(NURSERY)
    until(lambda: house.pid(NURSERY) not in (0, old), what="a new forkserver")
    assert kernel.run("print(mine)").strip() == "42"
    begin(house, "comes-late")[1].close()
    kernel.close()


def test_a_learners_server_falls_with_an_answer_in_its_hands(house: House) -> None:
    """The board is away, the learner checks, his server is killed: the check is counted, once."""
    client, kernel = begin(house, "server-falls")
    number = house.pid(BOARD)
    os.kill(number, signal.SIGSTOP)  # the network does not answer any more
    kernel.run(CHECK)
    os.kill(house.learners("server-falls"), signal.SIGKILL)
    os.kill(number, signal.SIGCONT)
    until(lambda: not house.learners("server-falls", "world"), what="the end of his world")
    assert tries(house, "server-falls") == 1
    client.start_server()
    until(lambda: tries(house, "server-falls") == 2, what="the check that was in his hands")
    kernel = client.kernel()
    assert "a new kernel" in kernel.run("print('mine' if 'mine' in dir() else 'a new kernel')")
    kernel.close()


def test_a_world_ends_with_all_that_is_in_it(house: House) -> None:
    """kill -9 of a learner's first process: none of his is left, and he comes in again."""
    client, kernel = begin(house, "world-falls")
    kernel.run("import subprocess\nsubprocess.Popen(['setsid', 'sleep', '3600'])")
    server = house.learners("world-falls")
    uid = Path(f"/proc/{server}").stat().st_uid
    assert len(_processes(uid)) >= 5
    os.kill(house.learners("world-falls", "world"), signal.SIGKILL)
    until(lambda: not _processes(uid), seconds=20, what="the end of all his processes")
    client.start_server()
    kernel = client.kernel()
    assert "42" in kernel.run("print(6 * 7)")
    kernel.close()


def test_one_that_falls_again_and_again_is_not_started_without_end(house: House) -> None:
    """The board is killed four times at once; it is there again, and each time it took longer."""
    for _ in range(4):
        until(lambda: house.pid(BOARD), what="the board")
        house.kill(BOARD)
    until(lambda: _answers(house), what="the board's answer")


def _answers(house: House) -> bool:
    try:
        return bool(house.instructor())
    except AssertionError:
        return False


def _processes(uid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_everything_is_there_after_a_restart(state: Path) -> None:
    """Stopped and opened again: accounts, notebooks, progress and results are as they were."""
    with opened(state) as first:
        kernel = begin(first, "eva")[1]
        kernel.run('from pathlib import Path\nPath("mine.txt").write_text("kept")')
        kernel.close()
    with opened(state) as second:
        assert tries(second, "eva") == 1
        again = Client(second.url, "eva")  # without the code
        kernel = again.enter().kernel()
        assert "kept" in kernel.run('print(open("mine.txt").read())')
        assert again.get(f"{again.base}/api/contents/.progress.json").status in (400, 404)
        assert "visited" in kernel.run('print(open(".progress.json").read())')
        kernel.close()
        until(lambda: tries(second, "eva") == 1, what="the results")


def test_the_supervisor_is_killed_and_the_learners_go_on(state: Path) -> None:
    """kill -9 of `./run workshop` itself: the next one finds the servers that run, and takes them over."""
    with opened(state) as first:
        client, kernel = begin(first, "finn")
        port = int(first.url.rpartition(":")[2])
        server = first.learners("finn")
        first.process.kill()
        first.process.wait()
        parts = (HUB, BOARD, PROXY, NURSERY)
        until(lambda: not any(first.pid(part) for part in parts), what="the end of its parts")
        assert first.learners("finn") == server
    with opened(state, port=port) as second:
        assert second.learners("finn") == server
        until(lambda: client.get(f"{client.base}/api/kernels").status == 200, what="his server")
        again = Kernel(client, kernel.id)
        assert again.run("print(mine)").strip() == "42"
        again.run(CHECK)
        until(lambda: tries(second, "finn") == 2, what="the check")
        again.close()
    until(lambda: not first.learners("finn"), what="the end of his server")
