"""Who knocks at a lab's doors: another user of the machine, another lab, and the lab itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.support import (
    ROOT,
    SOON,
    STRANGER,
    Lab,
    NetlabError,
    as_stranger,
    attack,
    end,
    netlab,
    running,
    source,
    within,
)

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

# All doors that can be found: names of sockets in this network namespace, and sockets in the file system.
FIND = """
def doors(folders=()):
    found = set()
    for line in open("/proc/net/unix").read().splitlines()[1:]:
        path = line.split(None, 7)[7:]
        if path and ("netlab" in path[0] or "lab" in path[0]):
            found.add(("\\0" + path[0][1:]) if path[0].startswith("@") else path[0])
    for top in folders:
        for folder, _, names in os.walk(top):
            found |= {os.path.join(folder, name) for name in names}
    return sorted(found)

def knocked(path, request):
    try:
        sock = asked(path, **request)
    except OSError as error:
        return ""
    try:
        return sock.recv(1 << 16).decode(errors="replace")
    except OSError:
        return ""
"""
REQUESTS: dict[str, dict[str, object]] = {
    "exec": {"op": "exec", "argv": ["mkdir", "/run/taken"], "node": "host", "cwd": "/", "env": {}},
    "exec on internet": {"op": "exec", "argv": ["mkdir", "/run/taken"], "node": "internet", "env": {}},
    "snapshot": {"op": "snapshot"},
    "status": {"op": "status"},
    "reset": {"op": "reset", "way": "kept"},
    "down": {"op": "down"},
}


def is_taken(lab: Lab, node: str = "host") -> bool:
    return lab.run(["test", "-e", "/run/taken"], node=node).returncode == 0


@root_only
@pytest.mark.parametrize("name", REQUESTS)
def test_another_user_gets_nothing_from_a_lab(lab: Lab, name: str) -> None:
    """Somebody else on this machine finds the door of a lab and asks there, as its owner would."""
    made = (lab.exchange / "mine").write_text("x")
    assert made
    code = FIND + "for path in doors(folders): print(repr(path), repr(knocked(path, request)))"
    done = as_stranger(code, request=REQUESTS[name], folders=[str(lab.exchange), str(lab.exchange.parent)])
    answers = [
        line for line in done.stdout.splitlines() if '"ok"' in line or '"pid"' in line or "\\x80" in line
    ]
    assert not answers, done.stdout
    assert within(SOON, lab.status).name == lab.name
    assert not is_taken(lab) and not is_taken(lab, "internet")


@root_only
def test_another_user_who_says_nothing_holds_no_lab_up(lab: Lab) -> None:
    """A stranger opens fifty connections to the door and keeps silent; the owner notices nothing."""
    code = FIND + (
        "opened = []\n"
        "for path in doors(folders):\n"
        "    for _ in range(50):\n"
        "        sock = socket.socket(socket.AF_UNIX); sock.setblocking(False)\n"
        "        try: sock.connect(path); opened.append(sock)\n"
        "        except OSError: break\n"
        "print(len(opened), flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "/usr/bin/python3"]
    program = source(code, folders=[str(lab.exchange)])
    with subprocess.Popen([*command, "-c", program], stdin=-1, stdout=-1, text=True, cwd="/") as stranger:
        assert stranger.stdout and stranger.stdin
        stranger.stdout.readline()
        try:
            within(SOON, lab.status)
            within(SOON, lab.snapshot)
        finally:
            stranger.stdin.close()


@root_only
def test_another_user_cannot_take_the_name_of_a_lab_to_be(lab_name: str, leakproof: None) -> None:
    """A stranger binds whatever name a lab of that name might be found by, and waits for its owner."""
    code = (
        "held = []\n"
        "for path in ('\\0netlab/' + owner + '/' + name,):\n"
        "    sock = socket.socket(socket.AF_UNIX); sock.bind(path); sock.listen(); held.append(sock)\n"
        "print(flush=True)\nsys.stdin.read()\n"
    )
    command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "/usr/bin/python3"]
    program = source(code, owner=str(os.geteuid()), name=lab_name)
    before = running()
    with subprocess.Popen([*command, "-c", program], stdin=-1, stdout=-1, text=True, cwd="/") as stranger:
        assert stranger.stdout and stranger.stdin
        stranger.stdout.readline()
        try:
            try:
                Lab.up(lab_name)
            finally:
                end(Lab(lab_name), [*before, stranger.pid])
        finally:
            stranger.stdin.close()


@root_only
def test_a_folder_that_another_user_has_put_in_the_way_is_not_used(folder: Path, lab_name: str) -> None:
    """A stranger was first to make the folder of the exchange folders: nothing is written there."""
    place = folder / "x"
    place.mkdir()
    os.chown(place, STRANGER, STRANGER)
    with pytest.raises(NetlabError):
        Lab.up(lab_name)
    assert list(place.iterdir()) == []


@root_only
def test_another_user_reads_and_enters_nothing_of_a_labs_folder(lab: Lab) -> None:
    """What a learner puts into the exchange folder is theirs: a stranger can neither list, read nor write."""
    attack(
        lab,
        "open(place + '/note', 'w').write('secret words'); os.chmod(place, 0o777)",
        place=str(lab.exchange),
    )
    code = (
        "for path in (place + '/note', place, os.path.dirname(place)):\n"
        "    try: print(os.listdir(path) if os.path.isdir(path) else open(path).read())\n"
        "    except OSError as error: print(error.errno)\n"
        "try: open(place + '/theirs', 'w'); print('written')\n"
        "except OSError: pass\n"
    )
    said = as_stranger(code, place=str(lab.exchange)).stdout
    assert "secret words" not in said and "note" not in said and "written" not in said, said


@root_only
@pytest.mark.parametrize("kind", ["setuid", "setgid", "capabilities"])
def test_a_program_left_in_a_folder_gives_another_user_no_rights(lab: Lab, kind: str) -> None:
    """The lab's root is root on the files it leaves behind: such a program must not make a stranger one."""
    folders = [str(lab.exchange), str(ROOT / "labs")]
    code = (
        "import shutil\n"
        "for place in folders:\n"
        "    try:\n"
        "        os.chmod(place, 0o711) if place.startswith('/tmp') else None\n"
        "        shutil.copy(which, place + '/become')\n"
        "        os.chmod(place + '/become', mode)\n"
        "        if not mode & 0o6000:\n"
        "            caps = struct.pack('<5I', 0x02000001, 0x1ffffff, 0, 0, 0)\n"
        "            os.setxattr(place + '/become', 'security.capability', caps)\n"
        "    except OSError as error: print(place, error)\n"
    )
    mode = {"setuid": 0o4755, "setgid": 0o2755, "capabilities": 0o755}[kind]
    which = "/usr/bin/id" if mode & 0o6000 else "/bin/cat"
    try:
        attack(lab, code, folders=folders, which=which, mode=mode)
        for place in folders:
            program = f"{place}/become"
            words = [] if mode & 0o6000 else ["/proc/self/status"]
            command = [
                "setpriv",
                f"--reuid={STRANGER}",
                f"--regid={STRANGER}",
                "--clear-groups",
                program,
                *words,
            ]
            try:
                said = subprocess.run(command, capture_output=True, text=True, cwd="/").stdout
            except OSError:
                continue
            assert "euid=0" not in said and "egid=0" not in said, said
            assert "CapEff:" not in said or "CapEff:\t0000000000000000" in said, said
    finally:
        for place in folders:
            Path(place, "become").unlink(missing_ok=True)


@pytest.fixture
def other(lab: Lab) -> Iterator[Lab]:
    """A second lab of the same user's."""
    before = running()
    yield Lab.up(f"{lab.name}-b")
    end(Lab(f"{lab.name}-b"), before)


INTERNETS = ("exec on internet", "down")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_lab_reaches_no_other_lab(lab: Lab, other: Lab, name: str) -> None:
    """The root of one lab looks for the door of another of the same user's, everywhere, and asks there."""
    code = FIND + (
        "tops = [place, os.path.dirname(place)]\n"
        "tops += [f'/proc/{p}/{w}' + place for p in os.listdir('/proc') if p.isdigit() for w in ('root', 'cwd')]\n"
        "for path in doors(tops) + ['\\0netlab/%s/%s' % (u, other) for u in range(3)]:\n"
        "    if path != DOOR: print(repr(path), repr(knocked(path, request)))\n"
    )
    request = {**REQUESTS[name], "argv": ["mkdir", "/run/taken"]}
    attack(lab, code, request=request, place=str(other.exchange), other=other.name)
    assert within(SOON, other.status).name == other.name
    assert not is_taken(other) and not is_taken(other, "internet")
    seen = attack(lab, "print(os.path.exists(place))", place=str(other.exchange)).stdout
    assert seen == "False\n", "one lab sees the folder of another"


@pytest.mark.parametrize("name", INTERNETS)
def test_the_door_of_the_machine_cannot_be_reached_from_inside(lab: Lab, name: str) -> None:
    """The lab's own root looks for the door at which everything may be asked, in every place they can name."""
    code = FIND + (
        "tops = [place, '/run', '/tmp', '/var', '/dev/shm']\n"
        "tops += [f'/proc/{p}/{w}{place}' for p in os.listdir('/proc') if p.isdigit() for w in ('root', 'cwd')]\n"
        "names = ['\\0netlab/%s/%s' % (u, name) for u in (0, 1000, 61234, 61235, os.getuid())]\n"
        "for path in doors(tops) + names: print(repr(path), repr(knocked(path, request)))\n"
        "for sock in stolen_sockets():\n"
        "    tell(sock, framed(json.dumps(request).encode(), 'length and kind'))\n"
        "time.sleep(0.5)\n"
    )
    try:
        attack(lab, code, request=REQUESTS[name], place=str(lab.exchange), name=lab.name)
    except NetlabError:
        pass
    except (KeyError, TypeError):
        pass  # what was sent to the wrong one; test_code.py is about that
    try:
        assert not is_taken(lab, "internet")
    except NetlabError:
        assert name == "exec on internet", "asked from inside, the lab was ended"


def test_the_door_inside_gives_no_more_than_a_learner_may_ask(lab: Lab) -> None:
    """Operations that are the machine's, and names of attributes, asked for at the door of the lab host."""
    code = (
        "for op in ('down', 'internet', '__class__', '_status', '_known', 'answer', 'place', '', 5, None, ['exec'], {'a': 1}):\n"
        "    sock = asked(op=op)\n"
        "    try: print(repr(sock.recv(1 << 16)))\n"
        "    except OSError as error: print(error)\n"
        "for node in ('internet', 'Internet', '\\0', '../internet', '1', ''):\n"
        "    sock = asked(op='exec', node=node, argv=['mkdir', '/run/taken'], env={})\n"
        "    try: print(repr(sock.recv(1 << 16)))\n"
        "    except OSError as error: print(error)\n"
    )
    attack(lab, code)
    assert within(SOON, lab.status).name == lab.name
    assert not is_taken(lab, "internet")


def test_the_command_line_of_another_user_finds_no_lab(lab: Lab) -> None:
    """`./run status` and `down --all`, typed by somebody who has no lab, touch nobody else's."""
    if os.geteuid() != 0:
        assert netlab("--lab", "nobody-s", "down").returncode == 1
        return
    for words in (["status"], ["down", "--all"], ["--lab", lab.name, "down"]):
        command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "env", "-i"]
        command += ["PATH=/usr/bin:/bin", "HOME=/nonexistent", sys.executable, "-m", "netlab", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30)
        assert lab.name not in done.stdout
    time.sleep(0.1)
    assert within(SOON, lab.status).name == lab.name
