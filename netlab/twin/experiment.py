"""An experiment: what a command would do, tried in a copy of the lab, which stays as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from netlab.errors import BadInput, LabNotFound
from netlab.i18n import gettext as _
from netlab.keeper.address import is_inside
from netlab.lab import Lab
from netlab.lab.network import Network
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
    argv = shlex.split(command) if isinstance(command, str) else list(command)
    if not argv:
        raise BadInput(_("There is no command to try."), 'lab.try_("iptables -P FORWARD ACCEPT")')
    if is_inside() and not is_of_one_network(argv):
        told = _("{command!r} cannot be tried in here: only commands that change one network, as {few} do.")
        raise BadInput(
            told.format(command=argv[0], few=", ".join(TOOLS[:4])),
            _("On the machine: ./run try -- COMMAND …; here: run it, and lab.undo() if it was wrong."),
        )
    wanted = tuple(pings)
    with lab.replica() if is_inside() else _copy(lab) as copy:
        before = tuple(_gets_through(copy, ping) for ping in wanted)
        begun, seen = copy.pack(), copy.snapshot()
        done = copy.run(argv, node=node)
        changes = describe_changes(seen, copy.snapshot()) or differences(begun, copy.pack())
        after = tuple(_gets_through(copy, ping) for ping in wanted)
    said = " ".join((done.stderr or done.stdout).split())[:200]
    return Trial(done.returncode, said, tuple(changes), before, after, wanted)


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
        try:
            Lab.find(f"{name[:40]}-try{number}")
        except LabNotFound:
            return f"{name[:40]}-try{number}"
    raise BadInput(_("A hundred trials of {name} are up already.").format(name=name), "./run down --all")
