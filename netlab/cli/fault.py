"""./run fault list | inject NAME | random [--seed N] | check CAUSE [PLACE] | cure [NAME]
            | draw LEARNER --seed SEED [--key FILE]

The catalogue is loaded when one of them runs: --help of the whole does without.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from netlab.errors import BadInput
from netlab.i18n import gettext as _

if TYPE_CHECKING:
    from netlab.faults.fault import Fault
    from netlab.lab import Lab


def options(command: argparse.ArgumentParser) -> None:
    """What may stand behind `fault`."""
    verbs = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    verbs.add_parser("list", help=_("list all faults, as users report them")).set_defaults(act=_list)
    inject = verbs.add_parser("inject", help=_("reset the lab, then break it in this way"))
    inject.add_argument("name")
    inject.set_defaults(act=_inject)
    chance = verbs.add_parser("random", help=_("reset the lab, then break it; you diagnose it"))
    chance.add_argument("--seed", type=int, default=None, help=_("the same number breaks the same thing"))
    chance.set_defaults(act=_random)
    check = verbs.add_parser(
        "check", help=_("say whether your diagnosis is right, and whether it works again")
    )
    check.add_argument("cause", metavar="CAUSE", help=_("a code of labs/causes.md, such as no-route"))
    check.add_argument("place", nargs="?", default="", help=_("the last interface that saw the packet"))
    check.set_defaults(act=_check)
    draw = verbs.add_parser("draw", help=_("inject the fault that a learner is graded with, to work on"))
    draw.add_argument("learner")
    draw.add_argument(
        "--seed", required=True, help=_("seed of the variants; each folder is named after its learner")
    )
    draw.add_argument("--key", type=Path, help=_("file with the teacher's key: results are signed with it"))
    draw.set_defaults(act=_draw)
    cure = verbs.add_parser("cure", help=_("fix what was broken"))
    cure.add_argument("name", nargs="?", default="")
    cure.set_defaults(act=_cure)


def run(chosen: argparse.Namespace) -> int:
    """Do what was chosen of `./run fault`; its exit status. NetlabError."""
    return chosen.act(chosen) or 0


def _lab(chosen: argparse.Namespace) -> Lab:
    from netlab.lab import Lab

    return Lab.find(chosen.lab)


def _list(__: argparse.Namespace) -> None:
    from netlab import faults

    for fault in faults.catalogue():
        print(f"{fault.name:28} {_(fault.story)}")


def _inject(chosen: argparse.Namespace) -> None:
    from netlab import faults
    from netlab.faults import gym
    from netlab.keeper import address

    fault, lab = faults.find(chosen.name), _lab(chosen)
    _say_what_goes(lab)
    exercise = gym.begin(lab, name=fault.name, inside=address.is_inside())
    print(report(exercise.fault))


def _random(chosen: argparse.Namespace) -> None:
    import secrets

    from netlab.faults import gym
    from netlab.keeper import address

    seed = secrets.randbelow(10_000) if chosen.seed is None else chosen.seed
    lab = _lab(chosen)
    _say_what_goes(lab)
    exercise = gym.begin(lab, seed=seed, inside=address.is_inside())
    print(_("Seed {seed}.").format(seed=seed))
    print(report(exercise.fault))


def _say_what_goes(lab: Lab) -> None:
    """That a fault which is still on is replaced."""
    from netlab.faults import gym
    from netlab.faults.measure import measure

    exercise = gym.current(lab)
    if exercise and not measure(lab, exercise.fault.symptom).healthy:
        print(_("The fault that was on goes: {story}").format(story=_(exercise.fault.story)))


def _check(chosen: argparse.Namespace) -> int:
    """Exit status 0 when everything that was said is right."""
    from netlab import faults
    from netlab.diagnosis.causes import CAUSES
    from netlab.errors import look_up
    from netlab.faults import gym
    from netlab.faults.measure import measure

    lab = _lab(chosen)
    exercise = gym.current(lab)
    if exercise is None:
        raise _nothing_is_on(lab)
    look_up(_("cause"), chosen.cause, CAUSES)
    fault, snapshot = exercise.fault, lab.snapshot()
    said = [(_("the cause"), chosen.cause == fault.cause)]
    if chosen.place:
        right = faults.place(snapshot, fault)
        said.append((_("the place"), faults.same_place(snapshot, chosen.place, right)))
    for what, is_right in said:
        print(f"{'✔' if is_right else '✘'} {what}")
    works = measure(lab, fault.symptom).healthy
    print(
        _("It works again.") if works else _("It does not work yet: {symptom}.").format(symptom=fault.symptom)
    )
    return 0 if all(is_right for _what, is_right in said) else 1


def _nothing_is_on(lab: Lab) -> BadInput:
    return BadInput(
        _("No fault is known to be in the lab {name!r}.").format(name=lab.name),
        _("./run fault random, or name the one to cure."),
    )


def _draw(chosen: argparse.Namespace) -> None:
    from netlab import faults
    from netlab.faults import gym
    from netlab.grade.bundle import read_key
    from netlab.keeper import address
    from netlab.lessons.build import learners_seed
    from netlab.lessons.variant import Variant

    if address.is_inside():
        raise BadInput(
            _("The teacher's key is not for inside of a lab."), _("On the machine: ./run fault draw …")
        )
    seed = learners_seed(chosen.seed, chosen.learner)
    secret = read_key(chosen.key) if chosen.key else chosen.seed.encode()
    lab, variant = _lab(chosen), Variant.of(seed)
    exercise = gym.begin(variant.view(lab), name=faults.draw(secret, seed).name)
    measured = _("Measured: {symptom}.").format(symptom=exercise.fault.symptom)
    gym.tell_inside(lab, exercise, measured)
    print(variant.exchange(measured))
    print(_("The learner's own notebook, started in this lab, takes it up. It is graded with this fault."))


def report(fault: Fault) -> str:
    """The bug report: what somebody says, and what is measured. Neither the name nor the cause."""
    measured = _("Measured: {symptom}.").format(symptom=fault.symptom)
    how = _(
        "Find out where and why, and fix it. Your diagnosis: ./run fault check CAUSE\n"
        "To have it fixed: ./run fault cure"
    )
    return f"{_(fault.story)}\n{measured}\n{how}"


def _cure(chosen: argparse.Namespace) -> None:
    from netlab import faults
    from netlab.faults import gym

    lab = _lab(chosen)
    fault = faults.find(chosen.name) if chosen.name else None
    exercise = gym.current(lab)
    if fault is None and exercise is None:
        raise _nothing_is_on(lab)
    fault = fault or (exercise.fault if exercise else None)
    assert fault is not None
    if not gym.mend(lab, fault):
        print(_("It works already; {name} was the fault. Nothing to cure.").format(name=fault.name))
        return
    print(_("It was {name}: {title}. Fixed with:").format(name=fault.name, title=faults.title(fault)))
    for command in fault.cure:
        print(f"  {command.node}: {' '.join(faults.resolve(lab, command))}")
