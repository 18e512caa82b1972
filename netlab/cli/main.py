"""The command line: python -m netlab [--lab NAME] [--engine ENGINE] COMMAND …"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from netlab.cli import options
from netlab.cli.parser import Parser, speak, wanted_language
from netlab.errors import BadInput, NetlabError, check_language
from netlab.i18n import LANGUAGES, VARIABLE
from netlab.i18n import gettext as _

Adds = Callable[[Parser], None]  # adds what may stand behind a command
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        _choose_language(words)
        chosen = parser(words).parse_args(words)
        return int(chosen.run(chosen) or 0)
    except BadInput as error:
        print(f"netlab: {error}", file=sys.stderr)
        return EXIT_USAGE
    except NetlabError as error:
        print(f"netlab: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that closing stdout does not complain as well
        return EXIT_FAILED


def _choose_language(arguments: list[str]) -> None:
    """What --lang says holds for everything that this command starts, too."""
    asked = wanted_language(arguments)
    check_language(asked or os.environ.get(VARIABLE, ""))
    if asked:
        os.environ[VARIABLE] = asked
    speak()


def parser(words: Sequence[str]) -> Parser:
    """All commands; those that `words` name have their options too."""
    top = _general()
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", parser_class=Parser)
    top.set_defaults(run=_jupyter, listen="", token_file="")

    def verb(name: str, run: object, help: str, adds: Adds = lambda command: None) -> None:
        command: Parser = verbs.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        if name in words:  # else nobody asks for them, and some take a while to import
            adds(command)

    verb("jupyter", _jupyter, _("open JupyterLab in the lab (the default)"), options.jupyter)
    verb("tour", _tour, _("play the whole lecture in the terminal, in half a minute"), options.tour)
    verb("goto", _goto, _("bring the lab to where a lesson begins"), options.goto)
    verb("fault", _fault, _("the gym: break the lab; you diagnose it"), options.fault)
    verb("up", _up, _("start a lab"), options.up)
    verb("down", _down, _("end the lab and everything in it"), options.down)
    verb("reset", _reset, _("reset the lab to its initial state"))
    verb("status", _status, _("show which labs are up, and what is in this one"))
    verb("shell", _shell, _("open a shell in the lab"), options.shell)
    verb("exec", _exec, _("run a command in the lab: exec [--node NODE] -- COMMAND …"), options.exec)
    verb("draw", _draw, _("draw the lab's topology"), options.draw)
    verb("trace", _trace, _("show where packets end, and why: trace --from NODE ADDRESS"), options.trace)
    asked = _('show who reaches whom, or what is different from before: reach "FROM → TO"')
    verb("reach", _reach, asked, options.reach)
    verb("pack", _pack, _("save the whole network as a file"), options.pack)
    verb("unpack", _unpack, _("make a lab from a packed network, or from pasted text"), options.unpack)
    verb("copy", _copy, _("copy a lab: --lab NEW copy NAME"), options.copy)
    tried = _("try a command in a copy of the lab: try [--ping NODE ADDRESS] -- COMMAND …")
    verb("try", _try, tried, options.try_)
    verb("undo", _undo, _("go back to before the last step, or to a mark"), options.undo)
    verb("grade", _grade, _("grade notebooks, each in its own lab"), options.grade)
    as_task = _("turn a lesson into an assignment for nbgrader or otter-grader")
    verb("assignment", _assignment, as_task, options.assignment)
    verb("workshop", _workshop, _("JupyterHub for a class, with the instructor's board"), options.workshop)
    _add_rest(verb)
    return top


def _add_rest(verb: Callable[..., None]) -> None:
    """What is about the machine, and for authors."""
    verb("build-lessons", _build_lessons, _("build the notebooks from their sources"), options.build)
    verb("doctor", _doctor, _("check the requirements, and show how to install what is missing"))
    both = _("for authors: run every check on right and wrong solutions, in its own lab")
    verb("check-lessons", _check_lessons, both, options.check)


def _general() -> Parser:
    """What stands in front of every command."""
    top = Parser(
        prog="netlab", description=_("A lab for container networking. Without a command: JupyterLab.")
    )
    top.add_argument(
        "--lab", default=os.environ.get("NETLAB_LAB", "default"), help=_("which lab (default: default)")
    )
    top.add_argument(
        "--engine",
        default=os.environ.get("NETLAB_ENGINE", "namespaces"),
        help=_("namespaces (the default), docker: a real one, or plain: none"),
    )
    top.add_argument("--lang", default="", help=_("language: {names}").format(names=", ".join(LANGUAGES)))
    return top


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _up(options: argparse.Namespace) -> None:
    from netlab.lab import Lab

    lab = Lab.up(options.lab, engine="plain" if options.plain else options.engine, say=_tell)
    run = "./run" if lab.name == "default" else f"./run --lab {lab.name}"
    said = _("The lab {name!r} is up. A shell in it: {run} shell   End it: {run} down")
    print(said.format(name=lab.name, run=run))


def _down(options: argparse.Namespace) -> None:
    from netlab.keeper.address import names
    from netlab.lab import Lab

    for name in names() if options.all else [options.lab]:
        Lab.find(name).down()
        print(_("The lab {name!r} is down.").format(name=name))


def _reset(options: argparse.Namespace) -> None:
    from netlab.lab import Lab

    Lab.find(options.lab).reset()
    print(_("The lab is back in its initial state."))


def _status(options: argparse.Namespace) -> int:
    from netlab.drawing.text import as_text
    from netlab.keeper.address import names
    from netlab.lab import Lab

    known = names()
    if not known:
        print(_("No lab is up. Start one: ./run up"))
        return EXIT_FAILED
    for name in known:
        status = Lab(name).status()
        nodes = ", ".join(node for node, __ in status.nodes)
        print(
            _("{name}: up, engine {engine}, nodes: {nodes}").format(
                name=name, engine=status.engine, nodes=nodes
            )
        )
        for line in status.about:
            print(f"  {line}")
    if options.lab in known:
        print(as_text(Lab(options.lab).snapshot()))
    return 0


def _goto(options: argparse.Namespace) -> None:
    from netlab.lab import Lab
    from netlab.lessons.start import goto

    goto(Lab.find(options.lab), options.lesson)
    print(_("The lab is where lesson {lesson} begins.").format(lesson=options.lesson))


def _exec(options: argparse.Namespace) -> int:
    from netlab.lab import Lab
    from netlab.lab.execute import execute

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise BadInput(_("exec needs a command."), "./run exec -- ip addr")
    return execute(Lab(options.lab), command, node=options.node, cwd=options.cwd)


def _shell(options: argparse.Namespace) -> int:
    from netlab.lab import Lab
    from netlab.lab.execute import execute

    return execute(Lab(options.lab), ["bash", "-i"], node=options.node)


def _draw(options: argparse.Namespace) -> None:
    from netlab.drawing.topology import alt_text, draw, save
    from netlab.lab import Lab

    snapshot = Lab.find(options.lab).snapshot()
    save(draw(snapshot), options.output, alt_text(snapshot))
    print(options.output)


def _trace(options: argparse.Namespace) -> int:
    from netlab.cli.trace import run

    return run(options)


def _reach(options: argparse.Namespace) -> int:
    from netlab.cli.reach import run

    return run(options)


def _pack(options: argparse.Namespace) -> None:
    from netlab.cli.twin import pack

    pack(options)


def _unpack(options: argparse.Namespace) -> None:
    from netlab.cli.twin import unpack

    unpack(options)


def _copy(options: argparse.Namespace) -> None:
    from netlab.cli.twin import copy

    copy(options)


def _try(options: argparse.Namespace) -> int:
    from netlab.cli.twin import try_

    return try_(options)


def _undo(options: argparse.Namespace) -> None:
    from netlab.cli.twin import undo

    undo(options)


def _fault(options: argparse.Namespace) -> int:
    from netlab.cli.fault import run

    return run(options)


def _grade(options: argparse.Namespace) -> int:
    from netlab.cli.grade import run

    return run(options)


def _assignment(options: argparse.Namespace) -> None:
    from netlab.cli.grade import assignment

    assignment(options)


def _workshop(options: argparse.Namespace) -> int:
    from netlab.cli.workshop import run

    return run(options)


def _doctor(_: argparse.Namespace) -> int:
    from netlab.cli.doctor import examine

    return examine()


def _tour(options: argparse.Namespace) -> None:
    from netlab.cli.tour import play

    play(options.pictures)


def _build_lessons(options: argparse.Namespace) -> None:
    from pathlib import Path

    from netlab.lessons.build import build, build_for

    if options.learners:
        build_for(options.learners, options.seed, Path(options.out))
    else:
        build(options.solutions or None)


def _check_lessons(options: argparse.Namespace) -> int:
    from netlab.checks.verify import run

    return run(options.lessons)


def _jupyter(options: argparse.Namespace) -> int:
    from netlab.jupyter import server

    return server.main(options.lab, options.engine, listen=options.listen, token_file=options.token_file)
