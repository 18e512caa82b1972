"""What one learner does to his lab, on purpose or not, changes nothing for the others. Measured.

Each attack is the real thing and ends by itself; the bounds are small here, for the machine's sake.
The figures are kept in build/workshop/containment.json.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab.keeper import HOME
from netlab.workshop.cgroups import Groups
from netlab.workshop.world import group_of
from tests.workshop.client import Client, Kernel
from tests.workshop.house import House, opened, until

MEMORY, CPUS = 400, 0.5  # MiB and processors, of each learner
ANSWER = 2.0  # seconds that a neighbour's check may take
SECONDS = 5
CHECK = 'print(lab.check("01.1").passed)'
FIGURES = HOME / "build/workshop/containment.json"
needs_groups = pytest.mark.skipif(
    "memory" not in Groups.here().places, reason="no memory groups may be made here"
)

FORKS = f"""
bomb() {{ [ $SECONDS -ge {SECONDS} ] || {{ bomb | bomb & }}; }}
bomb; bomb; sleep {SECONDS + 1}; true
"""
FLOOD = f"""
for to in 127.0.0.1 39.106.233.176 172.17.0.1; do timeout -s INT {SECONDS} ping -f -q $to & done; wait
"""
LINKS = f"""
for i in $(seq 100000); do echo link add a$i type veth peer name b$i; done > /tmp/links
timeout {SECONDS} ip -force -batch /tmp/links 2>/tmp/said; ip -o link | wc -l; rm /tmp/links
"""
FULL = """
for at in /root /tmp $PWD; do
    for i in $(seq 20); do head -c 60M /dev/zero > $at/full.$i 2>/dev/null || break; done
done
du -cm /root/full.* /tmp/full.* $PWD/full.* 2>/dev/null | tail -1
rm -f /root/full.* /tmp/full.* $PWD/full.*
"""
HOGS = f"""
mkdir -p /tmp/hog; mount -t tmpfs -o size=4G tmpfs /tmp/hog
for i in $(seq 8); do
    timeout {SECONDS} python3 -c 'b = [bytearray(16 << 20) for _ in range(100)]; import time; time.sleep(9)' &
    timeout {SECONDS} head -c 1G /dev/zero > /tmp/hog/$i &
done
wait; rm -f /tmp/hog/*; umount /tmp/hog; true
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    state = tmp_path_factory.mktemp("small") / "state"
    with opened(state, "--memory", str(MEMORY), "--cpus", str(CPUS)) as house:
        yield house


@pytest.fixture(scope="module")
def neighbour(small: House) -> Iterator[Kernel]:
    """Somebody who just does his lesson."""
    kernel = begin(small.learner("calm").enter())
    kernel.run(CHECK)
    yield kernel
    kernel.close()


def begin(client: Client) -> Kernel:
    kernel = client.kernel()
    kernel.run('from netlab import notebook\nlab = notebook.start("01")')
    return kernel


def seconds_of(neighbour: Kernel, while_: threading.Thread | None, count: int = 5) -> list[float]:
    """How long the neighbour's checks take: so many, or as long as that thread runs."""
    taken = []
    while len(taken) < count or (while_ and while_.is_alive()):
        began = time.monotonic()
        neighbour.run(CHECK)
        taken.append(time.monotonic() - began)
    return taken


def attack(
    house: House, name: str, script: str, neighbour: Kernel
) -> tuple[str, list[float], dict[str, int]]:
    """Run it in that learner's lab; (what it printed, the neighbour's seconds meanwhile, the most used)."""
    client = house.learner(name).enter()
    kernel = begin(client)
    quiet = seconds_of(neighbour, None)
    group = group_of(house.state / f"learners/{house.number(name)}")
    most = {"processes": 0, "memory": 0, "machine": 0}
    before = _available()
    said: list[str] = []

    def run() -> None:
        try:
            said.append(kernel.run(f"%%bash\n{script}", 90))
        except Exception as error:  # his kernel may well be what dies
            said.append(f"ended: {type(error).__name__}")

    thread = threading.Thread(target=run)
    watch = threading.Thread(target=_watch, args=(thread, group, most, before))
    thread.start()
    watch.start()
    taken = seconds_of(neighbour, thread)
    thread.join()
    watch.join()
    note(name, {"quiet": quiet, "during": taken, **most, "said": said[0][-200:]})
    return said[0], taken, most


def _watch(thread: threading.Thread, group: str, most: dict[str, int], before: int) -> None:
    groups = Groups.here()
    while thread.is_alive():
        most["processes"] = max(most["processes"], groups.used(group, "pids.current", "pids"))
        file = "memory.current" if groups.version == 2 else "memory.usage_in_bytes"
        most["memory"] = max(most["memory"], groups.used(group, file, "memory") >> 20)
        most["machine"] = max(most["machine"], before - _available())
        time.sleep(0.05)


def _available() -> int:
    """MiB that the machine has left."""
    found = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())
    assert found
    return int(found[1]) >> 10


def note(name: str, figures: dict[str, object]) -> None:
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps({**known, name: figures}, indent=1))


def holds(taken: list[float]) -> bool:
    """The neighbour's checks were answered in time, at the 95th percentile."""
    return sorted(taken)[int(0.95 * (len(taken) - 1))] <= ANSWER and statistics.median(taken) <= ANSWER


def test_a_fork_bomb(small: House, neighbour: Kernel) -> None:
    """It stops at the bound, and ends; the bomber's lab can be put back."""
    _, taken, most = attack(small, "bomber", FORKS, neighbour)
    assert holds(taken), taken
    assert 100 < most["processes"] <= 300


def test_a_flood_of_pings(small: House, neighbour: Kernel) -> None:
    """`ping -f`, three at once: it takes the processor time of its own learner."""
    said, taken, _ = attack(small, "flooder", FLOOD, neighbour)
    assert "packets transmitted" in said
    assert holds(taken), taken


@needs_groups
def test_a_hundred_thousand_links(small: House, neighbour: Kernel) -> None:
    """They are made until the learner's memory is full or his time is over."""
    _, taken, most = attack(small, "linker", LINKS, neighbour)
    assert holds(taken), taken
    assert most["memory"] <= MEMORY


def test_a_full_disk(small: House, neighbour: Kernel) -> None:
    """Lessons, home and /tmp are full at their own bounds; the neighbour still writes."""
    free = os.statvfs(small.state).f_bavail * os.statvfs(small.state).f_frsize
    said, taken, _ = attack(small, "filler", FULL, neighbour)
    assert holds(taken), taken
    written = [int(line.split()[0]) for line in said.splitlines() if line.endswith("total")]
    assert not written or written[0] <= 256 + 192 + 1
    assert "1 MiB" in neighbour.run('open("note.bin", "wb").write(bytes(1 << 20)) and print("1 MiB")')
    assert free - os.statvfs(small.state).f_bavail * os.statvfs(small.state).f_frsize < 400 << 20


@needs_groups
def test_a_memory_hog(small: House, neighbour: Kernel) -> None:
    """Processes and files in memory, a dozen GiB of them: the learner's own group is what is full."""
    _, taken, most = attack(small, "hog", HOGS, neighbour)
    assert holds(taken), taken
    assert MEMORY // 2 < most["memory"] <= MEMORY
    assert most["machine"] < 2 * MEMORY


def test_whoever_did_it_goes_on_afterwards(small: House) -> None:
    """His server is there, or comes again, and his lab answers."""
    for name in ("bomber", "hog"):
        client = small.learner(name)
        client.log_in()
        until(lambda client=client: _started(client), what=f"the server of {name}")
        kernel = begin(client)
        assert "False" in kernel.run(CHECK)
        kernel.close()


def _started(client: Client) -> bool:
    try:
        client.start_server()
        return client.api("GET", "kernels").status == 200
    except (AssertionError, OSError):
        return False
