"""Which smallest change lets the packet pass, whoever may have made it necessary: a finding for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from netlab.diagnosis.bench import Bench
from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.judge import Judgement
from netlab.diagnosis.observation import show, step
from netlab.diagnosis.search.atom import Atom
from netlab.diagnosis.search.atoms import atoms
from netlab.diagnosis.search.narrow import narrow, without
from netlab.diagnosis.search.templates import anomalies, templates
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Snapshot


def search(judgement: Judgement, bench: Bench, is_late: Callable[[], bool]) -> Iterator[Finding]:
    """What is missing as one can see; what is too much; what else may be missing. LabError."""
    assert judgement.focus is not None
    seen, focus = judgement.scene.after, judgement.focus
    bench.put_back()
    original = bench.replica.pack()
    parts = list(atoms(original, seen))
    near = _near(judgement, focus)
    scene = judgement.scene
    own = (a.address for i in seen.node(scene.source).interfaces for a in scene.own(i))
    ends = frozenset([scene.destination, *own])
    here = [a for a in parts if a.harmless or a.node in near[:2] or _is_about(a, ends)]
    yield from takewhile(lambda _finding: not is_late(), anomalies(scene, focus))
    for gone in narrow(bench, original, here, near, is_late):
        bench.become(without(original, gone))
        yield _accuse(gone, [step for atom in gone for step in _cure(atom, bench, seen)], seen)
    for finding in templates(judgement.scene, focus):
        if is_late():
            return
        yield finding
    elsewhere = [atom for atom in parts if not atom.harmless and atom not in here]
    for gone in narrow(bench, original, elsewhere, near, is_late):
        bench.become(without(original, gone))
        yield _accuse(gone, [step for atom in gone for step in _cure(atom, bench, seen)], seen)


def _is_about(atom: Atom, addresses: frozenset[str]) -> bool:
    """Whether it names one of those."""
    return not addresses.isdisjoint(re.split("[ /,]", atom.text))


def _near(judgement: Judgement, focus: Focus) -> list[str]:
    """The nodes where it ended, was to go next, came from and wanted to."""
    scene = judgement.scene
    found = [focus.node.name]
    if focus.expected is not None:
        found.append(scene.node(focus.expected.netns).name)
    found += [node.name for node, _interface in scene.holders(scene.destination)]
    return list(dict.fromkeys([*found, scene.source]))


def _cure(atom: Atom, bench: Bench, seen: Snapshot) -> tuple[Cure, ...]:
    """The command; of a setting, with the value that it has now that nobody sets it."""
    if not atom.setting:
        return atom.cure
    said = bench.replica.run(["sysctl", "-n", atom.setting], node=atom.node)
    value = " ".join(said.stdout.split())
    if said.returncode:
        return ()
    return (step(seen.node(atom.node), "sysctl", "-w", f"{atom.setting}={value}"),)


def _accuse(gone: Sequence[Atom], cure: Sequence[Cure], seen: Snapshot) -> Finding:
    told = ", ".join(f"{atom.node}: {atom.text}" for atom in gone)
    text = _("Found by trying: without this all are answered ({what}).").format(what=told)
    evidence = tuple(
        show(seen.node(atom.node), _("in a copy, without it"), atom.text, _("all probes are answered"))
        for atom in gone
    )
    return Finding(gone[0].cause, STRONG, text, evidence, tuple(cure))
