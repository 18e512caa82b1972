"""From what is likely to what is proved: each cure is tried alone in a replica of the network.

Proved is a cause when the fault shows in the replica, when with its cure alone every probe is answered,
twice, and when what worked before still works. What does not survive that is not printed as a cause.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from netlab.diagnosis.bench import Bench, can_be_tried, tell_effects
from netlab.diagnosis.finding import Finding
from netlab.diagnosis.flows import Flow
from netlab.diagnosis.judge import Judgement, accuse, conclude
from netlab.diagnosis.observation import Observation, step
from netlab.diagnosis.risk import hold_back, risks
from netlab.diagnosis.search.search import search
from netlab.diagnosis.search.templates import anomalies, templates
from netlab.diagnosis.verdict import CAUSES, LIKELY, PROVED, UNDECIDED, Cure, Verdict
from netlab.diagnosis.walk import confirms, of_one, steps
from netlab.i18n import gettext as _
from netlab.model import Snapshot

DEEPEST = 3  # faults one behind the other
SECONDS = 8.0  # that experiments with what is suspected may take
SECONDS_TO_SEARCH = 20.0
Look = Callable[[], Judgement]  # a trace in the replica, as it is now
Findings = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Findings whose cures, one after the other, heal; and what that does to everything else."""

    findings: Findings
    change: tuple[Cure, ...]
    stops: frozenset[Flow] = frozenset()
    opens: frozenset[Flow] = frozenset()


def prove(judgement: Judgement, bench: Bench, look: Look) -> Verdict:
    """The verdict on a trace in which something was lost. LabError when the replica is gone."""
    bench.adapt(judgement.scene.after, judgement.verdict.sent)
    if not bench.shows_fault():
        return hold_back(_tell_absence(judgement, bench), judgement.scene.after)
    search = _Search(judgement, bench, look)
    remedy = search.find()
    walk = steps(bench.walk, judgement.scene.after) if bench.walk is not None else None
    if remedy:
        verdict = _tell_cure(judgement, bench, remedy)
        verdict = verdict if confirms(walk, remedy.findings[0].spot) else _doubt(verdict)
    else:
        verdict = _tell_failure(judgement, bench, search.failed)
    assert judgement.focus is not None
    verdict = hold_back(verdict, judgement.scene.after)
    return replace(verdict, walk=of_one(walk or (), judgement.focus.node.name))


class _Search:
    """For the first cure that harms nothing, or else the one that harms least; last of all for one that a
    person has to decide on."""

    def __init__(self, judgement: Judgement, bench: Bench, look: Look) -> None:
        self._judgement, self._bench, self._look = judgement, bench, look
        self._until = time.monotonic() + SECONDS
        self._flush = _flush(judgement.scene)
        told = judgement.scene.route(judgement.scene.source, judgement.scene.destination)[1]
        self._remembers = any(word in told for word in ("redirected", "expires"))  # which no replica does
        self.failed: set[str] = set()  # causes whose cure did not heal

    def find(self) -> Remedy | None:
        found: list[tuple[bool, int, Remedy]] = []
        for findings in self._cures():
            remedy = self._remedy(findings)
            is_risky = bool(risks(self._judgement.scene.after, remedy.change, bool(remedy.stops)))
            if not remedy.stops and not is_risky:
                return remedy
            found.append((is_risky, len(remedy.stops), remedy))
        return min(found, key=lambda each: each[:2])[-1] if found else None

    def _cures(self) -> Iterator[Findings]:
        yield from self._cure_suspects()
        yield from self._search_all()

    def _cure_suspects(self) -> Iterator[Findings]:
        """One cure alone before several together, as long as there is time."""
        level: list[tuple[Findings, Judgement]] = [((), self._judgement)]
        for _depth in range(DEEPEST):
            behind: list[Findings] = []
            for before, judgement in level:
                for finding in judgement.findings:
                    if time.monotonic() > self._until:
                        return
                    tries = [(*before, replace(finding, cure=cure)) for cure in finding.cures]
                    healed = next(filter(None, map(self._try, tries)), None)
                    if healed:
                        yield healed
                    elif finding.cure and all(map(can_be_tried, finding.cure)):
                        self.failed.add(finding.cause)
                        behind += tries
            level = list(self._next(behind, self._until))
            if not _depth and not level:
                level = list(
                    self._next([()], self._until)
                )  # asked cold, the replica may tell more than the lab did

    def _search_all(self) -> Iterator[Findings]:
        """What nobody suspected; and behind what gets the packet further, what is suspected there."""
        until = time.monotonic() + SECONDS_TO_SEARCH
        tried: list[Findings] = []
        for finding in search(self._judgement, self._bench, lambda: time.monotonic() > until):
            healed = self._try((finding,))
            if healed:
                yield healed
            else:
                tried.append((finding,))
        for before, judgement in self._next(tried, until):
            assert judgement.focus is not None
            missing = (f for kind in (anomalies, templates) for f in kind(judgement.scene, judgement.focus))
            for finding in (*judgement.findings, *missing):
                if time.monotonic() < until and (healed := self._try((*before, finding))):
                    yield healed

    def _try(self, findings: Findings) -> Findings | None:
        """Those that heal: as they are, or when what the source has been told is forgotten, too."""
        last = findings[-1]
        if last.program is not None and not last.cure:
            return findings if self._bench.heals_with(last.program, _change(findings)) else None
        flushed = (*findings[:-1], replace(last, cure=(*last.cure, self._flush)))
        if self._remembers:
            return flushed if self._bench.heals(_change(flushed)) else None
        if self._bench.heals(_change(findings)):
            return findings
        return flushed if self._bench.remembers and self._bench.heals(_change(flushed)) else None

    def _next(self, tried: Sequence[Findings], until: float) -> Iterator[tuple[Findings, Judgement]]:
        """Those that got the packet further, or elsewhere, with what is suspected there."""
        seen = {self._judgement.place}
        for findings in tried:
            if time.monotonic() > until or not all(map(can_be_tried, _change(findings))):
                continue
            if self._bench.apply(_change(findings)):
                judgement = in_the_original(self._look(), self._judgement.scene.after)
                if judgement.focus is not None and judgement.place not in seen:  # None: all came, by now
                    seen.add(judgement.place)
                    yield findings, judgement

    def _remedy(self, findings: Findings) -> Remedy:
        if any(finding.program for finding in findings):
            return Remedy(findings, _change(findings))
        findings = self._smallest(findings)
        return Remedy(findings, _change(findings), *self._bench.effects(_change(findings)))

    def _smallest(self, findings: Findings) -> Findings:
        """Without those that are not needed."""
        for finding in findings[:-1]:
            others = tuple(each for each in findings if each is not finding)
            if self._bench.heals(_change(others)):
                findings = others
        return findings


def _flush(scene: Observation) -> Cure:
    """Have the source forget what it has been told of ways and sizes."""
    return step(scene.after.node(scene.source), *scene.ip.split(), "route", "flush", "cache")


def in_the_original(judgement: Judgement, original: Snapshot) -> Judgement:
    """With cures as they are typed there: a container has another process, or in a replica none."""

    def translate(cure: Cure) -> Cure:
        if not cure.within:
            return cure
        pid = str(original.node(cure.within).pid)
        return replace(cure, argv=(*cure.argv[:2], pid, *cure.argv[3:]))

    findings = tuple(
        replace(
            finding,
            cure=tuple(map(translate, finding.cure)),
            others=tuple(tuple(map(translate, cure)) for cure in finding.others),
        )
        for finding in judgement.findings
    )
    return replace(judgement, findings=findings)


def _change(findings: Sequence[Finding]) -> tuple[Cure, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(finding.cure for finding in findings)))


def _tell_cure(judgement: Judgement, bench: Bench, remedy: Remedy) -> Verdict:
    first, *others = remedy.findings
    verdict = accuse(judgement, first)
    behind = [
        _("With that fixed: {title}. {explanation}").format(
            title=_(CAUSES[finding.cause].title), explanation=finding.explanation
        )
        for finding in others
    ]
    return replace(
        verdict,
        certainty=PROVED if remedy.change and not remedy.stops else LIKELY,  # no command starts a program
        evidence=tuple(chain.from_iterable(finding.evidence for finding in remedy.findings)),
        cure=remedy.change,
        next_blocker=" ".join(behind),
        experiments=tuple(bench.experiments),
        side_effects=tell_effects(remedy.stops, remedy.opens),
    )


def _doubt(verdict: Verdict) -> Verdict:
    """The cure heals, but in the copy no packet was dropped by that rule."""
    why = _("In a copy, the walk of the packet itself shows no drop by it.")
    return replace(verdict, certainty=LIKELY, explanation=f"{verdict.explanation} {why}")


def _tell_absence(judgement: Judgement, bench: Bench) -> Verdict:
    """In the replica all is well: what is at fault is nothing that is set."""
    verdict = conclude(judgement)
    why = _(
        "In a copy of the network, with the same settings, they are answered. So it lies in what a copy "
        "does not have: what the kernel remembers of earlier packets, or a program."
    )
    explanation = " ".join(filter(None, (verdict.explanation, why)))
    return replace(verdict, explanation=explanation, experiments=tuple(bench.experiments))


def _tell_failure(judgement: Judgement, bench: Bench, failed: set[str]) -> Verdict:
    """Causes whose cures did nothing are none; those that nobody could try are left."""
    if "too-big" in failed and bench.passes_when_small():
        failed = failed - {"too-big"}  # its cure is to send smaller ones
    left = tuple(finding for finding in judgement.findings if finding.cause not in failed)
    how = _("tried in a copy of the network: with its cure they are lost all the same")
    ruled_out = (*judgement.verdict.ruled_out, *((cause, how) for cause in sorted(failed)))
    rest = replace(judgement, verdict=replace(judgement.verdict, ruled_out=ruled_out), findings=left)
    verdict = replace(conclude(rest), experiments=tuple(bench.experiments))
    return replace(verdict, certainty=verdict.certainty if verdict.cause else UNDECIDED)
