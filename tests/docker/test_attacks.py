"""The learner of a lab with real Docker has the daemon's socket: it gives them the lab host, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    FRAMINGS,
    SOON,
    Lab,
    NetlabError,
    attack,
    end,
    netlab,
    running,
    source,
    within,
)

PRIVILEGED = (
    "docker run --rm -i --privileged --pid=host --network=host --ipc=host --uts=host -v /:/host netlab/lab"
)
FAKE = """
def work(ready):
    import shutil
    path = "/run/docker.sock"
    os.rename(path, path + ".real")
    door = socket.socket(socket.AF_UNIX); door.bind(path); door.listen(50)
    ready()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        client, _ = door.accept(); client.recv(4096)
        if drips:
            if os.fork() == 0:
                for byte in b"HTTP/1.1 200 OK\\r\\nContent-Length: 99999\\r\\n\\r\\n" + b"x" * 99999:
                    client.send(bytes([byte])); time.sleep(1)
        else:
            body = answer.encode()
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            client.close()
detach(work)
"""


@pytest.fixture
def attacked(lab_name: str, leakproof: None) -> Iterator[Lab]:
    """A lab of the test's own, with a dockerd, ended whatever state it is in."""
    before = running()
    yield Lab.up(lab_name, engine="docker")
    end(Lab(lab_name), before)


def test_a_privileged_container_takes_nothing_from_process_1(attacked: Lab, tmp_path: Path) -> None:
    """With every right that Docker can give, the lab host's process 1 leads to no client of the machine's."""
    marker = tmp_path / "taken"
    code = "tell_all(framed(pickle.dumps(Runs(marker)), framing, True))\ntime.sleep(0.5)\n"
    program = source(code, marker=str(marker), framing=FRAMINGS[0])
    with suppress(NetlabError):
        attacked.run([*PRIVILEGED.split(), "chroot", "/host", "python3", "-"], input=program, timeout=60)
    assert not marker.exists()
    assert within(SOON, attacked.status).name == attacked.name


def test_a_privileged_container_writes_nothing_of_the_machine(attacked: Lab) -> None:
    """The root of such a container is the lab host's: the machine's programs stay as they are."""
    command = "for f in /host/usr/bin /host/usr/lib /host/etc/../usr; do touch $f/taken && echo $f; done; cat /host/etc/shadow"
    done = attacked.run([*PRIVILEGED.split(), "sh", "-c", command], timeout=60)
    assert done.stdout == "" and not Path("/usr/bin/taken").exists()


@pytest.mark.parametrize("drips", [True, False])
def test_a_forged_daemon_holds_nobody_up_and_is_not_obeyed(attacked: Lab, drips: bool) -> None:
    """Another program answers at the daemon's socket: a byte a second, or words for the terminal."""
    answer = '{"Version": "20.10.1\\u001b]0;owned\\u0007", "FirewallBackend": {"Driver": "\\u001b[2J"}}'
    attack(attacked, FAKE, drips=drips, answer=answer)
    within(SOON, attacked.status)
    done = netlab("--lab", attacked.name, "status", timeout=SOON + 5)
    assert "\x1b" not in done.stdout + done.stderr and "Traceback" not in done.stderr
    within(SOON, attacked.snapshot)
    within(SOON, attacked.down)


@pytest.mark.parametrize(
    "plant",
    [
        "os.mkfifo(path)",
        "os.symlink('/etc/shadow', path)",
        "os.symlink(path, path)",
        "open(path, 'w').write('[' * 200000)",
        "os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 30)",
        "json.dump({'State': {'Pid': 2}, 'Name': '/\\x1b]0;owned\\x07', 'Created': 1}, open(path, 'w'))",
    ],
)
def test_a_forged_state_of_a_container_holds_nobody_up(attacked: Lab, plant: str) -> None:
    """The daemon's own files are the learner's as well: whatever is in them, the lab answers."""
    code = "os.makedirs(place, exist_ok=True)\npath = place + '/config.v2.json'\n" + plant
    attack(attacked, code, place="/var/lib/docker/containers/" + "c" * 64)
    within(SOON, attacked.snapshot)
    done = netlab("--lab", attacked.name, "status", timeout=SOON + 5)
    assert "\x1b" not in done.stdout and "Traceback" not in done.stderr
    within(SOON, attacked.down)


def test_labels_and_names_are_shown_as_text(attacked: Lab) -> None:
    """What Docker lets one write into labels, hostnames and environments does not reach the terminal raw."""
    command = "docker run -d --name c1 --label $'x=\\x1b]0;owned\\x07' --hostname h --env $'A=\\x1b[2J' netlab/lab sleep 100"
    attacked.run(["bash", "-c", command], timeout=60)
    done = netlab("--lab", attacked.name, "status")
    assert "\x1b" not in done.stdout + done.stderr


def test_dockerd_and_its_containers_know_no_secret(lab_name: str, leakproof: None) -> None:
    """The daemon was started by the lab, not by the environment of whoever asked for it."""
    before = running()
    secret = "swordfish-7c1d9a"
    done = netlab("--lab", lab_name, "--engine", "docker", "up", timeout=240, NETLAB_TEST_PASSWORD=secret)
    try:
        assert done.returncode == 0, done.stderr
        found = Lab(lab_name).run(["sh", "-c", f"grep -l {secret[:9]}.{secret[10:]} /proc/[0-9]*/environ"])
        assert found.stdout == ""
    finally:
        end(Lab(lab_name), before)
