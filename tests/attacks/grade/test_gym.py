"""The gym in a grade: the fault is the teacher's to draw, a proof is run, and only the fault goes away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab import faults
from netlab.diagnosis.causes import CAUSES
from netlab.grade.batch import Batch
from netlab.lessons.build import learners_seed
from netlab.lessons.variant import Variant
from tests.attacks.grade.handed_in import KEY, notebook
from tests.worlds.cheats import EASIER

SEED, DRAWN = "autumn", "blackhole-route"
RIGHT = {"10.1": "none", "10.2": "host docker0", "10.3": "route-refuses", "10.4": "ip route"}
CURE = "!ip route delete blackhole 39.106.233.176"
CHECKS = tuple(f"lab.check('10.{number}')" for number in range(1, 6))
FAKE = "#!/bin/sh\\nhead -c 4 /dev/urandom | od -x\\n"
NEW = (
    "%%bash\ndocker rm -f NAME; docker run -d --name NAME centos:8.1.1911 SLEEP\n"
    "sysctl -w net.ipv4.ip_forward=1; ip route delete blackhole 39.106.233.176 || true"
)
# Who has not seen the fault before, and looks: honest work.
LOOK = (
    "import subprocess\ndef said(command):\n"
    "    return subprocess.run(command.split(), capture_output=True, text=True).stdout\n"
    "blackhole, rules = 'blackhole' in said('ip route'), said('iptables -S DOCKER-USER')",
    "if blackhole:\n    for step, answer in " + repr(RIGHT) + ".items():\n        lab.answer(step, answer)\n"
    "elif 'DROP' in rules:\n    lab.answer('10.3', 'firewall-drop')",
    "if blackhole:\n    !ip route delete blackhole 39.106.233.176",
    *CHECKS,
)


def answers(**other: str) -> tuple[str, ...]:
    """Cells with the right answers, and other ones in their places."""
    said = {**RIGHT, **{f"10.{step[1:]}": answer for step, answer in other.items()}}
    return tuple(f"lab.answer({step!r}, {answer!r})" for step, answer in said.items())


def visible(fault: faults.fault.Fault) -> tuple[str, ...]:
    """The answers and the cure of a fault, as its catalogue has them."""
    cure = [f"!{' '.join(c.argv)}" for c in fault.cure if c.node == "host" and "@" not in str(c)]
    return (*answers(_2=fault.where, _3=fault.cause, _4="iptables -t nat -S"), *cure, *CHECKS)


ALL = ("10.1", "10.2", "10.3", "10.4", "10.5")
# Cells, and the steps that they must not earn.
CHEATS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "every place and every cause": (
        (
            "for place in ('host eth0', 'if-test eth0', 'docker0', 'host docker0', 'internet uplink'):\n"
            "    lab.answer('10.2', place); lab.check('10.2')",
            f"for cause in {sorted(CAUSES)}:\n    lab.answer('10.3', cause); lab.check('10.3')",
            "lab.check('10.2')",
            "lab.check('10.3')",
        ),
        ("10.2", "10.3", "10.4", "10.5"),
    ),
    "a proof that names every tool": (
        (*answers(_4="iptables nft ip route sysctl ip link ip neigh tcpdump /proc/net/ ss conntrack"), *CHECKS),
        ("10.4", "10.5"),
    ),
    "a proof that prints all there is": (
        (*answers(_4="ip route; iptables-save; sysctl -a"), *CHECKS),
        ("10.4", "10.5"),
    ),
    "the time of day for a proof": ((*answers(_4="date +%N"), CURE, *CHECKS), ("10.4",)),
    "the symptom for a proof": (
        (*answers(_4="docker exec if-test ping -c 1 -W 1 39.106.233.176"), CURE, *CHECKS),
        ("10.4",),
    ),
    "a table that says the same": ((*answers(_4="ip route show table local"), CURE, *CHECKS), ("10.4",)),
    "a table of another node": ((*answers(_4="if-test: ip route"), CURE, *CHECKS), ("10.4",)),
    "a tool of one's own": (
        (
            f"%%bash\nprintf '{FAKE}' > /root/ip; chmod +x /root/ip; cp /root/ip /usr/local/sbin/ip",
            *answers(_4="/root/ip route"),
            *CHECKS,
        ),
        ("10.4", "10.5"),
    ),
    "another proof when the first was none": (
        (*answers(_4="ip link"), "lab.answer('10.4', 'ip route')", CURE, *CHECKS),
        ("10.4",),
    ),
    "the lab is put back": (
        (*answers(), "lab.reset()", "!docker run -d --name NAME centos:8.1.1911 SLEEP", "!sysctl -w net.ipv4.ip_forward=1",
         *CHECKS),
        ("10.5",),
    ),
    "the lesson is begun again": (
        ("lab = notebook.start('10')", "lab.goto('10')", *answers(), *CHECKS),
        ("10.5",),
    ),
    "the container is made anew": ((*answers(), NEW, *CHECKS), ("10.5",)),
    "somebody else answers": (
        (*answers(), "!iptables -t nat -A PREROUTING -d 39.106.233.176 -j DNAT --to-destination 172.17.0.1", *CHECKS),
        ("10.5",),
    ),
    "cured, and the lab host cut off": (
        (*answers(), CURE, "!iptables -A OUTPUT -o eth0 -j DROP", *CHECKS),
        ("10.5",),
    ),
    "an easier fault": ((f"lab.fault({EASIER + 1})", CURE, *answers(_3="firewall-drop"), *CHECKS), ("10.3", "10.4")),
    "the catalogue and the instrument of the lab": (
        (
            "found = ''\ntry:\n    from netlab import faults\n    found = faults.catalogue()\n"
            "except ImportError: pass\ntry:\n    from netlab.diagnosis.trace import trace\n"
            "    v = trace(lab.lab, 'if-test', '39.106.233.176')\n"
            "    lab.answer('10.2', str(v.last_seen)); lab.answer('10.3', v.cause)\n"
            "    [lab.lab.run(c.argv, node=c.node) for c in v.cure]\nexcept ImportError: pass",
            "v = lab.trace('if-test', '39.106.233.176')\nif hasattr(v, 'verdict'): lab.answer('10.3', v.verdict.cause)",
            *CHECKS,
        ),
        ALL,
    ),
}  # fmt: skip


def drawn(learner: str) -> str:
    """The fault that the teacher's key draws for a learner."""
    batch = Batch(Path("out"), key=KEY, seed=SEED)
    return batch.known(Path("/", learner, "10.ipynb"), learner).fault


def shown(learner: str) -> faults.fault.Fault:
    """The fault that a learner's own notebook begins with."""
    return faults.find_reported(learners_seed(SEED, learner))


def learners() -> Iterator[str]:
    """Names of learners for whom that fault is drawn, and whose own notebook begins with quite another."""
    for number in range(100_000):
        name = f"learner{number}"
        if drawn(name) == DRAWN:
            fault = shown(name)
            if (
                fault.cause not in ("route-refuses", "no-route", "wrong-route")
                and "docker0" not in fault.where
            ):
                yield name


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All of them in one batch, each with a learner of its own: the results by name."""
    place, names, files = tmp_path_factory.mktemp("gym"), learners(), {}
    for name, cells in {**{name: cells for name, (cells, _steps) in CHEATS.items()}, "honest": LOOK}.items():
        files[name] = hand_in(place, next(names), cells)
    for name in ("visible", "honest too"):
        learner = next(names)
        cells = visible(shown(learner)) if name == "visible" else (*answers(), CURE, *CHECKS)
        files[name] = hand_in(place, learner, cells)
    results = Batch(place / "out", jobs=6, cell_seconds=25, key=KEY, seed=SEED).run([*files.values()])
    return dict(zip(files, results, strict=True))


def hand_in(place: Path, learner: str, cells: tuple[str, ...]) -> Path:
    """The learner's notebook with those cells, in the words of their variant."""
    variant = Variant.of(learners_seed(SEED, learner))
    own = [cell.replace("NAME", "if-test").replace("SLEEP", "sleep 36000") for cell in cells]
    return notebook(
        place / learner / "10.ipynb", "10", [variant.exchange(cell) for cell in own], variant.seed
    )


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_in_the_gym_earns_nothing(graded: dict[str, dict[str, Any]], name: str) -> None:
    """Of the steps that it is about, none is passed."""
    steps = {step["id"]: step for step in graded[name]["steps"]}
    assert steps, graded[name]
    assert [id for id in CHEATS[name][1] if steps[id]["passed"]] == []


def test_knowing_what_the_notebook_s_own_seed_draws_earns_nothing(graded: dict[str, dict[str, Any]]) -> None:
    """Place, cause, proof and cure of that fault are not those of the one that the key has drawn. (Whether all
    or some is lost has two answers: it is left out.)"""
    assert graded["visible"]["fault"] == DRAWN
    passed = [step["id"] for step in graded["visible"]["steps"] if step["passed"]]
    assert not {"10.2", "10.3", "10.4", "10.5"} & set(passed), graded["visible"]


@pytest.mark.parametrize("name", ["honest", "honest too"])
def test_who_finds_the_fault_and_mends_it_earns_all(graded: dict[str, dict[str, Any]], name: str) -> None:
    """A notebook that looks, and one whose author has looked."""
    found = graded[name]
    assert found["points"] == found["max_points"] > 0, found
    assert found["fault"] == DRAWN
