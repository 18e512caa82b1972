"""The options of every docker command, as argparse wants them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

Adder = Callable[[argparse.ArgumentParser], None]
TRUE, FALSE = ("true", "1", "t"), ("false", "0", "f")


def plain(words: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """The words without `=true` and without what is `=false`, up to where the options end."""
    actions = {name: action for action in parser._actions for name in action.option_strings}
    rest = iter(words)
    found: list[str] = []
    for word in rest:
        if not word.startswith("-") or word == "--":
            return (
                [*found, word, *rest]
                if _takes_the_rest(parser)
                else [*found, word, *plain(list(rest), parser)]
            )
        name, equals, value = word.partition("=")
        action = actions.get(name)
        if action is None or action.nargs != 0:
            found.append(word)
            if (action and not equals) or (
                action is None and not word.startswith("--") and _ends_with_value(word[1:], actions)
            ):
                found += [value for value in [next(rest, None)] if value is not None]
        elif not equals or value.lower() in TRUE:
            found.append(name)
        elif value.lower() not in FALSE:
            found.append(word)
    return found


def _takes_the_rest(parser: argparse.ArgumentParser) -> bool:
    return any(action.nargs == argparse.REMAINDER for action in parser._actions)


def _ends_with_value(letters: str, actions: dict[str, argparse.Action]) -> bool:
    """Whether the last of these short options in one word wants the next word."""
    for number, letter in enumerate(letters):
        action = actions.get(f"-{letter}")
        if action is None or action.nargs != 0:
            return action is not None and number == len(letters) - 1
    return False


def switches(parser: argparse.ArgumentParser, *flags: Sequence[str]) -> None:
    """Options that are there or not."""
    for names in flags:
        parser.add_argument(*names, action="store_true")


def lists(parser: argparse.ArgumentParser, *flags: Sequence[str]) -> None:
    """Options that may be given again and again."""
    for names in flags:
        parser.add_argument(*names, action="append", default=[])


def texts(parser: argparse.ArgumentParser, *flags: Sequence[str]) -> None:
    """Options with a value."""
    for names in flags:
        parser.add_argument(*names, default="")


def container(parser: argparse.ArgumentParser) -> None:
    """docker run and create."""
    switches(parser, ("-d", "--detach"), ("-i", "--interactive"), ("-t", "--tty"), ("--rm",), ("--init",))
    switches(parser, ("--privileged",), ("-P", "--publish-all"), ("-q", "--quiet"), ("--no-healthcheck",))
    texts(parser, ("--name",), ("--ip",), ("-h", "--hostname"), ("-w", "--workdir"), ("-u", "--user"))
    texts(
        parser, ("--mac-address",), ("--stop-signal",), ("--cidfile",), ("--health-cmd",), ("--domainname",)
    )
    texts(parser, ("--platform",), ("--pull",), ("--log-driver",), ("--ip6",))
    parser.add_argument("--entrypoint", default=None)
    parser.add_argument("--restart", default="no")
    parser.add_argument("--health-interval", default="30s")
    parser.add_argument("--health-retries", default="3")
    texts(parser, ("--health-timeout",), ("--health-start-period",))
    lists(
        parser, ("--network", "--net"), ("--network-alias", "--net-alias"), ("-e", "--env"), ("--env-file",)
    )
    lists(parser, ("-p", "--publish"), ("--expose",), ("--cap-add",), ("--cap-drop",), ("-v", "--volume"))
    lists(parser, ("--mount",), ("--tmpfs",), ("--volumes-from",), ("-l", "--label"), ("--link",), ("--dns",))
    lists(parser, ("--dns-search",), ("--add-host",), ("--sysctl",), ("--log-opt",), ("--security-opt",))
    parser.add_argument("image")
    parser.add_argument("command", nargs=argparse.REMAINDER)


def execute(parser: argparse.ArgumentParser) -> None:
    """docker exec."""
    switches(parser, ("-i", "--interactive"), ("-t", "--tty"), ("-d", "--detach"), ("--privileged",))
    lists(parser, ("-e", "--env"))
    texts(parser, ("-w", "--workdir"), ("-u", "--user"))
    parser.add_argument("container")
    parser.add_argument("command", nargs=argparse.REMAINDER)


def attach(parser: argparse.ArgumentParser) -> None:
    """docker attach."""
    switches(parser, ("--no-stdin",))
    parser.add_argument("--sig-proxy", default="true")
    parser.add_argument("--detach-keys", default="")
    parser.add_argument("container")


def ps(parser: argparse.ArgumentParser) -> None:
    """docker ps."""
    switches(
        parser, ("-a", "--all"), ("-q", "--quiet"), ("--no-trunc",), ("-l", "--latest"), ("-s", "--size")
    )
    parser.add_argument("-n", "--last", type=int, default=0)
    parser.add_argument("--format", default="")
    lists(parser, ("-f", "--filter"))


def inspect(parser: argparse.ArgumentParser) -> None:
    """docker inspect, of whatever."""
    texts(parser, ("-f", "--format"), ("--type",))
    switches(parser, ("-s", "--size"), ("-v", "--verbose"))
    parser.add_argument("names", nargs="+")


def logs(parser: argparse.ArgumentParser) -> None:
    """docker logs."""
    switches(parser, ("-f", "--follow"), ("-t", "--timestamps"), ("--details",))
    parser.add_argument("-n", "--tail", default="all")
    texts(parser, ("--since",), ("--until",))
    parser.add_argument("container")


def port(parser: argparse.ArgumentParser) -> None:
    """docker port."""
    parser.add_argument("container")
    parser.add_argument("port", nargs="?", default="")


def top(parser: argparse.ArgumentParser) -> None:
    """docker top."""
    parser.add_argument("container")
    parser.add_argument("ps", nargs=argparse.REMAINDER)


def stats(parser: argparse.ArgumentParser) -> None:
    """docker stats."""
    switches(parser, ("-a", "--all"), ("--no-stream",), ("--no-trunc",))
    parser.add_argument("--format", default="")
    parser.add_argument("names", nargs="*")


def start(parser: argparse.ArgumentParser) -> None:
    """docker start."""
    switches(parser, ("-a", "--attach"), ("-i", "--interactive"))
    parser.add_argument("names", nargs="+")


def stop(parser: argparse.ArgumentParser) -> None:
    """docker stop and restart."""
    parser.add_argument("-t", "--time", type=float, default=10.0)
    parser.add_argument("-s", "--signal", default="")
    parser.add_argument("names", nargs="+")


def kill(parser: argparse.ArgumentParser) -> None:
    """docker kill."""
    parser.add_argument("-s", "--signal", default="KILL")
    parser.add_argument("names", nargs="+")


def names(parser: argparse.ArgumentParser) -> None:
    """Of a command that takes names alone."""
    parser.add_argument("names", nargs="+")


def remove(parser: argparse.ArgumentParser) -> None:
    """docker rm."""
    switches(parser, ("-f", "--force"), ("-v", "--volumes"), ("-l", "--link"))
    parser.add_argument("names", nargs="+")


def rename(parser: argparse.ArgumentParser) -> None:
    """docker rename."""
    parser.add_argument("container")
    parser.add_argument("name")


def update(parser: argparse.ArgumentParser) -> None:
    """docker update."""
    parser.add_argument("--restart", required=True)
    parser.add_argument("names", nargs="+")


def copy(parser: argparse.ArgumentParser) -> None:
    """docker cp."""
    switches(parser, ("-a", "--archive"), ("-L", "--follow-link"), ("-q", "--quiet"))
    parser.add_argument("source")
    parser.add_argument("target")


def prune(parser: argparse.ArgumentParser) -> None:
    """Of every prune."""
    switches(parser, ("-f", "--force"), ("-a", "--all"), ("--volumes",))
    lists(parser, ("--filter",))


def events(parser: argparse.ArgumentParser) -> None:
    """docker events."""
    texts(parser, ("--since",), ("--until",), ("--format",))
    lists(parser, ("-f", "--filter"))


def template(parser: argparse.ArgumentParser) -> None:
    """docker info and version."""
    parser.add_argument("-f", "--format", default="")


def no_words(parser: argparse.ArgumentParser) -> None:
    """Of a command without any."""
    switches(parser, ("-v", "--verbose"))


def rest(parser: argparse.ArgumentParser) -> None:
    """Of one that reads its own."""
    parser.add_argument("words", nargs=argparse.REMAINDER)
