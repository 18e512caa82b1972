"""What docker of the namespaces engine costs: bounds that a busy machine keeps, too.

Measured on two processors under a load of 12: docker run -d 21 to 42 ms of processor (wanted: 45), docker
exec 6 to 13 (50), ten services of compose 0.7 to 0.9 s (2).
"""

from __future__ import annotations

import time

from netlab.lab import Lab
from tests.kernel.conftest import sh

TICK = 10  # milliseconds, as /proc/*/stat counts
# All that the lab has used: of process 1 also for those of its children that have ended, and of the loop.
COUNT = r"""
used() { awk '{ sub(/^.*\) /, ""); s += $12 + $13 } END { print s }' /proc/[0-9]*/stat 2>/dev/null; }
ended() { awk '{ sub(/^.*\) /, ""); print $14 + $15 }' /proc/$1/stat; }
docker run -d --name first alpine sleep 1000 >/dev/null 2>&1
before=$(($(used) + $(ended 1) + $(ended $$)))
for i in $(seq %d); do %s; done >/dev/null 2>&1
echo $(($(used) + $(ended 1) + $(ended $$) - before))
"""


def processor(lab: Lab, times: int, line: str) -> float:
    """Milliseconds of processor that one such line takes, everything that it starts included."""
    return int(sh(lab, COUNT % (times, line))) * TICK / times


def test_a_container_takes_little_of_the_processor(lab: Lab) -> None:
    """docker run -d, and docker exec."""
    assert processor(lab, 20, "docker run -d alpine sleep 1000") < 90
    lab.reset()
    assert processor(lab, 40, "docker exec first true") < 50


def test_ten_services_are_up_soon(lab: Lab) -> None:
    """Each with a port and its name."""
    services = "".join(f"  s{n}:\n    image: nginx\n    ports: ['{8000 + n}:80']\n" for n in range(10))
    lab.run(["sh", "-c", "mkdir /tmp/ten; cat >/tmp/ten/compose.yml"], input=f"services:\n{services}")
    began = time.monotonic()
    sh(lab, "cd /tmp/ten && docker compose up -d")
    assert time.monotonic() - began < 6
    assert len(sh(lab, "docker ps -q").split()) == 10
