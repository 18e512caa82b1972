"""`./run tour`: the whole lecture in the terminal, in half a minute, in a lab of its own.

Each command as it is typed, what it printed, the topology after it, the death of the packet and the cure.
The pictures are left in a folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netlab.drawing.text import alt_text, as_text
from netlab.drawing.timeline import header, timeline
from netlab.drawing.topology import draw, save
from netlab.errors import NetlabError
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.lab import Lab
from netlab.model import Captured, Journey, Snapshot
from netlab.model.changes import describe_changes
from netlab.packets.journeys.assemble import journeys

PING = "docker exec if-test ping -c 3 -i 0.3 -W 1 39.106.233.176"
PID = """pid=$(ps -ef | grep "sleep 36000" | grep -v grep | awk '{print $2}')"""


@dataclass(frozen=True)
class Stop:
    """One stop of the tour: what is said, what is typed, and what the picture is called, if there is one."""

    text: str
    commands: tuple[str, ...]
    picture: str = ""
    captured: bool = False


STOPS = (
    Stop(
        N_("The problem. A container is started as anybody would start it; it reaches nobody outside."),
        (
            "docker run -d --name if-test centos:8.1.1911 sleep 36000",
            "docker exec if-test ip addr show eth0",
            "ping -c 1 -W 1 39.106.233.176",
            "docker exec if-test ping -c 1 -W 1 39.106.233.176 || true",
        ),
        "1-the-problem",
    ),
    Stop(
        N_("An empty namespace. Once more from nothing: with --network none there is only lo."),
        (
            "docker stop if-test; docker rm if-test",
            "docker run -d --name if-test --network none centos:8.1.1911 sleep 36000",
            "docker exec if-test ip addr",
            f"{PID}\nmkdir -p /var/run/netns\nln -s /proc/$pid/ns/net /var/run/netns/$pid",
        ),
        "2-an-empty-namespace",
    ),
    Stop(
        N_("A veth pair. A virtual cable: one end stays, the other goes into the container."),
        (
            "ip link add name veth_host type veth peer name veth_container",
            f"{PID}\nip link set veth_container netns $pid\n"
            "ip netns exec $pid ip link set veth_container name eth0\n"
            "ip netns exec $pid ip addr add 172.17.1.2/16 dev eth0\nip netns exec $pid ip link set eth0 up\n"
            "ip netns exec $pid ip route add default via 172.17.0.1",
            "ip link set veth_host up",
        ),
        "3-a-veth-pair",
    ),
    Stop(
        N_("Onto docker0. The other end is plugged into the bridge; now the host answers."),
        ("ip link set veth_host master docker0", "docker exec if-test ping -c 1 -W 1 172.17.0.1"),
        "4-onto-docker0",
    ),
    Stop(
        N_("Where does it die? Firewall and NAT are ready; we look at every device on the way."),
        ("iptables -P FORWARD ACCEPT", "iptables -t nat -L POSTROUTING -n", f"{PING} || true"),
        "5-where-it-dies",
        captured=True,
    ),
    Stop(
        N_("The cure. The host does not pass packets on between its interfaces unless it is told to."),
        (
            "cat /proc/sys/net/ipv4/ip_forward",
            "echo 1 > /proc/sys/net/ipv4/ip_forward",
            PING,
        ),
        "6-the-cure",
        captured=True,
    ),
)


def play(folder: str, say: Callable[[str], None] = print) -> None:
    """Play the tour, saving its pictures to `folder`. NetlabError when a command fails that should not."""
    pictures = Path(folder)
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NetlabError(
            _("The pictures' folder {folder} cannot be made: {strerror}.").format(
                folder=folder, strerror=error.strerror
            ),
            _("Choose one with --pictures."),
        ) from error
    lab = Lab.up(f"tour-{os.getpid()}")
    try:
        before = lab.snapshot()
        for number, stop in enumerate(STOPS, 1):
            say(_bold(f"\n{number}. {_(stop.text)}"))
            before = _visit(lab, stop, before, pictures, say)
    finally:
        lab.down()
    say(
        _bold(
            "\n"
            + _("The pictures are in {folder}/. The whole lecture, to be typed by you: ./run").format(
                folder=pictures
            )
        )
    )


def _visit(lab: Lab, stop: Stop, before: Snapshot, pictures: Path, say: Callable[[str], None]) -> Snapshot:
    if stop.captured:
        with lab.capture() as seen:
            _type(lab, stop.commands, say)
        say(_indent(_what_was_seen(seen)))
        save(
            timeline(seen, title=_(stop.text)),
            pictures / f"{stop.picture}-timeline.png",
            header(seen, journeys(seen)),
        )
        after, dead = seen.after, _death(seen)
    else:
        _type(lab, stop.commands, say)
        after, dead = lab.snapshot(), None
    for change in describe_changes(before, after):
        say(f"  + {change}")
    say("\n" + _indent(as_text(after)))
    note = _forwarding_note(after) if dead else ""
    died = (dead.last_seen.frame.point, dead.next_expected) if dead else None
    figure = draw(
        after,
        previous=before,
        path=dead,
        died=died,
        note=note,
        title=_(stop.text).replace("。", ".").partition(".")[0],
    )
    save(figure, pictures / f"{stop.picture}.png", alt_text(after))
    return after


def _type(lab: Lab, commands: Sequence[str], say: Callable[[str], None]) -> None:
    for command in commands:
        for line in command.splitlines():
            say(_bold(f"  # {line.removesuffix(' || true')}"))
        done = lab.script(command)
        output = (done.stdout + done.stderr).strip()
        if output:
            say(_indent(output))
        if done.returncode:
            raise NetlabError(
                _("{command!r} failed in the tour.").format(command=command),
                _("Please report this with the lines above."),
            )


def _what_was_seen(seen: Captured) -> str:
    """How often each point saw a request, and where the last one was seen."""
    found = journeys(seen)
    lines = [_("captured: {header}").format(header=header(seen, found))]
    for point in seen.points:
        hops = sum(hop.frame.point == point for journey in found for hop in journey.hops if _is_echo(journey))
        lines.append(f"  {point!s:<20} " + _("{count} echo packets").format(count=hops))
    dead = _death(seen)
    if dead:
        lines.append(
            _("✘ last seen on {point}, never on {next_expected}").format(
                point=dead.last_seen.frame.point, next_expected=dead.next_expected
            )
        )
        lines.append("  " + _("and {setting}").format(setting=_forwarding_note(seen.after)))
    else:
        lines.append(_("✔ every request was answered"))
    return "\n".join(lines)


def _is_echo(journey: Journey) -> bool:
    return journey.first.packet.icmp_type in (0, 8)


def _death(seen: Captured) -> Journey | None:
    """The first request that did not arrive."""
    return next((j for j in journeys(seen) if _is_echo(j) and not j.reached and j.next_expected), None)


def _forwarding_note(snapshot: Snapshot) -> str:
    return f"net.ipv4.ip_forward = {snapshot.node('host').sysctls['net.ipv4.ip_forward']}"


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text
