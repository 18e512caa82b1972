"""Which smallest change lets the packet pass, whoever may have made it necessary: a finding for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise, takewhile

from netlab.diagnosis.bench import NSENTER, Bench
from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.judge import Judgement
from netlab.diagnosis.observation import show, step
from netlab.diagnosis.search.atom import Atom
from netlab.diagnosis.search.atoms import atoms
from netlab.diagnosis.search.narrow import narrow, without
from netlab.diagnosis.search.templates import anomalies, templates
from netlab.diagnosis.search.tunnels import tunnels
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
    missing = chain(tunnels(original, seen), anomalies(scene, focus))
    yield from takewhile(lambda _finding: not is_late(), missing)
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


LISTS = {  # what shows the things that such a command takes away
    "tc qdisc": "tc -s qdisc show dev {device}",
    "bridge link": "bridge -d link show dev {device}",
    "bridge fdb": "bridge fdb show dev {device}",
    "ip link": "ip -d link show {device}",
    "ip neigh": "ip neigh show dev {device}",
    "ip addr": "ip addr show dev {device}",
    "ip rule": "ip rule",
    "ip route": "ip route show table {table}",
    "ip xfrm": "ip xfrm policy",
}


def listing(atom: Atom) -> str:
    """The command that shows that thing."""
    if atom.setting:
        return f"sysctl {atom.setting}"
    words = [word for word in atom.cure[0].argv if word != "-6"]
    if atom.cure[0].within:
        words = words[NSENTER:]
    if words[0] == "nft":
        where = words[3:6] if words[1] == "delete" else words[2:5]
        return f"nft list chain {' '.join(where)}"
    if words[0] not in ("tc", "bridge", "ip"):
        return f"{words[0]} -t {words[2]} -S {words[4]}"
    told = dict(pairwise(words))
    shown = LISTS[" ".join(words[:2])]
    return shown.format(device=told.get("dev", ""), table=told.get("table", "main"))


def _accuse(gone: Sequence[Atom], cure: Sequence[Cure], seen: Snapshot) -> Finding:
    told = ", ".join(f"{atom.node}: {atom.text}" for atom in gone)
    text = _("Found by trying: without this all are answered ({what}).").format(what=told)
    says = _("in a copy, without it, all probes are answered")
    evidence = tuple(show(seen.node(atom.node), listing(atom), atom.text, says) for atom in gone)
    return Finding(gone[0].cause, STRONG, text, evidence, tuple(cure))
