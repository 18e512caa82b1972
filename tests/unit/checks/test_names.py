"""Names in checks: what a container's own programs say, told apart, and never believed by itself."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from netlab.checks.expectations.names import PassedOn, Resolves, query_drop
from netlab.checks.world import World as Look
from netlab.model import Chain, Rule
from tests.worlds.lessons import plugged, reaches_all
from tests.worlds.stories import OUTSIDE, PretendLab

NAME = "example.com"
THERE, ASKED = "nameserver 198.51.100.53\n", f"{OUTSIDE}  STREAM {NAME}\n"
UNKNOWN, WAITED = f"ping: {NAME}: Name or service not known\n", f"ping: {NAME}: Temporary failure …\n"


@dataclass
class Talkative(PretendLab):
    """A lab whose commands print what they are told to, by the first of the words that is in the command."""

    prints: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        said = next((text for word, text in self.prints.items() if word in argv), "")
        if said == "never":
            raise subprocess.TimeoutExpired(list(argv), timeout)
        return subprocess.CompletedProcess(list(argv), 0, said, "")


def look(prints: Mapping[str, str], chain: Chain | None = None) -> Look:
    world = plugged().chain(chain) if chain else plugged()
    lab = Talkative(world, reaches_all, prints=prints)
    return Look(lab, lab.snapshot(), {}, {})


CASES: list[tuple[str, dict[str, str], str]] = [
    ("a server tells it", {"hosts:dns": ASKED}, ""),
    ("somebody else's address", {"hosts:dns": f"172.17.0.1  STREAM {NAME}\n"}, "other-address"),
    ("in the file alone", {"hosts:dns": "", "getent": ASKED}, "from-hosts-file"),
    ("not an address at all", {"hosts:dns": "$(reboot) x\n", "cat": THERE, "ping": UNKNOWN}, "no-such-name"),
    ("nobody is named", {"cat": "# nameserver 198.51.100.53\nsearch com\n"}, "no-nameserver"),
    ("nobody listens", {"cat": "nameserver 127.0.0.53\n"}, "nobody-listens"),
    ("the answer is no", {"cat": THERE, "ping": UNKNOWN}, "no-such-name"),
    ("no answer comes", {"cat": THERE, "ping": WAITED}, "query-unanswered"),
    ("a command that never ends", {"getent": "never", "cat": THERE, "ping": "never"}, "query-unanswered"),
]


@pytest.mark.parametrize(("prints", "hint"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_known_to_go_wrong_is_told_apart(prints: dict[str, str], hint: str) -> None:
    """Who is asked, whether an answer comes, and which; what is no address is not taken for one."""
    trouble = Resolves("if-test", NAME, "internet").trouble(look(prints))
    assert (trouble.id if trouble else "") == hint


def test_a_clue_is_followed_before_the_server_is_blamed() -> None:
    """A rule that drops what is for port 53 is named; one for port 5353 is another matter."""
    dropped, other = (
        Chain(
            "ip",
            "filter",
            "DOCKER-USER",
            "",
            rules=(Rule(f"-p udp -m udp --dport {port} -j DROP", "DROP"),),
        )
        for port in (53, 5353)
    )
    prints = {"cat": THERE, "ping": WAITED}
    expects = Resolves("if-test", NAME, "internet", (query_drop,))
    found = [expects.trouble(look(prints, chain)) for chain in (dropped, other)]
    assert [trouble and trouble.id for trouble in found] == ["names-dropped", "query-unanswered"]


def test_docker_knows_no_names_but_those_of_its_containers() -> None:
    """Where Docker is asked and nobody was named for the rest, that is said."""
    asked = {"cat": "nameserver 127.0.0.11\noptions ndots:0\n", "ping": UNKNOWN}
    trouble = Resolves("if-test", NAME, "internet", (PassedOn("if-test"),)).trouble(look(asked))
    assert trouble and trouble.id == "not-passed-on"


def test_nobody_is_asked_in_a_container_that_is_gone() -> None:
    """What cannot be run has said nothing, and is an ordinary trouble."""
    trouble = Resolves("nobody", NAME, "internet").trouble(look({"getent": ASKED}))
    assert trouble and trouble.id == "no-nameserver"


def test_what_is_no_address_is_not_shown() -> None:
    """A learner writes resolv.conf, and somebody else's terminal prints what the check found there."""
    escape = "nameserver 127.\x1b]0;owned\x07\nnameserver 127.0.0.53\n"
    trouble = Resolves("if-test", NAME, "internet").trouble(look({"cat": escape}))
    assert trouble and trouble.found.isprintable() and "127.0.0.53" in trouble.found
