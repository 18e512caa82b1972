"""Run in a lab host: capture a flood at four points with tcpdump, or with scapy; or only flood.

    python -m tests.bench.inside_capture CONTENDER FLOOD PID RATE COUNT

PID is that of a process of the container. Prints a JSON list of the numbers of datagrams seen at each point.
"""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

ADDRESS, PORT = "39.106.233.176", "4444"
WARM_UP, LEAVE = 20.0, 1.0  # seconds: to come up, and for the last packets to arrive
POINTS = ("if-test eth0", "host veth_host", "host docker0", "host eth0")  # "" for the name that docker gave


def flood(program: str, pid: str, rate: str, count: str) -> str:
    """What the flood says of itself; it is in the container's network namespace."""
    words = ["nsenter", f"--net=/proc/{pid}/ns/net", program, ADDRESS, PORT, rate, count]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def by_tcpdump(points: list[tuple[str, str]], *flooding: str) -> list[int]:
    """One tcpdump for each (pid, interface), as people type it but for a buffer that is theirs to choose."""
    processes = []
    for number, (pid, interface) in enumerate(points):
        words = ["nsenter", f"--net=/proc/{pid}/ns/net", "tcpdump", "-n", "-B", "4096", "-i", interface]
        words += ["-w", f"/tmp/bench-{number}.pcap", "udp", "port", PORT]
        processes.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
    for process in processes:
        assert process.stderr is not None
        while "listening on" not in process.stderr.readline():
            assert process.poll() is None
    flood(*flooding)
    select.select([], [], [], LEAVE)
    seen = []
    for process in processes:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
        seen.append(int(re.search(r"(\d+) packets? captured", said)[1]))  # type: ignore[index]
    return seen


def by_scapy(points: list[tuple[str, str]], *flooding: str) -> list[int]:
    """One AsyncSniffer for each point, each keeping what it sees; all are threads of this process."""
    from scapy.config import conf
    from scapy.layers.inet import UDP
    from scapy.sendrecv import AsyncSniffer

    from netlab.linux.netns import enter

    sniffers = []
    for pid, interface in points:
        with enter(f"/proc/{pid}/ns/net"):
            sock = conf.L2listen(iface=interface, promisc=False)
        sniffers.append(AsyncSniffer(opened_socket=sock, store=True))
    for sniffer in sniffers:
        sniffer.start()
    deadline = time.monotonic() + WARM_UP
    while not all(getattr(sniffer, "stop_cb", None) for sniffer in sniffers) and time.monotonic() < deadline:
        select.select([], [], [], 0.01)
    flood(*flooding)
    select.select([], [], [], LEAVE)
    for sniffer in sniffers:
        with suppress(OSError):
            sniffer.stop()
    return [sum(UDP in p and p[UDP].dport == int(PORT) for p in sniffer.results) for sniffer in sniffers]


if __name__ == "__main__":
    contender, program, pid, bridge_port, rate, count = sys.argv[1:]
    places = [(pid, "eth0"), ("1", bridge_port), ("1", "docker0"), ("1", "eth0")]
    if contender == "flood":
        print(flood(program, pid, rate, count))
    else:
        print(
            json.dumps(
                {"tcpdump": by_tcpdump, "scapy": by_scapy}[contender](places, program, pid, rate, count)
            )
        )
