"""./run workshop: the options, and what is said at the start."""

from __future__ import annotations

import argparse
import ipaddress
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.workshop import sizing, state, systemd_unit

if TYPE_CHECKING:
    from netlab.workshop.hub.app import Options

PLANNED = 30  # learners of a plan that names no number


def options(command: argparse.ArgumentParser) -> None:
    """What may stand behind `workshop`."""
    command.add_argument(
        "--state", type=Path, default=state.DEFAULT, help=_("the folder that everything is kept in")
    )
    command.add_argument(
        "--listen", metavar="ADDRESS", default="127.0.0.1", help=_("the address to listen on")
    )
    command.add_argument("--port", type=int, default=8000)
    command.add_argument("--cert", type=Path, help=_("certificate for HTTPS (PEM)"))
    command.add_argument("--key", type=Path, help=_("its key (PEM)"))
    command.add_argument(
        "--plain",
        action="store_true",
        help=_("other machines come in without HTTPS, or by a proxy that has it"),
    )
    command.add_argument(
        "--code", default="", help=_("the class code (default: the one there is, or a new one)")
    )
    command.add_argument(
        "--list", type=Path, metavar="FILE", help=_("prepared list: a name, a comma, that learner's code")
    )
    command.add_argument(
        "--open", default="", metavar="LESSONS", help=_("open at first: 01,02 (default: all)")
    )
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    planned = actions.add_parser("plan", help=_("what machine that many learners need"))
    planned.add_argument("--learners", type=int, default=argparse.SUPPRESS)
    actions.add_parser(
        "unit", help=_("print a unit of systemd: the workshop with these options as a service")
    )
    command.add_argument(
        "--learners",
        type=int,
        default=0,
        help=_("how many may sign up (default: what the machine is good for)"),
    )
    command.add_argument("--memory", type=int, default=0, metavar="MIB", help=_("for each learner"))
    command.add_argument("--cpus", type=float, default=0.0, help=_("for each learner"))


def run(chosen: argparse.Namespace) -> int:
    """Stay until Ctrl-C. BadInput, LabError."""
    if chosen.action == "plan":
        print(sizing.describe(chosen.learners or PLANNED))
        return 0
    _check(chosen)
    if chosen.action == "unit":
        print(systemd_unit.text(chosen), end="")
        return 0
    if os.geteuid() != 0:
        raise BadInput(
            _("A workshop gives each learner a separate user, and only root can do that."),
            _("sudo ./run workshop, or in a virtual machine: see vagrant/README.md"),
        )
    from netlab.workshop import cgroups
    from netlab.workshop.hub import app
    from netlab.workshop.supervisor import Supervisor

    place = state.State(chosen.state.resolve())
    place.prepare(chosen.code)
    wanted = _options(chosen)
    app.accounts(place, wanted)  # before anything is started: whether the list can be read
    cgroups.delegate()
    try:
        Supervisor(place, wanted).run(lambda: _tell(place, wanted.url))
    finally:
        cgroups.Groups.here().remove()
    said = _("The workshop has stopped. All that was done is kept in {folder}.")
    print("\n" + said.format(folder=place.folder))
    return 0


def _options(chosen: argparse.Namespace) -> Options:
    """What the Hub is told, with whole paths: its folder is another."""
    from netlab.workshop.hub.app import Options

    files = (chosen.cert, chosen.key, chosen.list)
    certificate, key, roll = (str(file.resolve()) if file else "" for file in files)
    return Options(
        chosen.listen,
        chosen.port,
        certificate,
        key,
        roll,
        chosen.open,
        chosen.memory,
        chosen.cpus,
        chosen.learners,
    )


def _check(chosen: argparse.Namespace) -> None:
    if bool(chosen.cert) != bool(chosen.key):
        raise BadInput(_("A certificate and its key belong together."), "--cert FILE --key FILE")
    if chosen.cert:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(chosen.cert, chosen.key)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(
                _("That certificate and key cannot be used: {error}.").format(error=error),
                _("Both in PEM, and belonging together."),
            ) from error
    try:
        address = ipaddress.ip_address(chosen.listen)
    except ValueError as error:
        raise BadInput(
            _("{address!r} is not an address.").format(address=chosen.listen), _("Like 0.0.0.0 or 192.0.2.7.")
        ) from error
    if not (address.is_loopback or chosen.cert or chosen.plain):
        raise BadInput(
            _("At {address} others could read the learners' passwords on their way.").format(address=address),
            _("Give a certificate (--cert, --key), or say --plain."),
        )
    if not 0 <= chosen.learners <= sizing.MOST:
        raise BadInput(
            _("--learners {learners} makes no sense.").format(learners=chosen.learners),
            _("From 1 to {most}; more need several machines.").format(most=sizing.MOST),
        )
    if not 1 <= chosen.port <= 65535:
        raise BadInput(_("There is no port {port}.").format(port=chosen.port), "--port 8000")
    from netlab.lessons.content import lessons

    known = {lesson.id for lesson in lessons()}
    for id in filter(None, chosen.open.split(",")):
        if id not in known:
            raise BadInput(
                _("There is no lesson {id!r}.").format(id=id),
                _("Lessons: {ids}").format(ids=", ".join(sorted(known))),
            )


def _tell(place: state.State, url: str) -> None:
    from netlab.workshop import cgroups, disk

    settings, groups = place.settings(), cgroups.Groups.here()
    print(_("The workshop is open.") + "\n")
    print("  " + _("Learners:    {url}   the class code: {code}").format(url=url, code=settings.code))
    print("  " + _("The board:   {url}/services/board/").format(url=url))
    print(
        "  "
        + _("Instructor:  name {name}, password {password}").format(
            name=state.INSTRUCTOR, password=settings.password
        )
        + "\n"
    )
    by_group = [name for name in cgroups.CONTROLLERS if name in groups.places]
    print(
        _("What holds for each learner here: {what}.").format(
            what=", ".join(
                [
                    _("processes (limit of the user)"),
                    _("as a group: {names}").format(names=", ".join(by_group))
                    if by_group
                    else _("no groups"),
                    _("a separate disk") if disk.is_bounded() else _("no bound for the disk"),
                ]
            )
        )
    )
    print(_("Stop it with Ctrl-C."), flush=True)
