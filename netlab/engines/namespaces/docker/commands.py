"""The words of `docker` in the namespaces engine: which command is meant, and what does it.

What it cannot do it refuses in one line; it never pretends. The real Docker is the docker engine's.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from functools import cache
from typing import NoReturn

from netlab.engines.namespaces.docker import more_options as more
from netlab.engines.namespaces.docker import options as opt
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.fast_path import GROUPS, canonical
from netlab.engines.namespaces.store import Store
from netlab.errors import EngineError
from netlab.i18n import gettext as _

# What each does: the module of this room, its function, and what adds its options.
COMMANDS: dict[str, tuple[str, str, opt.Adder]] = {
    "run": ("run", "run", opt.container),
    "create": ("run", "create", opt.container),
    "exec": ("execute", "execute", opt.execute),
    "attach": ("attach", "attach", opt.attach),
    "ps": ("listing", "ps", opt.ps),
    "inspect": ("listing", "inspect_objects", opt.inspect),
    "logs": ("logs", "logs", opt.logs),
    "port": ("listing", "port", opt.port),
    "top": ("processes", "top", opt.top),
    "stats": ("processes", "stats", opt.stats),
    "start": ("lifecycle", "start", opt.start),
    "stop": ("lifecycle", "stop", opt.stop),
    "restart": ("lifecycle", "restart", opt.stop),
    "kill": ("lifecycle", "kill", opt.kill),
    "pause": ("lifecycle", "pause", opt.names),
    "unpause": ("lifecycle", "unpause", opt.names),
    "rm": ("lifecycle", "rm", opt.remove),
    "rename": ("lifecycle", "rename", opt.rename),
    "wait": ("lifecycle", "wait", opt.names),
    "update": ("lifecycle", "update", opt.update),
    "cp": ("copy", "copy", opt.copy),
    "container prune": ("prune", "containers", opt.prune),
    "events": ("happenings", "events", opt.events),
    "info": ("system", "info", opt.template),
    "version": ("system", "version", opt.template),
    "system df": ("system", "disk", opt.no_words),
    "system prune": ("prune", "system", opt.prune),
    "images": ("image_commands", "images", more.images),
    "pull": ("image_commands", "pull", more.pull),
    "rmi": ("image_commands", "remove", more.remove_images),
    "tag": ("image_commands", "tag", more.tag),
    "history": ("image_commands", "history", more.history),
    "image inspect": ("image_commands", "inspect", opt.inspect),
    "image prune": ("prune", "images", opt.prune),
    "network ls": ("network_listing", "listing", more.network_list),
    "network create": ("network_commands", "create", more.network_create),
    "network inspect": ("network_listing", "inspect", opt.inspect),
    "network rm": ("network_commands", "remove", opt.names),
    "network connect": ("network_commands", "connect", more.network_connect),
    "network disconnect": ("network_commands", "disconnect", more.network_disconnect),
    "network prune": ("prune", "networks", opt.prune),
    "compose": ("compose_commands", "compose", opt.rest),
    "volume ls": ("volumes", "listing", more.volume_list),
    "volume create": ("volumes", "create", more.volume_create),
    "volume inspect": ("volumes", "inspect", opt.inspect),
    "volume rm": ("volumes", "remove", opt.remove),
    "volume prune": ("volumes", "prune", opt.prune),
}
# What real Docker has besides; docker-compose(1) is not a command of docker's.
ELSEWHERE_ONLY = set(
    "build builder buildx bake checkpoint commit config context "
    "diff export import load login logout manifest "
    "node plugin push save scan search secret service stack swarm trust".split()
)
# Options of real Docker's `run` and `create` that this engine has not: limits above all.
OPTIONS_ELSEWHERE = {
    "-m",
    "-c",
    "-a",
    "--gpus",
    "--device",
    "--pid",
    "--ipc",
    "--uts",
    "--userns",
    "--read-only",
}
OPTIONS_ELSEWHERE |= {
    "--memory",
    "--memory-swap",
    "--memory-reservation",
    "--cpus",
    "--cpu-shares",
    "--cpu-quota",
}
OPTIONS_ELSEWHERE |= {"--cpu-period", "--cpuset-cpus", "--pids-limit", "--ulimit", "--shm-size", "--attach"}
OPTIONS_ELSEWHERE |= {
    "--group-add",
    "--storage-opt",
    "--cgroup-parent",
    "--oom-kill-disable",
    "--blkio-weight",
}


class Parser(argparse.ArgumentParser):
    """Says no in Docker's way."""

    def error(self, message: str) -> NoReturn:
        if found := re.match(r"unrecognized arguments: (-\S*)", message):
            flag = found[1].partition("=")[0]
            if flag in OPTIONS_ELSEWHERE:
                raise Refused(f"{self.prog} {flag}: {_(ELSEWHERE)}", 125)
            known = [name for action in self._actions for name in action.option_strings]
            raise Refused(f"unknown flag: {flag}. {suggest(flag, known)}See '{self.prog} --help'.", 125)
        if "arguments are required" in message or message.startswith("unrecognized"):
            raise Refused(f"\"{self.prog}\" {self._count()}. See '{self.prog} --help'.")
        if found := re.match(r"argument ([^:]*): expected one argument", message):
            raise Refused(f"flag needs an argument: {found[1]}. See '{self.prog} --help'.", 125)
        raise Refused(f"{self.prog}: {message}. See '{self.prog} --help'.", 125)

    def _count(self) -> str:
        wanted = [a for a in self._actions if not a.option_strings]
        fixed = [a for a in wanted if a.nargs is None]
        some = [a for a in wanted if a.nargs in ("+", argparse.REMAINDER, "*", "?")]
        least = len(fixed) + len([a for a in some if a.nargs == "+"])
        return f"requires {'at least' if some else 'exactly'} {least} argument{'s' if least != 1 else ''}"


def suggest(word: str, known: list[str]) -> str:
    """ "Did you mean --name? ", where something is spelled almost so; else nothing."""
    import difflib

    close = difflib.get_close_matches(word, known, 1, 0.65) if len(word) > 2 else []
    return _("Did you mean {close}? ").format(close=close[0]) if close else ""


def main(arguments: list[str]) -> int:
    """Run one docker command; its exit status."""
    try:
        words, rest = choose(arguments)
        made = parser(words)
        reads_its_own = COMMANDS[words][2] is opt.rest
        options = argparse.Namespace(words=rest) if reads_its_own else made.parse_args(opt.plain(rest, made))
        options.verb = words
        module, function, __ = COMMANDS[words]
        command = getattr(importlib.import_module(f"netlab.engines.namespaces.docker.{module}"), function)
        return int(command(options, Store()) or 0)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.status
    except EngineError as error:
        print(f"docker: Error response from daemon: {error.what}.", file=sys.stderr)
        return 127 if "executable file not found" in error.what else 125
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    except PermissionError as error:
        print(
            _("docker: {error}. In the lab host be root, as you are by default.").format(error=error),
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(f"docker: {error}", file=sys.stderr)
        return 1


def choose(arguments: list[str]) -> tuple[str, list[str]]:
    """(the command that is meant, what follows it). Refused."""
    words, rest = canonical(arguments)
    if words in COMMANDS:
        return words, rest
    first = arguments[0] if arguments else ""
    if not first:
        raise Refused(_("docker: which command? They are listed by: docker --help"))
    if first in ("help", "--help", "-h"):
        print(usage())
        raise SystemExit(0)
    if first in ("-v", "--version"):
        return "version", []
    if first.startswith("-"):
        raise Refused(f"unknown flag: {first}. See 'docker --help'.", 125)
    if first in ELSEWHERE_ONLY:
        raise Refused(_("docker {command}: {elsewhere}").format(command=first, elsewhere=_(ELSEWHERE)))
    if first in GROUPS:
        verbs = sorted({name for name, group in _verbs() if group == first})
        given = arguments[1] if len(arguments) > 1 else ""
        said = (
            f"docker {first}: '{given}' is not one of its commands. {suggest(given, verbs)}".strip()
            if given
            else ""
        )
        raise Refused(said or f"docker {first}: say what: {', '.join(verbs)}.")
    known = [name.partition(" ")[0] for name in COMMANDS]
    raise Refused(f"docker: '{first}' is not a docker command. {suggest(first, known)}See 'docker --help'.")


def _verbs() -> list[tuple[str, str]]:
    """(verb, group) of every command that has a group, also of those that are known without."""
    found = [(verb, group) for group, verbs in GROUPS.items() for verb in verbs]
    return found + [(name.partition(" ")[2], name.partition(" ")[0]) for name in COMMANDS if " " in name]


def usage() -> str:
    """What `docker` is here, and what it can do."""
    about = _(
        "Docker's command line, made of namespaces. What is not in the list is real Docker's: "
        "./run --engine docker"
    )
    return f"Usage:  docker COMMAND\n\n{about}\n\nCommands:\n  " + "\n  ".join(sorted(COMMANDS))


@cache
def parser(words: str) -> Parser:
    """For that command alone: to make all of them takes longer than most commands."""
    made = Parser(prog=f"docker {words}", allow_abbrev=False, add_help=False)  # -h is the host name's
    made.add_argument("--help", action="help")
    COMMANDS[words][2](made)
    return made
