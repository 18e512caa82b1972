"""What may stand behind each command of the command line, for netlab.cli.main."""

from __future__ import annotations

import argparse

from netlab.cli.parser import Parser
from netlab.i18n import gettext as _


def down(command: Parser) -> None:
    """What `./run down` takes."""
    command.add_argument("--all", action="store_true")


def goto(command: Parser) -> None:
    """What `./run goto` takes."""
    command.add_argument("lesson")


def exec(command: Parser) -> None:
    """What `./run exec` takes."""
    command.add_argument("--node", default="host")
    command.add_argument("--cwd", default="")
    command.add_argument("command", nargs=argparse.REMAINDER)


def shell(command: Parser) -> None:
    """What `./run shell` takes."""
    command.add_argument("node", nargs="?", default="host")


def draw(command: Parser) -> None:
    """What `./run draw` takes."""
    command.add_argument("-o", "--output", default="topology.svg", help=_("FILE.svg or FILE.png"))


def up(command: Parser) -> None:
    """Of `up`."""
    command.add_argument(
        "--plain", action="store_true", help=_("a lab host on which Docker was never installed")
    )


def jupyter(command: Parser) -> None:
    """What `./run jupyter` takes."""
    command.add_argument(
        "--listen", metavar="ADDRESS", default="", help=_("let others in: the address to listen on")
    )
    command.add_argument(
        "--token-file",
        metavar="FILE",
        default="",
        help=_("file with the token, so that it stays the same between starts"),
    )


def trace(command: Parser) -> None:
    """What `./run trace` takes."""
    where = _("the node that sends: a container's name, a process, or host (the default)")
    command.add_argument("--from", dest="source", default="host", metavar="NODE", help=where)
    to = _("where to; with two words the first is the node that sends")
    command.add_argument("destination", nargs="*", default=[], metavar="ADDRESS", help=to)
    everybody = _("the matrix: everybody, and who reaches whom and which published port")
    command.add_argument("--all", action="store_true", help=everybody)
    command.add_argument("--proto", default="icmp", help=_("icmp (the default), tcp or udp"))
    command.add_argument("--port", type=int, default=0, help=_("of tcp and udp"))
    command.add_argument("--size", type=int, default=56, help=_("bytes of payload (default: 56)"))
    command.add_argument("--df", action="store_true", help=_("do not fragment"))
    command.add_argument("--json", action="store_true", help=_("print the verdict as JSON"))
    command.add_argument(
        "--here",
        action="store_true",
        help=_("this machine, not a lab: --from a container, pid or host"),
    )


def reach(command: Parser) -> None:
    """What `./run reach` takes."""
    ends = _("“internet → *”: ends are a node, an address, a network or *; behind them “tcp 5432”")
    command.add_argument("question", nargs="*", metavar="FROM → TO", help=ends)
    since = _("what is open or closed now and was not at that mark, such as “cell 7”")
    command.add_argument("--since", metavar="MARK", default="", help=since)
    against = _("the same, against what ./run pack has made")
    command.add_argument("--against", metavar="FILE.netpack", default="", help=against)
    command.add_argument("--json", action="store_true")


def pack(command: Parser) -> None:
    """What `./run pack` takes."""
    command.add_argument("-o", "--output", metavar="FILE.netpack", default="", help=_("where to"))
    this = _("this machine, not a lab; it is only read, as far as you have the rights")
    command.add_argument("--here", action="store_true", help=this)
    posted = _("fit to post: public addresses, names and network cards are replaced; the fault stays")
    command.add_argument("--redact", action="store_true", help=posted)


def unpack(command: Parser) -> None:
    """What `./run unpack` takes."""
    what = _("a file from ./run pack; or text, or a folder of it: ip addr, ip route, iptables-save, …")
    command.add_argument("file", metavar="FILE", help=what)


def copy(command: Parser) -> None:
    """What `./run copy` takes."""
    command.add_argument("original", metavar="NAME", help=_("the lab that is copied"))


def try_(command: Parser) -> None:
    """What `./run try` takes."""
    command.add_argument("--node", default="host")
    both = _("ping from there, before and after")
    command.add_argument(
        "--ping", nargs=2, action="append", metavar=("NODE", "ADDRESS"), default=[], help=both
    )
    command.add_argument("command", nargs=argparse.REMAINDER)


def undo(command: Parser) -> None:
    """What `./run undo` takes."""
    command.add_argument("mark", nargs="?", default="", metavar="MARK", help=_("such as “cell 7”"))


def fault(command: Parser) -> None:
    """What `./run fault` takes."""
    from netlab.cli.fault import options

    options(command)


def grade(command: Parser) -> None:
    """What `./run grade` takes."""
    from netlab.cli.grade import options

    options(command)


def assignment(command: Parser) -> None:
    """What `./run assignment` takes."""
    from netlab.cli.grade import assignment_options

    assignment_options(command)


def workshop(command: Parser) -> None:
    """What `./run workshop` takes."""
    from netlab.cli.workshop import options

    options(command)


def tour(command: Parser) -> None:
    """What `./run tour` takes."""
    command.add_argument("--pictures", default="pictures", help=_("the folder for its pictures"))


def build(command: Parser) -> None:
    """What `./run build-lessons` takes."""
    command.add_argument("--solutions", metavar="FOLDER", default="")
    each = _("each gets their own variant")
    command.add_argument("--learners", metavar="NAME", nargs="+", default=(), help=each)
    command.add_argument("--seed", default="", help=_("of the variants, with --learners"))
    folder = _("for them: a folder for each learner")
    command.add_argument("--out", metavar="FOLDER", default="variants", help=folder)


def check(command: Parser) -> None:
    """What `./run check-lessons` takes."""
    command.add_argument("lessons", nargs="*", metavar="LESSON", help=_("which (default: all)"))
