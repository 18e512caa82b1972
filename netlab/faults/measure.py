"""Whether a symptom shows: probes from its source to its destination, counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netlab.faults.fault import Symptom

if TYPE_CHECKING:
    from netlab.lab import Lab
    from netlab.lab.replica import Replica

WAIT = 0.3  # seconds for an answer; the lab answers in one thousandth of that
ENOUGH = 20  # probes that cannot all get through where one in two is lost (1 in a million)
CONNECT = 'exec 3<>"/dev/tcp/$0/$1"'  # for bash; $0 and $1 are the address and the port


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of some probes."""

    sent: int
    received: int
    said: str = ""

    @property
    def healthy(self) -> bool:
        """Whether every probe was answered."""
        return self.received == self.sent

    def shows(self, symptom: Symptom) -> bool:
        """Whether as many were lost as the symptom says."""
        return self.received < self.sent and (self.received > 0) == symptom.partial


def measure(lab: Lab | Replica, symptom: Symptom, count: int = 0) -> Outcome:
    """Send `count` probes (2; 20 where only a part is lost) and count the answers."""
    number = count or (ENOUGH if symptom.partial else 2)
    if symptom.proto == "tcp":
        return _connect(lab, symptom, number)
    if symptom.size == 56 and ":" not in symptom.destination:
        wait = WAIT / 5 if symptom.partial else WAIT
        probe = lab.probe(symptom.source, symptom.destination, number, wait)
        return Outcome(probe.sent, probe.received, "; ".join(probe.errors))
    return _ping(lab, symptom, number)


def _ping(lab: Lab | Replica, symptom: Symptom, count: int) -> Outcome:
    """Where nothing may be cut, what the source has learned of the way's MTU is forgotten first: else it
    would hold the packets back."""
    if symptom.df:
        forget_mtu(lab, symptom.source)
    cut = ["-M", "do"] if symptom.df else []
    words = ["ping", "-c", str(count), "-i", "0.02", "-W", str(WAIT), "-s", str(symptom.size), *cut]
    done = lab.run([*words, symptom.destination], symptom.source)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    sent, received = (int(found[1]), int(found[2])) if found else (count, 0)
    return Outcome(sent, received, done.stderr.strip())


def forget_mtu(lab: Lab | Replica, node: str) -> None:
    """In a container that takes the host's /proc/sys, since its own is read-only."""
    pid = lab.snapshot().node(node).pid
    lab.run([*(["nsenter", "-t", str(pid), "-n"] if pid else []), "ip", "route", "flush", "cache"])


def _connect(lab: Lab | Replica, symptom: Symptom, count: int) -> Outcome:
    words = ["timeout", str(WAIT), "bash", "-c", CONNECT, symptom.destination, str(symptom.port)]
    results = [lab.run(words, symptom.source) for _ in range(count)]
    said = "; ".join(dict.fromkeys(line for r in results for line in r.stderr.splitlines()[:1]))
    return Outcome(count, sum(result.returncode == 0 for result in results), said)
