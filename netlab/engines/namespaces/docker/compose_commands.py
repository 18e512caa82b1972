"""docker compose: a file of services comes up, is looked at, and goes down."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from netlab.engines.namespaces.compose.project import BadCompose, Project, of_profiles
from netlab.engines.namespaces.compose.reader import NAMES, Reader
from netlab.engines.namespaces.compose.source import LARGEST_ENV
from netlab.engines.namespaces.compose.yaml import LARGEST
from netlab.engines.namespaces.docker import compose_listing, compose_up
from netlab.engines.namespaces.docker.checks import lines_of
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.store import Store
from netlab.i18n import gettext as _

PROGRAM = "docker compose"


class Parser(argparse.ArgumentParser):
    """Says no in one line."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise Refused(f"{self.prog}: {message}. See '{PROGRAM} --help'.", 125)


def compose(options: argparse.Namespace, store: Store) -> int:
    """docker compose. Refused."""
    given = _parser().parse_args(options.words)
    if given.verb == "version":
        print("Docker Compose version v2.24.0")
        print(_("(lab: the stand-in's; it reads what the lab can do, and refuses the rest by line)"))
        return 0
    if given.verb == "ls":
        compose_listing.projects(given, store)
        return 0
    try:
        profiles = {*given.profile, *os.environ.get("COMPOSE_PROFILES", "").split(",")}
        project = of_profiles(_read(given), profiles, getattr(given, "services", None) or ())
    except BadCompose as error:
        raise Refused(str(error), 15) from error
    run: Callable[[argparse.Namespace, Store, Project], int] = given.run
    return run(given, store, project)


def _read(given: argparse.Namespace) -> Project:
    """The project that is meant. Refused, BadCompose."""
    if len(given.file) > 1:
        raise Refused(_("docker compose: one -f here; files are not merged in the lab."))
    path = Path(given.file[0]) if given.file else _find(Path.cwd())
    if not given.file and (more := _override_of(path)):
        raise Refused(
            _(
                "docker compose: {more} is there, too, and files are not merged in the lab. Name one: "
                "docker compose -f {name} …"
            ).format(more=more, name=path.name)
        )
    try:
        with open(path, errors="replace") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"open {path.absolute()}: {(error.strerror or str(error)).lower()}", 14) from error
    env_file = Path(given.env_file) if given.env_file else path.resolve().parent / ".env"
    variables = {}
    if given.env_file or (env_file.is_file() and env_file.stat().st_size < LARGEST_ENV):
        variables = dict(line.partition("=")[::2] for line in lines_of(str(env_file)))
    variables = {name.strip(): value.strip().strip("\"'") for name, value in variables.items()}
    name = given.project_name or os.environ.get("COMPOSE_PROJECT_NAME", "")
    return Reader(path, {**variables, **os.environ}, name).read(content)


def _find(folder: Path) -> Path:
    """The file in this folder, or in one above it. Refused."""
    for place in (folder, *folder.parents):
        for name in NAMES:
            if (place / name).is_file():
                return place / name
    raise Refused("no configuration file provided: not found", 14)


def _override_of(path: Path) -> str:
    """The name of a file beside it that real Docker would merge into it; "" if there is none."""
    names = (f"{name.rpartition('.')[0]}.override.{name.rpartition('.')[2]}" for name in NAMES)
    return next((name for name in names if (path.parent / name).is_file()), "")


def _parser() -> Parser:
    parser = Parser(prog=PROGRAM, allow_abbrev=False)
    parser.add_argument("-f", "--file", action="append", default=[])
    parser.add_argument("-p", "--project-name", default="")
    parser.add_argument("--env-file", default="")
    parser.add_argument("--profile", action="append", default=[])
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True, parser_class=Parser)
    _of_up(verbs)
    _of_looks(verbs)
    verbs.add_parser("version")
    verbs.add_parser("ls").add_argument("-a", "--all", action="store_true")
    return parser


def _of_up(verbs: argparse._SubParsersAction[Parser]) -> None:
    up = verbs.add_parser("up")
    for flags in (
        ("-d", "--detach"),
        ("--build",),
        ("--force-recreate",),
        ("--remove-orphans",),
        ("--wait",),
    ):
        up.add_argument(*flags, action="store_true")
    up.add_argument("--scale", action="append", default=[])
    up.add_argument("services", nargs="*")
    up.set_defaults(run=compose_up.up)
    down = verbs.add_parser("down")
    down.add_argument("-v", "--volumes", action="store_true")
    down.add_argument("--remove-orphans", action="store_true")
    down.add_argument("-t", "--timeout", type=float, default=10.0)
    down.add_argument("--rmi", default="")
    down.set_defaults(run=compose_up.down)
    for verb in ("start", "stop", "restart", "kill", "rm", "pull", "create"):
        made = verbs.add_parser(verb)
        for flags in (("-f", "--force"), ("-s", "--stop"), ("-v", "--volumes")):
            made.add_argument(*flags, action="store_true")
        made.add_argument("-t", "--timeout", type=float, default=10.0)
        made.add_argument("services", nargs="*")
        made.set_defaults(run=compose_up.change)


def _of_looks(verbs: argparse._SubParsersAction[Parser]) -> None:
    ps = verbs.add_parser("ps")
    for flags in (("-a", "--all"), ("-q", "--quiet"), ("--services",)):
        ps.add_argument(*flags, action="store_true")
    ps.add_argument("services", nargs="*")
    ps.set_defaults(run=compose_listing.ps)
    logs = verbs.add_parser("logs")
    for flags in (("-f", "--follow"), ("-t", "--timestamps"), ("--no-color",), ("--no-log-prefix",)):
        logs.add_argument(*flags, action="store_true")
    logs.add_argument("-n", "--tail", default="all")
    logs.add_argument("services", nargs="*")
    logs.set_defaults(run=compose_listing.logs)
    config = verbs.add_parser("config")
    for flags in (("-q", "--quiet"), ("--services",)):
        config.add_argument(*flags, action="store_true")
    config.set_defaults(run=compose_listing.config)
    for verb in ("top", "images"):
        made = verbs.add_parser(verb)
        made.add_argument("services", nargs="*")
        made.set_defaults(run=getattr(compose_listing, verb))
    port = verbs.add_parser("port")
    port.add_argument("service")
    port.add_argument("port")
    port.set_defaults(run=compose_listing.port)
    execute = verbs.add_parser("exec")
    for flags in (("-T", "--no-TTY"), ("-d", "--detach"), ("--privileged",), ("-i", "--interactive")):
        execute.add_argument(*flags, action="store_true")
    execute.add_argument("-t", "--tty", action="store_true")
    execute.add_argument("-e", "--env", action="append", default=[])
    for flags in (("-w", "--workdir"), ("-u", "--user")):
        execute.add_argument(*flags, default="")
    execute.add_argument("--index", type=int, default=1)
    execute.add_argument("service")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    execute.set_defaults(run=compose_listing.execute)
