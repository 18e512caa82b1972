"""An experiment: what a command would do, tried in a copy of the lab, which stays as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netlab.errors import BadInput, LabNotFound
from netlab.i18n import gettext as _
from netlab.keeper.address import is_inside
from netlab.lab import Lab
from netlab.model.changes import describe_changes
from netlab.model.pack_changes import differences

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
    """Try the command in a copy. BadInput where none can be made; errors as in Lab.copy."""
    if is_inside():
        raise BadInput(
            _("A copy of the lab can only be made on the machine, and this runs in the lab."),
            _("On the machine: ./run try -- COMMAND …; here: run it, and lab.undo() if it was wrong."),
        )
    argv = shlex.split(command) if isinstance(command, str) else list(command)
    if not argv:
        raise BadInput(_("There is no command to try."), 'lab.try_("iptables -P FORWARD ACCEPT")')
    wanted = tuple(pings)
    copy = lab.copy(_free_name(lab.name))
    try:
        before = tuple(_gets_through(copy, ping) for ping in wanted)
        begun, seen = copy.pack(), copy.snapshot()
        done = copy.run(argv, node=node)
        changes = describe_changes(seen, copy.snapshot()) or differences(begun, copy.pack())
        after = tuple(_gets_through(copy, ping) for ping in wanted)
    finally:
        copy.down()
    said = " ".join((done.stderr or done.stdout).split())[:200]
    return Trial(done.returncode, said, tuple(changes), before, after, wanted)


def _gets_through(lab: Lab, ping: Ping) -> bool:
    probe = lab.probe(*ping, count=2, timeout=TIMEOUT)
    return bool(probe.received == probe.sent > 0)


def _free_name(name: str) -> str:
    """Of a lab that is not up."""
    for number in range(1, 100):
        try:
            Lab.find(f"{name[:40]}-try{number}")
        except LabNotFound:
            return f"{name[:40]}-try{number}"
    raise BadInput(_("A hundred trials of {name} are up already.").format(name=name), "./run down --all")
