"""Expectations about names: the server that a container names in its resolv.conf tells it an address, and
whoever has it answers.

The keeper reads the container's files and asks the question, so that no program of the learner's is believed.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass

from netlab.checks.expectations.bridge import find_chain
from netlab.checks.expectations.containers import ipv4
from netlab.checks.expectations.reachability import WAIT, Clue, Reaches, impostor, pretender
from netlab.checks.runner import Trouble
from netlab.checks.world import HOST, World
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.linux.resolv_conf import ResolvConf
from netlab.packets.dns import SERVER_FAILURE, Told

DOCKERS = "127.0.0.11"  # where Docker answers for names
SERVER = "names"  # the node with the name server


@dataclass(frozen=True, slots=True)
class Resolves:
    """A name server tells that node an address of the owner's for the name, and the owner answers there.

    That server is the one on the node `names`, or Docker's own, which asks it for what it does not know. Of
    the names that Docker does know, it is `borne_out` that shows that they come from Docker.
    """

    node: str
    name: str
    owner: str
    clues: tuple[Clue, ...] = ()
    borne_out: Clue | None = None

    def describe(self) -> str:
        return _("{node} is told an address for {name}, and gets answers from there").format(
            node=self.node, name=self.name
        )

    def trouble(self, world: World) -> Trouble | None:
        settings = settings_of(world, self.node)
        server, told = self._first_answer(world, settings)
        if not told.addresses:
            return self._unknown(world, settings, told)
        owner = world.node(self.owner)
        if owner is None or not owner.owns(told.addresses[0]):
            return Trouble(
                "other-address",
                _("{node} is told {found} for {name}, and that is not {owner}'s").format(
                    node=self.node, found=told.addresses[0], name=self.name, owner=self.owner
                ),
                _("An answer came, from a server that knows something else. Which server is asked?"),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        return self._doubt(world, server, told) or Reaches(
            self.node, told.addresses[0], owner=self.owner
        ).trouble(world)

    def _first_answer(self, world: World, settings: ResolvConf) -> tuple[str, Told]:
        """(who said it, what): the first answer with an address; else the last one, or silence."""
        last = "", Told()
        for name in settings.names(self.name):
            for server in settings.servers:
                told = _ask(world, self.node, server, name)
                if told.addresses:
                    return server, told
                if told.came and told.code != SERVER_FAILURE:
                    last = server, told
                    break
            else:
                return last  # nobody has said anything: the C library asks for no other name
        return last

    def _doubt(self, world: World, server: str, told: Told) -> Trouble | None:
        """What makes that answer worth nothing."""
        if self.borne_out and server == DOCKERS:
            return self.borne_out(world)
        if server.startswith("127."):
            return None if told.confirmed else pretender(server, SERVER)
        its = world.node(SERVER)
        if its and its.owns(server):
            return impostor(world, server, SERVER) or (None if told.confirmed else pretender(server, SERVER))
        return Trouble(
            "other-server",
            _("{node} was told it by {server}, and that is not the name server").format(
                node=self.node, server=server
            ),
            _("Whoever answers for names can say anything. Who is meant to be asked?"),
            _("ip -n {server} -br addr shows the name server's address").format(server=SERVER),
        )

    def _unknown(self, world: World, settings: ResolvConf, told: Told) -> Trouble:
        return (
            self._hosts(world)
            or self._server(settings)
            or next(filter(None, (clue(world) for clue in self.clues)), None)
            or self._reply(told)
        )

    def _hosts(self, world: World) -> Trouble | None:
        """An address of the owner's stands in a file."""
        owner = world.node(self.owner)
        lines = (line.partition("#")[0].split() for line in _etc(world, self.node, "hosts").splitlines())
        if owner is None or not any(
            self.name in words[1:] and owner.owns(words[0]) for words in lines if words
        ):
            return None
        return Trouble(
            "from-hosts-file",
            _("{name} stands in {node}'s /etc/hosts, and no name server was asked").format(
                name=self.name, node=self.node
            ),
            _("One name in one container: tomorrow its address changes, and nobody remembers this line."),
            f"docker exec {self.node} cat /etc/hosts",
        )

    def _server(self, settings: ResolvConf) -> Trouble | None:
        """Whom it asks, where that cannot be right."""
        if not settings.servers:
            return Trouble(
                "no-nameserver",
                _("{node}'s resolv.conf has no line that begins with nameserver").format(node=self.node),
                _("Then the resolver asks 127.0.0.1, in the container itself."),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        if all(server.startswith("127.") and server != DOCKERS for server in settings.servers):
            return Trouble(
                "nobody-listens",
                _("{node}'s resolv.conf names {servers}").format(
                    node=self.node, servers=", ".join(settings.servers)
                ),
                _("That is the container's own loopback, and in its namespace nobody listens on port 53."),
                f"docker exec {self.node} cat /etc/resolv.conf",
            )
        return None

    def _reply(self, told: Told) -> Trouble:
        """Whether the question was answered at all."""
        if told.came:
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


def settings_of(world: World, node: str) -> ResolvConf:
    """What that node's resolv.conf says."""
    return ResolvConf.parse(_etc(world, node, "resolv.conf"))


def _etc(world: World, node: str, file: str) -> str:
    with suppress(NetlabError, OSError):
        return world.lab.etc(node, file) if world.node(node) else ""
    return ""


def _ask(world: World, node: str, server: str, name: str) -> Told:
    """What that server tells the node; silence where it cannot be asked."""
    witness = SERVER if world.node(SERVER) else ""
    with suppress(NetlabError, OSError):
        return world.ask(node, server, name, witness, WAIT)
    return Told()


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
        if DOCKERS not in settings_of(world, self.node).servers:
            return Trouble(
                "default-network",
                _("{node} does not ask {server}").format(node=self.node, server=DOCKERS),
                _("In the default network Docker answers for no names. It does in one that you have made."),
                "docker network create lan; docker run … --network lan …",
            )
        both = self._streets(world, self.node) & self._streets(world, self.other)
        if not both - self._streets(world, HOST, "docker0"):
            return Trouble(
                "no-common-network",
                _("{node} and {other} have no network in common").format(node=self.node, other=self.other),
                _("Docker tells a container the names of those that share a network with it."),
                f"docker network connect lan {self.other}",
            )
        return None

    @staticmethod
    def _streets(world: World, node: str, of: str = "") -> set[str]:
        """The networks that the node has an address in, by all of its interfaces or by that one."""
        found = world.node(node)
        theirs = [i for i in (found.interfaces if found else ()) if i.name != "lo" and of in ("", i.name)]
        return {str(ipaddress.ip_interface(address).network) for i in theirs for address in ipv4(i)}


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A clue: Docker's own server was told whom to ask for what it does not know."""

    node: str

    def __call__(self, world: World) -> Trouble | None:
        if DOCKERS not in settings_of(world, self.node).servers:
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
