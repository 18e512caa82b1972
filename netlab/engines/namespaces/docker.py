"""`docker` in the lab host of the namespaces engine: the commands that the lectures and tutorials use.

What it cannot do it refuses in one line; it never pretends. The real Docker is the docker engine's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from netlab.engines.namespaces import container, life, netverbs, networks, run, show
from netlab.engines.namespaces.refused import ELSEWHERE, Refused, find
from netlab.engines.namespaces.store import Store
from netlab.errors import EngineError
from netlab.language import gettext as _


class Parser(argparse.ArgumentParser):
    """Says no in Docker's way, and names the engine."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{self.prog}: {message}. {_(ELSEWHERE)}", 125)


def main(arguments: list[str] | None = None) -> int:
    """Run one docker command; its exit status."""
    try:
        options = _parser().parse_args(arguments)
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


def _parser() -> Parser:
    parser = Parser(
        prog="docker",
        description=_("Docker's command line, made of namespaces. {elsewhere}").format(
            elsewhere=_(ELSEWHERE)
        ),
    )
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True, parser_class=Parser)
    for verb, function in (("run", run.run), ("create", run.create)):
        _container_options(_verb(verbs, verb, function))
    execute = _verb(verbs, "exec", run.execute)
    for flag in ("-i", "-t", "-d", "--privileged"):
        execute.add_argument(flag, action="store_true")
    execute.add_argument("-e", "--env", action="append", default=[])
    execute.add_argument("-w", "--workdir", default="")
    execute.add_argument("container")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    ps = _verb(verbs, "ps", _ps)
    for flag in ("-a", "-q", "--no-trunc"):
        ps.add_argument(flag, action="store_true")
    ps.add_argument("--format", default="")
    inspect = _verb(verbs, "inspect", _inspect)
    inspect.add_argument("-f", "--format", default="")
    inspect.add_argument("containers", nargs="+")
    for verb, stopper in (("stop", life.stop), ("restart", life.restart), ("kill", life.kill)):
        command = _verb(verbs, verb, stopper)
        command.add_argument("-t", "--time", type=float, default=10.0)
        command.add_argument("-s", "--signal", default="KILL" if verb == "kill" else "TERM")
        command.add_argument("containers", nargs="+")
    _verb(verbs, "start", life.start).add_argument("containers", nargs="+")
    remove = _verb(verbs, "rm", life.rm)
    remove.add_argument("-f", "--force", action="store_true")
    remove.add_argument("-v", action="store_true")
    remove.add_argument("containers", nargs="+")
    logs = _verb(verbs, "logs", _logs)
    logs.add_argument("container")
    _network_verbs(_verb(verbs, "network", _network))
    _verb(verbs, "images", _images)
    _verb(verbs, "version", _version)
    return parser


def _network_verbs(network: Parser) -> None:
    verbs = network.add_subparsers(dest="action", metavar="COMMAND", required=True, parser_class=Parser)
    _verb(verbs, "ls", _networks)
    _verb(verbs, "inspect", _network).add_argument("names", nargs="+")
    _verb(verbs, "rm", netverbs.remove).add_argument("names", nargs="+")
    create = _verb(verbs, "create", netverbs.create)
    create.add_argument("-d", "--driver", default="bridge")
    for flag in ("--subnet", "--gateway", "--ip-range"):
        create.add_argument(flag, default="")
    create.add_argument("-o", "--opt", action="append", default=[])
    create.add_argument("name")


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


def _ps(options: argparse.Namespace, store: Store) -> None:
    records = [r for r in reversed(store.all()) if options.a or container.is_running(r)]
    try:
        print(show.listing(records, ids=options.q, whole=options.no_trunc, template=options.format), end="")
    except ValueError as error:
        raise Refused(
            _("template: unknown part {error}. {elsewhere}").format(error=error, elsewhere=_(ELSEWHERE))
        ) from error


def _inspect(options: argparse.Namespace, store: Store) -> None:
    try:
        print(show.details([find(store, name) for name in options.containers], options.format))
    except Refused:
        print("[]" if not options.format else "")
        raise
    except ValueError as error:
        raise Refused(
            _("template: unknown part {error}. {elsewhere}").format(error=error, elsewhere=_(ELSEWHERE))
        ) from error


def _logs(options: argparse.Namespace, store: Store) -> None:
    log = store.path(find(store, options.container)) / "log"
    if log.exists():
        sys.stdout.write(Path(log).read_text(errors="replace"))


def _network(options: argparse.Namespace, store: Store) -> None:
    try:
        print(show.network(store.all(), networks.known(store), options.names))
    except KeyError as error:
        print("[]")
        raise Refused(f"Error: No such network: {error.args[0]}") from error


def _networks(_: argparse.Namespace, store: Store) -> None:
    print(show.networks(networks.known(store)))


def _images(_: argparse.Namespace, store: Store) -> None:
    print(show.images(store.all()))


def _version(_: argparse.Namespace, __: Store) -> None:
    print("Docker's stand-in in the lab: namespaces and util-linux, no daemon")


if __name__ == "__main__":
    sys.exit(main())
