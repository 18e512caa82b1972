"""Names in checks: what a server tells the keeper, told apart, and never believed by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from netlab.checks.expectations.names import Clue, InOneNetwork, PassedOn, Resolves, query_drop
from netlab.checks.world import World as Look
from netlab.errors import LabError
from netlab.model import Chain, Rule
from netlab.packets.dns import NAME_ERROR, NO_ERROR, Told
from tests.worlds.lessons import plugged, reaches_all
from tests.worlds.stories import HOST, OUTSIDE, PretendLab, World, interface

NAME, SERVER = "example.com", "198.51.100.53"
THERE, DOCKER = f"nameserver {SERVER}\n", "nameserver 127.0.0.11\noptions ndots:0\n"
ASKED = Told(NO_ERROR, (OUTSIDE,), confirmed=True)
TOLD = Told(NO_ERROR, (OUTSIDE,))
UNKNOWN = Told(NAME_ERROR, confirmed=True)


@dataclass
class Talkative(PretendLab):
    """A lab with those files, in which those names are known."""

    files: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Told] = field(default_factory=dict)
    questions: list[tuple[str, str]] = field(default_factory=list)

    def etc(self, node: str, file: str) -> str:
        if self.files.get(file) == "gone":
            raise LabError("it has ended", "")
        return self.files.get(file, "")

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        self.questions.append((server, name))
        return self.known.get(name, Told())


def world() -> World:
    """if-test on docker0, and the name server's node."""
    built = plugged()
    built.nodes["names"] = built.nodes["internet"].__class__(
        400, "names", "netns", interfaces=(interface(400, 2, "eth0", "veth", f"{SERVER}/24"),)
    )
    return built


def look(
    resolv_conf: str, known: Mapping[str, Told] = {}, chain: Chain | None = None, hosts: str = ""
) -> Look:
    built = world().chain(chain) if chain else world()
    lab = Talkative(built, reaches_all, files={"resolv.conf": resolv_conf, "hosts": hosts}, known=known)
    return Look(lab, lab.snapshot(), {}, {})


CASES: list[tuple[str, str, dict[str, Told], str, str]] = [
    ("a server tells it", THERE, {NAME: ASKED}, "", ""),
    ("somebody else's address", THERE, {NAME: Told(NO_ERROR, ("172.17.0.1",))}, "", "other-address"),
    ("the server has never seen it", THERE, {NAME: TOLD}, "", "pretender"),
    ("somebody else is asked", "nameserver 172.17.0.1\n", {NAME: ASKED}, "", "other-server"),
    ("somebody at home is asked, who asks nobody", "nameserver 127.0.0.1\n", {NAME: TOLD}, "", "pretender"),
    ("in the file alone", THERE, {}, f"{OUTSIDE} {NAME}\n", "from-hosts-file"),
    ("in the file, but of somebody else", THERE, {NAME: UNKNOWN}, f"10.0.0.1 {NAME}\n", "no-such-name"),
    ("in a comment of the file", THERE, {NAME: UNKNOWN}, f"# {OUTSIDE} {NAME}\n\n", "no-such-name"),
    ("nobody is named", f"# {THERE}search com\n", {}, "", "no-nameserver"),
    ("nobody listens", "nameserver 127.0.0.53\n", {}, "", "nobody-listens"),
    ("the answer is no", THERE, {NAME: UNKNOWN}, "", "no-such-name"),
    ("no answer comes", THERE, {}, "", "query-unanswered"),
    ("a file that is gone", "gone", {}, "gone", "no-nameserver"),
]


@pytest.mark.parametrize(
    ("settings", "known", "hosts", "hint"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_known_to_go_wrong_is_told_apart(
    settings: str, known: dict[str, Told], hosts: str, hint: str
) -> None:
    """Who is asked, whether an answer comes, which, and from whom; what is no address is none."""
    trouble = Resolves("if-test", NAME, "internet").trouble(look(settings, known, hosts=hosts))
    assert (trouble.id if trouble else "") == hint


def test_the_server_s_address_on_the_lab_host_is_not_the_server() -> None:
    """Both have it, and nobody knows who has answered."""
    built = world()
    built.add("host", interface(HOST, 9, "extra", "dummy", f"{SERVER}/32"))
    lab = Talkative(built, reaches_all, files={"resolv.conf": THERE}, known={NAME: ASKED})
    trouble = Resolves("if-test", NAME, "internet").trouble(Look(lab, lab.snapshot(), {}, {}))
    assert trouble and trouble.id == "impostor"


def test_names_are_tried_in_turn_and_after_silence_none() -> None:
    """With a search list the longer name comes first; a server that says nothing is followed by the next."""
    found = look(f"search com\n{THERE}nameserver 10.0.0.1\n", {"example": ASKED})
    assert Resolves("if-test", "example", "internet").trouble(found)
    assert found.lab.questions == [(SERVER, NAME), ("10.0.0.1", NAME)]  # type: ignore[attr-defined]
    found = look(f"search com\n{THERE}", {NAME: UNKNOWN, "example": ASKED})
    assert not Resolves("if-test", "example", "internet").trouble(found)


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
    expects = Resolves("if-test", NAME, "internet", (query_drop,))
    found = [expects.trouble(look(THERE, chain=chain)) for chain in (dropped, other)]
    assert [trouble and trouble.id for trouble in found] == ["names-dropped", "query-unanswered"]


def test_docker_knows_no_names_but_those_of_its_containers() -> None:
    """Where Docker is asked and nobody was named for the rest, that is said."""
    clue = PassedOn("if-test")
    trouble = Resolves("if-test", NAME, "internet", (clue,)).trouble(look(DOCKER, {NAME: UNKNOWN}))
    assert trouble and trouble.id == "not-passed-on"


@pytest.mark.parametrize(("network", "hint"), [("172.17.0.9/16", "no-common-network"), ("172.18.0.9/16", "")])
def test_what_is_told_at_127_0_0_11_is_borne_out_by_a_network_of_ones_own(network: str, hint: str) -> None:
    """Somebody else may listen there: in the default network Docker's server would know no name."""
    built, address = world(), network.partition("/")[0]
    built.nodes["db"] = built.nodes["names"].__class__(
        500, "db", "container", interfaces=(interface(500, 2, "eth0", "veth", network),)
    )
    built.add("if-test", interface(300, 9, "eth1", "veth", network.replace(".9/", ".8/")))
    known = {"db": Told(NO_ERROR, (address,))}
    lab = Talkative(built, reaches_all, files={"resolv.conf": DOCKER}, known=known)
    together: Clue = InOneNetwork("if-test", "db")
    expects = Resolves("if-test", "db", "db", (together,), together)
    trouble = expects.trouble(Look(lab, lab.snapshot(), {}, {}))
    assert (trouble.id if trouble else "") == hint


def test_nobody_is_asked_in_a_container_that_is_gone() -> None:
    """What is not there has said nothing, and is an ordinary trouble."""
    trouble = Resolves("nobody", NAME, "internet").trouble(look(THERE, {NAME: ASKED}))
    assert trouble and trouble.id == "no-nameserver"


def test_what_is_no_address_is_not_shown() -> None:
    """A learner writes resolv.conf, and somebody else's terminal prints what the check found there."""
    escape = "nameserver 127.\x1b]0;owned\x07\nnameserver 127.0.0.53\n"
    trouble = Resolves("if-test", NAME, "internet").trouble(look(escape))
    assert trouble and trouble.found.isprintable() and "127.0.0.53" in trouble.found
