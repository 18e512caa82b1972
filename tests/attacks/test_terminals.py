"""What of a lab's text comes out to a terminal: nothing that it obeys."""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest

from tests.attacks.support import (
    FRAMINGS,
    Lab,
    NetlabError,
    attack,
    in_terminal,
    netlab,
    source,
)

TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J"
# Bytes that a terminal obeys: C0 but tab and line feed, DEL, and C1 as UTF-8.
OBEYED = [chr(n) for n in (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0))]


def shown_link(name: str) -> str:
    """A link of that name which pictures show: it is up and has an address."""
    return (
        f'n=$\'{name}\'; ip link add "$n" type bridge; ip link set "$n" up; ip addr add 10.9.9.1/24 dev "$n"'
    )


NAMED = {
    "an interface": shown_link(f"{chr(27)}]0;x{chr(7)}"),
    "an interface of high bytes": shown_link("\\xff\\xfe\\x9b2J"),
    "an interface of C1": shown_link("\\xc2\\x9b2J"),
    "a namespace": f"ip netns add $'{TITLE}'",
    "a namespace of lines": "ip netns add $'a\\nowned: up, engine docker'",
    "a namespace of high bytes": "ip netns add $'\\xff\\xfe'",
    "an alias": f"ip link add d0 type bridge; ip link set d0 alias $'{TITLE}'",
    "a process": f"unshare -n bash -c $'exec -a \\'{TITLE}\\' sleep 100' >/dev/null 2>&1 & disown; sleep 0.3",
    "a host name": f"hostname $'{TITLE}'",
    "a bridge and its port": f"ip link add $'b{CLEAR}' type bridge; ip link add $'p{CLEAR}' master $'b{CLEAR}' type veth peer name q",
    "a comment": f"iptables -A FORWARD -m comment --comment $'{TITLE}' -j DROP",
    "a comment of high bytes": "iptables -A FORWARD -m comment --comment $'\\xff\\xfe' -j DROP",
    "a table": "nft add table ip $'t'; nft add chain ip t c '{ type filter hook forward priority 0; comment \"\\x1b]0;owned\\x07\" ; }'",
}
RECORD = """
import shutil
place = '/run/netlab/containers/' + 'c' * 64
os.makedirs(place, exist_ok=True)
known = dict(id='c' * 64, name=name, image=name, argv=['sleep'], created=1.0, pid=pid, hostname=name)
json.dump(known, open(place + '/config.json', 'w'))
"""


def obeyed(text: str) -> set[str]:
    """What of it a terminal would obey."""
    return {char for char in OBEYED if char in text}


LOOKING = (("status",), ("trace", "--from", "host", "39.106.233.176"), ("draw", "-o", "/dev/null"))


def looked_at(lab: Lab) -> str:
    """All that the commands print which look at a lab."""
    said = ""
    for words in LOOKING[:2]:
        done = netlab("--lab", lab.name, *words)
        assert "Traceback" not in done.stderr, done.stderr[-1500:]
        said += done.stdout + done.stderr
    return said


@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_a_terminal_would_obey_is_shown_as_text(lab: Lab, name: str) -> None:
    """The learner chooses names: the title of somebody's window is not theirs to set."""
    lab.run(["bash", "-c", NAMED[name]])
    said = looked_at(lab)
    assert not obeyed(said), repr(said)
    assert not any(line.startswith("owned:") for line in said.splitlines()), "a line that no lab is in"
    assert any(node.name == "host" for node in lab.snapshot().nodes)


@pytest.mark.parametrize(
    "text", [TITLE, CLEAR, "a\nowned: up", "\udcff", "\ud800", "\u202egnp.exe", "x" * 100_000, ""]
)
def test_a_containers_name_is_shown_as_text(lab: Lab, text: str) -> None:
    """Its record is a file of the learner's, with any name in it, also of bytes that are no text."""
    code = (
        "import subprocess\n"
        "pid = subprocess.Popen(['unshare', '-n', 'sleep', '100'], start_new_session=True, stdin=-3, stdout=-3, stderr=-3).pid\n"
        "time.sleep(0.2)\n"
    )
    attack(lab, code + RECORD, name=text)
    said = looked_at(lab)
    assert not obeyed(said) and "\u202e" not in said, repr(said[:2000])
    assert not any(line.startswith("owned:") for line in said.splitlines())
    assert len(said) < 60_000


def test_an_error_that_names_something_of_the_labs_is_text(lab: Lab) -> None:
    """`./run exec --node x`: the message lists the names that there are."""
    lab.run(["bash", "-c", f"ip netns add $'{TITLE}'"])
    for words in (("exec", "--node", "nobody", "--", "true"), ("trace", "--from", "nobody", "1.2.3.4")):
        done = netlab("--lab", lab.name, *words)
        assert done.returncode and not obeyed(done.stdout + done.stderr), repr(done.stderr)


def test_a_forged_error_is_text(lab: Lab) -> None:
    """What process 1 says went wrong is printed, and obeyed by no terminal."""
    forged = {"error": "LabError", "what": f"x{TITLE}", "next": CLEAR}
    code = "time.sleep(0.3)\ntell_all(framed(json.dumps(forged).encode(), framing))\ntime.sleep(0.5)\n"
    words = ("--lab", lab.name, "exec", "--", sys.executable, "-c")
    done = netlab(*words, source(code, forged=forged, framing=FRAMINGS[0]))
    assert not obeyed(done.stdout + done.stderr), repr(done.stderr)
    assert "Traceback" not in done.stderr


def test_the_tail_of_a_keepers_log_is_text(lab: Lab) -> None:
    """Process 1 may write into its streams: if that is the keeper's log, then what is told of it is clean."""
    code = (
        "for fd in (1, 2):\n"
        "    try: os.write(os.open(f'/proc/1/fd/{fd}', os.O_WRONLY), line.encode())\n"
        "    except OSError: pass\n"
        "for fd in (LIBC.syscall(438, os.pidfd_open(1), n, 0) for n in (1, 2)):\n"
        "    try: os.write(fd, line.encode())\n"
        "    except OSError: pass\n"
    )
    attack(lab, code, line=f"{TITLE}{CLEAR}owned\n")
    log = lab.exchange / "keeper.log"
    assert not log.exists() or "owned" not in log.read_text(errors="replace"), "a lab writes its keeper's log"


def test_the_status_of_a_lab_in_a_terminal_is_text(lab: Lab) -> None:
    """The same on a real terminal, where the package may be tempted to colour."""
    lab.run(["bash", "-c", f"ip netns add $'{TITLE}'; ip link add $'{CLEAR}x' type bridge"])
    _, shown = in_terminal("--lab", lab.name, "status")
    assert b"\x1b]0;" not in shown and b"\x1b[2J" not in shown and b"\x07" not in shown


def test_limits_are_told_without_what_the_lab_says(lab: Lab) -> None:
    """A failing command of a lesson's start repeats what the lab's program printed, as text."""
    with suppress(NetlabError):
        lab.run(
            [
                "bash",
                "-c",
                f"printf '#!/bin/sh\\nprintf \"{TITLE}\" >&2; exit 3\\n' >/usr/local/sbin/ip; chmod 755 /usr/local/sbin/ip",
            ]
        )
    done = netlab("--lab", lab.name, "goto", "04")
    assert not obeyed(done.stdout + done.stderr), repr(done.stderr[-800:])
