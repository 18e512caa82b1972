"""What one learner does to his lab, on purpose or not, changes nothing for the others. Measured.

Each attack is the real thing and ends by itself; the bounds are small here, for the machine's sake.
The figures are kept in build/workshop/containment.json.
"""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab.keeper.address import HOME
from netlab.workshop.cgroups import Groups
from netlab.workshop.hub.spawner import LAB_LIMITS
from netlab.workshop.learner.world import group_of
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
FULL = f"""
for at in /root /tmp $PWD; do
    for i in $(seq 20); do head -c 60M /dev/zero > $at/full.$i 2>/dev/null || break; done
done
du -cm /root/full.* /tmp/full.* $PWD/full.* 2>/dev/null | tail -1
sleep {SECONDS}
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
EATER = "eaten = [bytearray(b'x' * (16 << 20)) for _ in range(100)]"
# A connection to track for each port of each address that is sent to; nothing answers, nothing is forgotten.
FILL = """
import socket, time
open("/proc/sys/net/netfilter/nf_conntrack_udp_timeout", "w").write("3600")
end, sock = time.monotonic() + SECONDS, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(1 << 24):
    sock.sendto(b"", (f"127.{number >> 16}.1.1", number & 0xFFFF or 1))
    if number % 256 == 0 and time.monotonic() > end:
        break
print("entries", open("/proc/sys/net/netfilter/nf_conntrack_count").read())
""".replace("SECONDS", str(SECONDS))
CONNECTIONS = f"""
echo 1 > /proc/sys/net/netfilter/nf_conntrack_max || echo not mine to set
cat > /tmp/fill.py <<'end'
{FILL}
end
for i in $(seq 200); do ip netns add full$i 2>/dev/null || break; done
echo namespaces $i
for i in 1 2 3 4; do
    ip -n full$i link set lo up
    ip netns exec full$i iptables -A INPUT -m conntrack --ctstate NEW -j DROP
    ip netns exec full$i python3 /tmp/fill.py &
done
wait
for i in $(ip netns | cut -d' ' -f1 | grep full); do ip netns del $i; done
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
    house: House, name: str, code: str, neighbour: Kernel
) -> tuple[str, tuple[list[float], list[float]], dict[str, int]]:
    """Run that cell in that learner's lab; (what it printed, the neighbour's seconds before and meanwhile,
    the most used)."""
    client = house.learner(name).enter()
    kernel = begin(client)
    quiet = seconds_of(neighbour, None)
    group = group_of(house.state / f"learners/{house.number(name)}")
    most = {"processes": 0, "memory": 0, "machine": 0}
    before = _available()
    said: list[str] = []

    def run() -> None:
        try:
            said.append(kernel.run(code, 90))
        except Exception as error:  # his kernel may well be what dies
            said.append(f"ended: {error}")

    thread = threading.Thread(target=run)
    watch = threading.Thread(target=_watch, args=(thread, group, most, before))
    thread.start()
    watch.start()
    taken = seconds_of(neighbour, thread)
    thread.join()
    watch.join()
    note(name, {"quiet": quiet, "during": taken, **most, "said": said[0][-200:]})
    return said[0], (quiet, taken), most


def _watch(thread: threading.Thread, group: str, most: dict[str, int], before: int) -> None:
    groups = Groups.here()
    while thread.is_alive():
        most["processes"] = max(most["processes"], groups.usage(group, "pids.current", "pids"))
        file = "memory.current" if groups.version == 2 else "memory.usage_in_bytes"
        most["memory"] = max(most["memory"], groups.usage(group, file, "memory") >> 20)
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


def holds(taken: tuple[list[float], list[float]]) -> bool:
    """The neighbour's checks were answered in time, at the 95th percentile; where the machine itself is slow,
    in twice the time of before."""
    quiet, during = taken
    return sorted(during)[int(0.95 * (len(during) - 1))] <= max(ANSWER, 2 * statistics.median(quiet))


def told(client: Client, words: str) -> bool:
    """His JupyterLab shows him that."""
    return words in client.get(f"{client.base}/netlab/announcements").text


def size(folder: Path) -> int:
    """Bytes of the machine's disk that a folder takes."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*"))


def tries(house: House, name: str) -> int:
    """How many checks of that learner the board has counted."""
    return sum(step["tries"] for step in house.board(house.instructor())[name]["steps"].values())


def test_a_fork_bomb(small: House, neighbour: Kernel) -> None:
    """It stops at the bound, and ends; the bomber's lab can be put back."""
    _, taken, most = attack(small, "bomber", f"%%bash\n{FORKS}", neighbour)
    assert holds(taken), taken
    assert 100 < most["processes"] <= 300


def test_a_flood_of_pings(small: House, neighbour: Kernel) -> None:
    """`ping -f`, three at once: it takes the processor time of its own learner."""
    said, taken, _ = attack(small, "flooder", f"%%bash\n{FLOOD}", neighbour)
    assert "packets transmitted" in said
    assert holds(taken), taken


@needs_groups
def test_a_hundred_thousand_links(small: House, neighbour: Kernel) -> None:
    """They are made until the learner's memory is full or his time is over."""
    _, taken, most = attack(small, "linker", f"%%bash\n{LINKS}", neighbour)
    assert holds(taken), taken
    assert most["memory"] <= MEMORY


def test_a_full_disk(small: House, neighbour: Kernel) -> None:
    """Lessons, home and /tmp are full at their own bounds, which he is told; the neighbour still writes, the
    Hub lets people in and the board counts."""
    before = tries(small, "calm")
    taken_before = size(small.state)
    said, taken, _ = attack(small, "filler", f"%%bash\n{FULL}", neighbour)
    assert holds(taken), taken
    written = [int(line.split()[0]) for line in said.splitlines() if line.endswith("total")]
    assert 200 < written[0] <= 256 + 192 + 1
    filler = small.learner("filler").enter()
    until(lambda: told(filler, "disk (") and told(filler, "is full"), what="that he is told")
    until(lambda: tries(small, "calm") >= before + len(taken[1]), what="the board's count")
    small.learner("late").enter()
    assert "1 MiB" in neighbour.run('open("note.bin", "wb").write(bytes(1 << 20)) and print("1 MiB")')
    assert size(small.state) - taken_before < 400 << 20


@needs_groups
def test_a_memory_hog(small: House, neighbour: Kernel) -> None:
    """Processes and files in memory, a dozen GiB of them: the learner's own group is what is full, and
    what is in his lab is ended before what keeps it."""
    hog = small.learner("hog").enter()
    server = small.learners("hog")
    _, taken, most = attack(small, "hog", f"%%bash\n{HOGS}", neighbour)
    assert small.learners("hog") == server
    until(lambda: told(hog, "of memory"), what="that he is told")
    assert holds(taken), taken
    assert MEMORY // 2 < most["memory"] <= MEMORY
    assert most["machine"] < 2 * MEMORY


@needs_groups
def test_a_kernel_that_eats_the_memory(small: House, neighbour: Kernel) -> None:
    """It is ended, not others; its learner is told why, and goes on in the lab that he has."""
    server = small.learners("calm")
    said, taken, most = attack(small, "eater", EATER, neighbour)
    assert said.startswith("ended: the kernel died") and most["memory"] <= MEMORY
    assert holds(taken), taken
    eater = small.learner("eater").enter()
    until(lambda: told(eater, "of memory"), what="that he is told")
    assert small.learners("calm") == server
    kernel = begin(eater)
    assert "False" in kernel.run(CHECK)
    kernel.close()


def test_a_table_of_connections(small: House, neighbour: Kernel) -> None:
    """Each network namespace has a table of its own, whose bound is not the learner's to set; how many he can
    make is bounded, and filling them takes his own processor time."""
    said, taken, most = attack(small, "tracker", f"%%bash\n{CONNECTIONS}", neighbour)
    assert holds(taken), taken
    assert "not mine to set" in said
    entries = [int(line.split()[1]) for line in said.splitlines() if line.startswith("entries")]
    assert len(entries) == 4 and sum(entries) > 10_000
    (made,) = (int(line.split()[1]) for line in said.splitlines() if line.startswith("namespaces"))
    assert made <= LAB_LIMITS["namespaces"]
    assert most["machine"] < 2 * MEMORY


def test_whoever_did_it_goes_on_afterwards(small: House) -> None:
    """His server is there, or comes again, and his lab answers."""
    for name in ("bomber", "hog", "tracker"):
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
