"""An experiment: what a command would do, tried in a copy of the lab, which stays as it is."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from netlab.errors import BadInput, LabError, LabNotFound
from netlab.i18n import gettext as _
from netlab.keeper.address import LONGEST_NAME, is_inside
from netlab.lab import Lab
from netlab.lab.network import Network
from netlab.lab.replica import Replica
from netlab.model.changes import describe_changes
from netlab.model.pack_changes import differences

TOOLS = (
    *("ip", "iptables", "sysctl", "nft", "bridge", "tc", "ip6tables", "ebtables", "arptables"),
    *("iptables-legacy", "ip6tables-legacy", "conntrack", "ethtool"),
)
ELSEWHERE = {"netns", "-n", "-netns", "-b", "-batch"}  # of ip, tc and bridge: words that lead to another one
TIMEOUT = 0.3  # seconds: in namespaces an answer is there in a fraction of a millisecond
Ping = tuple[str, str]  # from a node, to an address


@dataclass(frozen=True, slots=True)
class Trial:
    """What a command did to the copy."""

    status: int
    said: str
    changes: tuple[str, ...]  # in words; what no snapshot shows, as netlab.model.pack_changes tells it
    before: tuple[bool, ...]  # whether each ping got through without it, and with it
    after: tuple[bool, ...]
    pings: tuple[Ping, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """In words, a line each."""
        lines = list(self.changes) or [_("it changes nothing that a pack holds")]
        if self.status:
            lines.insert(
                0, _("it fails with status {status}: {said}").format(status=self.status, said=self.said)
            )
        for (source, target), was, would in zip(self.pings, self.before, self.after, strict=True):
            word = {True: _("gets through"), False: _("gets no answer")}
            told = _("{source} → {target}: {now} now, {then} then")
            lines.append(told.format(source=source, target=target, now=word[was], then=word[would]))
        return tuple(lines)


def attempt(
    lab: Lab, command: str | Sequence[str], pings: Iterable[Ping] = (), *, node: str = "host"
) -> Trial:
    """Try the command in a copy. On the machine that is a lab; inside a replica, in which commands of one
    network can be run. BadInput where none can be made; errors as in Lab.copy and Lab.replica."""
    argv = _words(command)
    if is_inside() and not is_of_one_network(argv):
        told = _("{command!r} cannot be tried in here: only commands that change one network, as {few} do.")
        raise BadInput(
            told.format(command=argv[0], few=", ".join(TOOLS[:4])),
            _("On the machine: ./run try -- COMMAND …; here: run it, and lab.undo() if it was wrong."),
        )
    wanted = tuple(pings)
    for __, address in wanted:
        _check_address(address)
    with lab.replica() if is_inside() else _copy(lab) as copy:
        before = tuple(_gets_through(copy, ping) for ping in wanted)
        begun, seen = copy.pack(), copy.snapshot()
        done = _run(copy, argv, node)
        changes = describe_changes(seen, copy.snapshot()) or differences(begun, copy.pack())
        after = tuple(_gets_through(copy, ping) for ping in wanted)
    said = " ".join((done.stderr or done.stdout).split())[:200]
    return Trial(done.returncode, said, tuple(changes), before, after, wanted)


def _words(command: str | Sequence[str]) -> list[str]:
    """BadInput where it has none."""
    try:
        argv = shlex.split(command) if isinstance(command, str) else list(map(str, command))
    except ValueError:
        what = _("A quotation mark is not closed in {words}.").format(words=command)
        raise BadInput(what, _("Close it.")) from None
    except TypeError:  # nothing, a number, …
        argv = []
    if not argv:
        raise BadInput(_("There is no command to try."), _("For example: iptables -P FORWARD ACCEPT"))
    return argv


def _check_address(address: str) -> None:
    """BadInput for what is none: names are not looked up."""
    try:
        ip_address(address)
    except ValueError:
        what = _("{destination!r} is not an IP address, and there is no name server in a lab.")
        raise BadInput(
            what.format(destination=address), _("Give the address, for example 39.106.233.176.")
        ) from None


def _run(copy: Lab | Replica, argv: Sequence[str], node: str) -> subprocess.CompletedProcess[str]:
    """LabError when it does not end: then nothing can be said of what it does."""
    try:
        return copy.run(argv, node=node)
    except subprocess.TimeoutExpired as late:
        what = _("{command} did not end within {seconds:.0f} s.")
        raise LabError(
            what.format(command=shlex.join(argv), seconds=late.timeout), _("Run it on the lab itself.")
        ) from None


def is_of_one_network(argv: Sequence[str]) -> bool:
    """Whether the command changes the network that it is run in, and by no word another one: a replica shares
    the names of namespaces, and the processes, with the lab that it is of."""
    leads_out = argv[0] in ("ip", "tc", "bridge") and bool(ELSEWHERE & set(argv))
    return argv[0] in TOOLS and not leads_out


@contextmanager
def _copy(lab: Lab) -> Iterator[Lab]:
    copy = lab.copy(_free_name(lab.name))
    try:
        yield copy
    finally:
        copy.down()


def _gets_through(network: Network, ping: Ping) -> bool:
    probe = network.probe(*ping, count=2, timeout=TIMEOUT)
    return bool(probe.received == probe.sent > 0)


def _free_name(name: str) -> str:
    """Of a lab that is not up."""
    for number in range(1, 100):
        trial = f"-try{number}"
        free = name[: LONGEST_NAME - len(trial)] + trial
        try:
            Lab.find(free)
        except LabNotFound:
            return free
    raise BadInput(_("A hundred trials of {name} are up already.").format(name=name), "./run down --all")
