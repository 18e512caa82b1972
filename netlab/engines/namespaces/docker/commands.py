"""The words and options of `docker` in the namespaces engine: the commands that lectures and tutorials use.

What it cannot do it refuses in one line; it never pretends. The real Docker is the docker engine's.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NoReturn

from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.store import Store
from netlab.errors import EngineError
from netlab.i18n import gettext as _


class Parser(argparse.ArgumentParser):
    """Says no in Docker's way, and names the engine."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{self.prog}: {message}. {_(ELSEWHERE)}", 125)


def main(arguments: list[str]) -> int:
    """Run one docker command; its exit status."""
    try:
        options = parser(arguments[0] if arguments else "").parse_args(arguments)
        return int(options.run(options, Store()) or 0)
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


@cache
def parser(command: str) -> Parser:
    """For that command, or for all: to make all of them takes longer than most commands."""
    made = Parser(
        prog="docker",
        description=_("Docker's command line, made of namespaces. {elsewhere}").format(
            elsewhere=_(ELSEWHERE)
        ),
    )
    verbs = made.add_subparsers(dest="verb", metavar="COMMAND", required=True, parser_class=Parser)
    known = {verb: (options, run) for verb, options, run in _verbs()}
    for verb in (command,) if command in known else known:
        options, run = known[verb]
        options(_verb(verbs, verb, run))
    return made


def _verbs() -> Iterator[tuple[str, Callable[[Parser], object], Callable[..., int | None]]]:
    """Each with what adds its options, and what it does."""
    yield "run", _container_options, _later("run", "run")
    yield "create", _container_options, _later("run", "create")
    yield "exec", _exec_options, _later("execute", "execute")
    yield "ps", _ps_options, _later("listing", "ps")
    yield "inspect", _inspect_options, _later("listing", "inspect")
    for verb, signal in (("stop", "TERM"), ("restart", "TERM"), ("kill", "KILL")):
        yield verb, partial(_ending_options, signal=signal), _later("lifecycle", verb)
    yield "start", lambda parser: parser.add_argument("containers", nargs="+"), _later("lifecycle", "start")
    yield "rm", _rm_options, _later("lifecycle", "rm")
    yield "logs", lambda parser: parser.add_argument("container"), _later("listing", "logs")
    yield "network", _network_verbs, _later("listing", "network_inspect")
    yield "images", lambda _: None, _later("listing", "images")
    yield "version", lambda _: None, _version


def _exec_options(execute: Parser) -> None:
    for flag in ("-i", "-t", "-d", "--privileged"):
        execute.add_argument(flag, action="store_true")
    execute.add_argument("-e", "--env", action="append", default=[])
    execute.add_argument("-w", "--workdir", default="")
    execute.add_argument("container")
    execute.add_argument("command", nargs=argparse.REMAINDER)


def _ps_options(ps: Parser) -> None:
    for flag in ("-a", "-q", "--no-trunc"):
        ps.add_argument(flag, action="store_true")
    ps.add_argument("--format", default="")


def _inspect_options(inspect: Parser) -> None:
    inspect.add_argument("-f", "--format", default="")
    inspect.add_argument("containers", nargs="+")


def _ending_options(command: Parser, signal: str) -> None:
    command.add_argument("-t", "--time", type=float, default=10.0)
    command.add_argument("-s", "--signal", default=signal)
    command.add_argument("containers", nargs="+")


def _rm_options(remove: Parser) -> None:
    remove.add_argument("-f", "--force", action="store_true")
    remove.add_argument("-v", action="store_true")
    remove.add_argument("containers", nargs="+")


def _network_verbs(network: Parser) -> None:
    verbs = network.add_subparsers(dest="action", metavar="COMMAND", required=True, parser_class=Parser)
    _verb(verbs, "ls", _later("listing", "network_list"))
    _verb(verbs, "inspect", _later("listing", "network_inspect")).add_argument("names", nargs="+")
    _verb(verbs, "rm", _later("network_commands", "remove")).add_argument("names", nargs="+")
    create = _verb(verbs, "create", _later("network_commands", "create"))
    create.add_argument("-d", "--driver", default="bridge")
    for flag in ("--subnet", "--gateway", "--ip-range"):
        create.add_argument(flag, default="")
    create.add_argument("-o", "--opt", action="append", default=[])
    create.add_argument("name")


def _later(module: str, function: str) -> Callable[..., int | None]:
    """What a command does. Its module is imported when it is typed: all together take 0.2 s."""

    def run(options: argparse.Namespace, store: Store) -> int | None:
        command = getattr(importlib.import_module(f"netlab.engines.namespaces.docker.{module}"), function)
        status: int | None = command(options, store)
        return status

    return run


def _verb(verbs: argparse._SubParsersAction[Parser], name: str, run: Callable[..., int | None]) -> Parser:
    parser = verbs.add_parser(name, allow_abbrev=False, add_help=False)  # -h is the host name's
    parser.add_argument("--help", action="help")
    parser.set_defaults(run=run)
    return parser


def _container_options(parser: Parser) -> None:
    for flags in (
        ("-d", "--detach"),
        ("-i", "--interactive"),
        ("-t", "--tty"),
        ("--rm",),
        ("--init",),
        ("--privileged",),
    ):
        parser.add_argument(*flags, action="store_true")
    parser.add_argument("--name", default="")
    parser.add_argument("--network", "--net", default="bridge")
    parser.add_argument("--ip", default="")
    parser.add_argument("-h", "--hostname", default="")
    parser.add_argument("-w", "--workdir", default="/")
    parser.add_argument("-e", "--env", action="append", default=[])
    parser.add_argument("-p", "--publish", action="append", default=[])
    parser.add_argument("--cap-add", action="append", default=[])
    parser.add_argument("image")
    parser.add_argument("command", nargs=argparse.REMAINDER)


def _version(_: argparse.Namespace, __: Store) -> None:
    print("Docker's stand-in in the lab: namespaces and util-linux, no daemon")
