"""Expectations about names: the container's own resolver finds an address, and whoever has it answers.

When it does not, what the container says of itself tells the known causes apart: whom it asks, whether a
question is answered, and with what.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass

from netlab.checks.expectations.bridge import find_chain
from netlab.checks.expectations.containers import ipv4
from netlab.checks.expectations.reachability import Clue, Reaches
from netlab.checks.runner import Trouble
from netlab.checks.world import World
from netlab.errors import NetlabError
from netlab.i18n import gettext as _

DOCKERS = "127.0.0.11"  # where Docker answers for names
ONCE = "RES_OPTIONS=timeout:1 attempts:1"  # of resolv.conf(5): a second is long in a lab
PATIENCE = 4.0  # seconds for a command that asks for a name


@dataclass(frozen=True, slots=True)
class Resolves:
    """A name server tells that node an address of the owner's for the name, and the owner answers there."""

    node: str
    name: str
    owner: str
    clues: tuple[Clue, ...] = ()

    def describe(self) -> str:
        return _("{node} is told an address for {name}, and gets answers from there").format(
            node=self.node, name=self.name
        )

    def trouble(self, world: World) -> Trouble | None:
        found = self._address(world, "-s", "hosts:dns")
        if not found:
            return self._unknown(world)
        owner = world.node(self.owner)
        if owner is None or not owner.owns(found):
            return Trouble(
                "other-address",
                _("{node} is told {found} for {name}, and that is not {owner}'s").format(
                    node=self.node, found=found, name=self.name, owner=self.owner
                ),
                _("An answer came, from a server that knows something else. Which server is asked?"),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        return Reaches(self.node, found, owner=self.owner).trouble(world)

    def _address(self, world: World, *how: str) -> str:
        """The first address that the node's resolver has for the name; "" if it has none."""
        words = _says(world, self.node, ("env", ONCE, "getent", *how, "ahostsv4", self.name)).split()
        with suppress(ValueError):
            return str(ipaddress.ip_address(words[0])) if words else ""
        return ""

    def _unknown(self, world: World) -> Trouble:
        if self._address(world):
            return Trouble(
                "from-hosts-file",
                _("{name} stands in {node}'s /etc/hosts, and no name server was asked").format(
                    name=self.name, node=self.node
                ),
                _("One name in one container: tomorrow its address changes, and nobody remembers this line."),
                f"docker exec {self.node} cat /etc/hosts",
            )
        return (
            self._server(world)
            or next(filter(None, (clue(world) for clue in self.clues)), None)
            or (self._reply(world))
        )

    def _server(self, world: World) -> Trouble | None:
        """Whom it asks, where that cannot be right."""
        servers = servers_of(world, self.node)
        if not servers:
            return Trouble(
                "no-nameserver",
                _("{node}'s resolv.conf has no line that begins with nameserver").format(node=self.node),
                _("Then the resolver asks 127.0.0.1, in the container itself."),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        if all(server.startswith("127.") and server != DOCKERS for server in servers):
            return Trouble(
                "nobody-listens",
                _("{node}'s resolv.conf names {servers}").format(node=self.node, servers=", ".join(servers)),
                _("That is the container's own loopback, and in its namespace nobody listens on port 53."),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        return None

    def _reply(self, world: World) -> Trouble:
        """Whether the question was answered at all."""
        command = ("env", ONCE, "LC_ALL=C", "ping", "-c", "1", "-W", "1", self.name)
        if "not known" in _says(world, self.node, command):
            return Trouble(
                "no-such-name",
                _("{node} was answered: there is no such name as was asked for").format(node=self.node),
                _("The network is well. Read in a capture which name was asked for, and compare."),
                _("docker exec {node} cat /etc/resolv.conf shows what is added to a name").format(
                    node=self.node
                ),
            )
        return Trouble(
            "query-unanswered",
            _("{node}'s question for {name} was not answered").format(node=self.node, name=self.name),
            _("It goes out, and nothing comes back: no server has that address, or something drops it."),
            f"docker exec {self.node} cat /etc/resolv.conf; iptables -nvL DOCKER-USER",
            settled=True,
        )


def servers_of(world: World, node: str) -> list[str]:
    """The name servers in that node's resolv.conf: what is written like an address, for it is shown."""
    return re.findall(
        r"(?m)^nameserver[ \t]+([0-9A-Fa-f.:]{2,45})(?!\S)", _says(world, node, ("cat", "/etc/resolv.conf"))
    )


def query_drop(world: World) -> Trouble | None:
    """A rule drops what is for port 53."""
    for name in ("DOCKER-USER", "FORWARD"):
        chain = find_chain(world, "filter", name)
        for rule in chain.rules if chain else ():
            if rule.target in ("DROP", "REJECT") and re.search(r"--dport 53\b", rule.text):
                return Trouble(
                    "names-dropped",
                    _("the chain {name} holds the rule “{text}”").format(name=name, text=rule.text),
                    _("It drops questions for names, and the first rule that fits decides."),
                    f"iptables -D {name} {rule.text}",
                )
    return None


@dataclass(frozen=True, slots=True)
class InOneNetwork:
    """A clue: two containers share a network in which Docker answers for names."""

    node: str
    other: str

    def __call__(self, world: World) -> Trouble | None:
        if DOCKERS not in servers_of(world, self.node):
            return Trouble(
                "default-network",
                _("{node} does not ask {server}").format(node=self.node, server=DOCKERS),
                _("In the default network Docker answers for no names. It does in one that you have made."),
                "docker network create lan; docker run … --network lan …",
            )
        if not self._streets(world, self.node) & self._streets(world, self.other):
            return Trouble(
                "no-common-network",
                _("{node} and {other} have no network in common").format(node=self.node, other=self.other),
                _("Docker tells a container the names of those that share a network with it."),
                f"docker network connect lan {self.other}",
            )
        return None

    @staticmethod
    def _streets(world: World, node: str) -> set[str]:
        found = world.node(node)
        held = [a for i in (found.interfaces if found else ()) if i.name != "lo" for a in ipv4(i)]
        return {str(ipaddress.ip_interface(address).network) for address in held}


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A clue: Docker's own server was told whom to ask for what it does not know."""

    node: str

    def __call__(self, world: World) -> Trouble | None:
        if DOCKERS not in servers_of(world, self.node):
            return None
        return Trouble(
            "not-passed-on",
            _("{server} knows the containers in {node}'s networks, and no other names").format(
                server=DOCKERS, node=self.node
            ),
            _("All else it asks of the server that --dns names, and that has to be one that answers."),
            f"docker rm -f {self.node}; docker run -d --name {self.node} … --dns 198.51.100.53 …",
            settled=True,
        )


def _says(world: World, node: str, command: tuple[str, ...]) -> str:
    """What a command prints on that node, errors too; "" where it cannot be run, or takes too long."""
    if world.node(node) is None:
        return ""
    with suppress(NetlabError, OSError, subprocess.TimeoutExpired):
        done = world.lab.run(command, node, timeout=PATIENCE)
        return f"{done.stdout}{done.stderr}"
    return ""
