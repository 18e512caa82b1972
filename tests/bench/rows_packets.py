"""Packets: a flood is captured, a capture is joined, a trace finds where they end."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from netlab.diagnosis.trace import trace
from netlab.lab import Lab
from netlab.packets import pcapng
from netlab.packets.columns import in_order
from netlab.packets.forwarding.next_hop import Wiring
from netlab.packets.journeys.columnar import identity
from netlab.packets.journeys.columnar.assemble import join
from tests.bench import phases
from tests.bench.harness import OURS, Goal, Row, milliseconds
from tests.bench.peer import ROOT
from tests.bench.rows_lab import lab
from tests.bench.tshark import check as tshark_agrees
from tests.worlds import builders as b
from tests.worlds import fuzz

SOURCE = Path(__file__).with_name("flood.c")
BUILT = ROOT / "build/bench"  # seen in the lab host as well
RATES = (250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
PORT = 4444
TARGET = "39.106.233.176"
SECONDS = 1  # that a flood lasts


@contextmanager
def capturing(small: bool) -> Iterator[Row]:
    """The highest rate of RATES, to 100,000 a second, of which nothing is lost at four points.

    A flood of UDP of one second goes from a container by way of its cable, docker0 and the uplink. netlab:
    `lab.capture`, from the machine; tcpdump: four with a buffer of 4 MiB; scapy: four AsyncSniffers.
    """
    goals = [Goal(1, "tcpdump × 4", at_least=True), Goal(100, "scapy × 4", at_least=True)]
    row = Row("capture at four points, lossless up to", "pps", goals)
    program = BUILT / "flood"
    subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
    with lab() as ours:
        done = ours.script(
            "docker run -d --name if-test c sleep 36000; echo 1 > /proc/sys/net/ipv4/ip_forward"
        )
        assert done.returncode == 0, done.stderr
        flooded = Flooded(ours, program)
        contenders: dict[str, Callable[[int], list[int]]] = {
            OURS: flooded.by_netlab,
            "tcpdump × 4": lambda rate: flooded.inside("tcpdump", rate),
            "scapy × 4": lambda rate: flooded.inside("scapy", rate),
        }
        rates = (RATES[0],) if small else RATES
        row.samples = {name: [0.0] for name in contenders}
        racing = dict(contenders)
        for rate in rates:
            for name, capture in list(racing.items()):
                seen = capture(rate)
                if min(seen) >= rate * SECONDS:
                    row.samples[name] = [float(rate)]
                else:
                    row.notes.append(
                        f"{name} at {rate}: {min(seen) / rate / SECONDS:.1%} seen at the worst point"
                    )
                    del racing[name]
        yield row


class Flooded:
    """A lab with a container, and floods out of it."""

    def __init__(self, lab: Lab, program: Path) -> None:
        self.lab, self.program = lab, program
        self.pid = lab.run("docker inspect -f {{.State.Pid}} if-test".split()).stdout.strip()
        host = lab.snapshot().node("host")
        self.port = next(i.name for i in host.ports("docker0"))

    def inside(self, contender: str, rate: int) -> list[int]:
        """How many datagrams were seen at each point."""
        words = [contender, self.program, self.pid, self.port, rate, rate * SECONDS]
        line = shlex.join([sys.executable, "-m", "tests.bench.inside_capture", *map(str, words)])
        done = self.lab.run(["bash", "-c", f"cd {shlex.quote(str(ROOT))} && exec {line}"], timeout=100)
        assert done.returncode == 0, done.stderr
        return [int(word) for word in json.loads(done.stdout)] if contender != "flood" else []

    def by_netlab(self, rate: int) -> list[int]:
        points = ["if-test eth0", self.port, "docker0", "eth0"]
        with self.lab.capture(points) as seen:
            self.inside("flood", rate)
        wanted = PORT.to_bytes(2, "big")
        counts = dict.fromkeys(seen.points, 0)
        for frame in seen.frames:
            if frame.data[23:24] == b"\x11" and frame.data[36:38] == wanted:
                counts[frame.point] += 1
        assert sum(counts.values()) + sum(seen.lost.values()) >= 4 * rate * SECONDS, "lost, and not counted"
        return list(counts.values())


@contextmanager
def joining(small: bool) -> Iterator[Row]:
    """`journeys` beside tshark and scapy, which read the same frames from a file, and join nothing.

    The capture is what `lab.capture` leaves of so many; putting it in order is a part of capturing, and told
    in a note. Measured with 100,000 frames (10,000 pings through five points and back; scapy: 5,000 of them)
    and told for a million: all three grow in proportion.
    """
    assert tshark_agrees(1) > 1000, "hardly anything was compared"
    row = Row("journeys of 1,000,000 packets", "s", [Goal(1), Goal(25, "tshark -T fields")])
    pings = 100 if small else 10_000
    capture = b.ping(pings)
    batches = fuzz.batches(capture)
    share = 1_000_000 / len(capture.frames)
    with tempfile.TemporaryDirectory() as folder:
        file = pcapng.write(capture, Path(folder, "bench.pcapng"))

        def ours() -> float:
            frames, _ = in_order(batches, capture.points, noise=False)
            began = time.perf_counter()
            found = join(frames, Wiring(capture))
            taken = time.perf_counter() - began
            assert len(found) == 2 * pings and found[-1].answers == 2 * pings - 2
            assert not found.find_unreached()
            return taken * share

        began = time.perf_counter()
        in_order(batches, capture.points, noise=False)
        row.notes.append(f"put in order at a capture's end: {(time.perf_counter() - began) * share:.2f} s")

        def tshark() -> float:
            names = (
                "frame.time_epoch frame.interface_id ip.src ip.dst ip.ttl ip.id icmp.type icmp.seq data.data"
            )
            words = ["tshark", "-n", "-r", str(file), "-T", "fields"]
            words += [word for name in names.split() for word in ("-e", name)]
            began = time.perf_counter()
            done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100)
            assert done.stdout.count("\n") == len(capture.frames)
            return (time.perf_counter() - began) * share

        def scapy() -> float:
            from scapy.layers.inet import ICMP
            from scapy.utils import PcapNgReader

            few = min(5000, len(capture.frames))
            began = time.perf_counter()
            with PcapNgReader(str(file)) as reader:
                assert sum(ICMP in next(reader) for _ in range(few)) == few
            return (time.perf_counter() - began) * 1_000_000 / few

        contenders = {OURS: ours, "tshark -T fields": tshark, "scapy": scapy}
        row.measure(contenders, 1 if small else 3)
        row.notes.append(joined_by_phases(ours, share))
        yield row


def joined_by_phases(go: Callable[[], float], share: float) -> str:
    """Of a further go: what reading the headers takes, what numbering the sightings, and the rest."""
    taken: dict[str, float] = {}

    def timed(phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            began = time.perf_counter()
            found = work(*arguments)
            taken[phase] = taken.get(phase, 0.0) + (time.perf_counter() - began) * share * 1000
            return found

        return run

    with ExitStack() as stack:
        for owner, name, phase in (
            (identity, "read", "headers read"),
            (identity.Identifier, "_common_packets", "packets numbered"),
            (identity.Identifier, "_common_looks", "looks numbered"),
        ):
            stack.enter_context(mock.patch.object(owner, name, timed(phase, getattr(owner, name))))
        whole = go() * 1000
    return phases.told([{**taken, "put together": whole - sum(taken.values())}])


@contextmanager
def tracing(small: bool) -> Iterator[Row]:
    """`trace` from a container to the internet, with forwarding on."""
    row = Row("trace of a lossless path", "ms", [Goal(300)])
    with lab() as ours:
        started = ours.script(
            "docker run -d --name if-test c sleep 36000; echo 1 > /proc/sys/net/ipv4/ip_forward"
        )
        assert started.returncode == 0, started.stderr
        assert trace(ours, "if-test", TARGET).reached
        yield row.measure(
            {OURS: lambda: milliseconds(lambda: trace(ours, "if-test", TARGET))}, 1 if small else 7
        )


@contextmanager
def tracing_the_fault(small: bool) -> Iterator[Row]:
    """The lecture's fault, ip_forward=0: one second of it is waiting for the probes that are lost."""
    row = Row("trace of the lecture's fault", "ms", [Goal(1200)])
    with lab() as ours:
        assert ours.script("docker run -d --name if-test c sleep 36000").returncode == 0

        def go() -> float:
            began = time.perf_counter()
            assert trace(ours, "if-test", TARGET).cause == "forwarding-off"
            return (time.perf_counter() - began) * 1000

        yield row.measure({OURS: go}, 1 if small else 7)
