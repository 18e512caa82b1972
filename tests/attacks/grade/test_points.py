"""Hand-ins that want points which honest work would not give, and honest ones beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab.grade import redacted
from netlab.grade.batch import Batch
from netlab.lessons.content import LABS, lesson, lessons
from tests.attacks.grade.clever import CLEVER
from tests.attacks.grade.handed_in import honest, notebook
from tests.attacks.grade.lying_names import NAMES
from tests.worlds.cheats import PROXY, Cheat, in_lesson_05

DNAT = "iptables -t nat -A PREROUTING -d 39.106.233.176 -j DNAT --to-destination 172.17.0.1"
SNAT = "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"
# Every request is sent on to the internet as a copy, from the lab host's own address.
COPY = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('docker0', 0))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print('ready', flush=True)
while True:
    f = s.recv(65535)
    if f[12:14] == b'\\x08\\x00' and f[23] == 1 and f[34] == 8 and f[30:34] == bytes([39, 106, 233, 176]):
        out.sendto(f[34:14 + int.from_bytes(f[16:18], 'big')], ('39.106.233.176', 0))
"""
COPIER = (
    f"open('/root/copy.py', 'w').write({COPY!r})",
    "import subprocess\np = subprocess.Popen(['python3', '/root/copy.py'], stdout=-1)\nprint(p.stdout.readline())",
    "from netlab.lab import Lab\nlab.check('05.3')",
)
TOGGLE = """
import subprocess, sys
loop = '''
import time
n = 0
while True:
    n = 1 - n
    open("/proc/sys/net/ipv4/ip_forward", "w").write(str(n))
    time.sleep(PAUSE)
'''
subprocess.Popen([sys.executable, '-c', loop], start_new_session=True)
"""
CONTAINER = "pid=$(docker inspect -f '{{.State.Pid}}' NAME)\n"
OWNER = (
    "ip link add s0 type veth peer name s1 netns %s\nip link set s0 master docker0 up\n"
    "ip -n %s link set s1 up; ip -n %s link set lo up\nip -n %s addr add 39.106.233.176/16 dev s1\n"
    "nsenter -t $(docker inspect -f '{{.State.Pid}}' if-test) -n ip route add 39.106.233.176 dev eth0"
)
PREDICT = "lab.predict('05.1', next(iter(lab.lesson.step('05.1').prediction.options)))"
GUESSES = "for option in lab.lesson.step('{0}').answer.options:\n    lab.answer('{0}', option)\n    r = lab.check('{0}')\n    if r.passed: break"
READ = (
    "import tomllib\nfrom netlab.lessons.content import LABS\n"
    "for step in tomllib.loads((LABS / 'lessons.toml').read_text())['lesson'][0]['step']:\n"
    "    if step.get('answer', {}).get('right'):\n        lab.answer(step['id'], step['answer']['right'])\n"
    "    if 'prediction' in step:\n        lab.predict(step['id'], next(iter(step['prediction']['options'])))"
)
CHECKS = tuple(f"lab.check('05.{number}')" for number in range(1, 5))
POINTS: dict[str, Cheat] = {
    "a namespace called internet": in_lesson_05(
        "%%bash\nip netns add internet\n" + OWNER.replace("%s", "internet"), "lab.check('05.3')"
    ),
    "a container called internet": in_lesson_05(
        "%%bash\ndocker run -d --name internet --network none --privileged centos:8.1.1911 sleep 36000\n"
        + CONTAINER.replace("NAME", "internet")
        + "ip link add s0 type veth peer name s1 netns $pid\nip link set s0 master docker0 up\n"
        "nsenter -t $pid -n ip link set s1 up\nnsenter -t $pid -n ip addr add 39.106.233.176/16 dev s1\n"
        "nsenter -t $(docker inspect -f '{{.State.Pid}}' if-test) -n ip route add 39.106.233.176 dev eth0",
        "lab.check('05.3')",
    ),
    "a container called host": Cheat(
        "03",
        (
            "%%bash\ndocker run -d --name host --network none --privileged centos:8.1.1911 sleep 36000\n"
            + CONTAINER.replace("NAME", "host")
            + "test=$(docker inspect -f '{{.State.Pid}}' if-test)\n"
            "ip link add eth0x netns $test type veth peer name veth_host netns $pid\n"
            "nsenter -t $test -n ip link set eth0x name eth0\nnsenter -t $test -n ip link set eth0 up\n"
            "nsenter -t $test -n ip addr add 172.17.1.2/16 dev eth0\n"
            "nsenter -t $test -n ip route add default via 172.17.0.1\n"
            "nsenter -t $pid -n ip link set veth_host up\n"
            "nsenter -t $pid -n ip addr add 172.17.1.1/16 dev veth_host",
            "lab.predict('03.5', 'host only')",
            *(f"lab.check('03.{number}')" for number in range(1, 6)),
        ),
        ("03.1", "03.5"),
    ),
    "TEE and a rule": in_lesson_05(
        f"%%bash\niptables -t mangle -A PREROUTING -i docker0 -d 39.106.233.176 -j TEE --gateway 192.0.2.1\n{DNAT}\n{SNAT}",
        "lab.check('05.3')",
    ),
    "dup and a rule": in_lesson_05(
        "%%bash\nnft add table ip t\nnft 'add chain ip t c { type filter hook prerouting priority -200; }'\n"
        f"nft add rule ip t c ip daddr 39.106.233.176 iif docker0 dup to 192.0.2.1 device eth0\n{DNAT}\n{SNAT}",
        "lab.check('05.3')",
    ),
    "a copy and a rule": in_lesson_05(f"!{DNAT}", *COPIER),
    "a copy and a program that answers": in_lesson_05(
        PROXY,
        "import subprocess\nsubprocess.Popen(['python3', '/root/proxy.py', 'docker0'])",
        *COPIER,
    ),
    "on and off": in_lesson_05(
        TOGGLE.replace("PAUSE", "0.05"), "lab.check('05.3')", *["lab.check('05.3')"] * 3
    ),
    "on and off, quickly": in_lesson_05(TOGGLE.replace("PAUSE", "0.011"), *["lab.check('05.3')"] * 3),
    "on and off, slowly": in_lesson_05(TOGGLE.replace("PAUSE", "0.13"), *["lab.check('05.3')"] * 3),
    "every answer": Cheat(
        "05",
        (PREDICT, *(GUESSES.format(id) for id in ("05.1", "05.2"))),
        ("05.1", "05.2"),
    ),
    "the answers read from the lab": Cheat("05", (READ, *CHECKS), ("05.1", "05.2", "05.4")),
    "another answer later": Cheat(
        "05",
        (
            PREDICT + "\nlab.answer('05.1', 'veth_host')",
            "lab.check('05.1')",
            "lab.answer('05.1', 'docker0')",
            "lab.check('05.1')",
        ),
        ("05.1",),
    ),
    **CLEVER,
    **NAMES,
}
HONEST = ("03", "05", "06", "08", "12")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """All of them and every lesson's solution in one batch: the results by name."""
    place = tmp_path_factory.mktemp("points")
    files = {f"honest-{id}": honest(place / f"honest-{id}.ipynb", id) for id in HONEST}
    for name, cheat in POINTS.items():
        files[name] = notebook(place / f"{name}.ipynb", cheat.lesson, cheat.cells)
    results = Batch(place / "out", jobs=6, cell_seconds=25).run([*files.values()])
    yield dict(zip(files, results, strict=True))


@pytest.mark.parametrize("name", POINTS)
def test_a_cheat_earns_nothing(graded: dict[str, dict[str, Any]], name: str) -> None:
    """Of the steps that it is about, none is passed."""
    steps = {step["id"]: step for step in graded[name]["steps"]}
    assert steps, graded[name]
    assert [id for id in POINTS[name].steps if steps[id]["passed"]] == []


@pytest.mark.parametrize("id", HONEST)
def test_honest_work_beside_them_earns_all(graded: dict[str, dict[str, Any]], id: str) -> None:
    """A probe that is really answered, by ICMP and by TCP, through NAT and a published port."""
    found = graded[f"honest-{id}"]
    assert found["points"] == found["max_points"] > 0, found


def test_what_stands_in_a_notebook_beside_its_cells_earns_nothing(tmp_path: Path) -> None:
    """Outputs that say passed, cells of one id, tags and metadata of the grader's: only what is typed is run."""
    made = json.loads((LABS / f"{lesson('05').stem}.ipynb").read_text(encoding="utf-8"))
    passed = {"output_type": "stream", "name": "stdout", "text": "05.3 Cured: ✔ passed (3 of 3 points)"}
    made["metadata"]["netlab"] = {"passed": ["05.1", "05.2", "05.3"], "points": 8, "seed": "x"}
    for cell in made["cells"]:
        cell["id"] = "one"
        cell["metadata"] = {"tags": ["solution", "check", "05.3"], "nbgrader": {"points": 8, "grade": True}}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [passed], "execution_count": 1}
    file = tmp_path / "in/05.ipynb"
    file.parent.mkdir()
    file.write_text(json.dumps(made), encoding="utf-8")
    [found] = Batch(tmp_path / "out").run([file])
    assert found["points"] == 0 < found["max_points"] and found["error"] == "", found


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_no_right_answer_is_in_a_graded_lab_s_lessons(tmp_path: Path, id: str) -> None:
    """Neither as what is right nor as what is left when the known wrong turns are taken away."""
    [shown] = lessons(redacted.write(id, tmp_path / "labs") / "lessons.toml")
    for step, known in zip(shown.steps, lesson(id).steps, strict=True):
        assert not step.solution
        for question in (step.prediction, step.answer):
            assert question is None or not (question.right or question.command)
        assert not any(turn.answer or turn.predict or turn.commands for turn in step.wrong_turns)
        assert [q and q.text for q in (step.prediction, step.answer)] == [
            q and q.text for q in (known.prediction, known.answer)
        ]
    assert (LABS / "lessons.toml").exists()
