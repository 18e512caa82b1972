"""Who reaches whom in a lab: tables say what to expect, packets in a replica what is so.

A yes has been sent, answered, and seen by its owner. A no that was expected has its rule, route or setting,
and has been sent as well. Where packets and tables disagree, packets are right: what stops them is looked for
by a trace in the replica.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from netlab.diagnosis.judge import conclude
from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Answer, Forecast
from netlab.diagnosis.reach.course import Evaluator
from netlab.diagnosis.reach.differ import differ
from netlab.diagnosis.reach.question import Question, flights, parse
from netlab.diagnosis.reach.report import Report
from netlab.diagnosis.trace import observe
from netlab.diagnosis.verdict import CAUSES
from netlab.errors import BadInput, NetlabError, UnknownName
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicable, Replicated
from netlab.model import Snapshot
from netlab.model.pack import Pack
from netlab.packets.flight import Flight, Landing

SECONDS, SECONDS_AGAIN, SECONDS_AT_LAST = 0.06, 0.2, 1.0  # that an answer may take: everything is near
SECONDS_TO_TRACE = 0.1
MOST_AGAIN, MOST_TRACED = 128, 6
PROBES = 2


def reach(lab: Replicable, question: str = "* → *", before: Pack | None = None) -> Report:
    """The answers to a question such as "internet → *" or "if-test -> 10.0.0.0/24 tcp 5432".

    With a network from `before`, what is open or closed now and was not then. The lab itself is not changed,
    and sends nothing. BadInput, UnknownName, LabError.
    """
    asked = parse(question)
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        making = pool.submit(stack.enter_context, lab.replica())  # while what is there is read and evaluated
        here = lab.snapshot()
        expected = _Expected(asked, here, may_lack=before is not None)
        replica = making.result()
        now = _ask(replica, expected)
        found = Report(str(asked), tuple(now), expected.left_out, played=tuple(lab.substitutes()))
        if before is None:
            return found
        replica.become(before)
        then = _Expected(asked, replica.snapshot(), may_lack=expected.is_known)
        earlier = _ask(replica, then)
    left_out = max(expected.left_out, then.left_out)
    changes, unsure = differ(now, earlier, whole=not left_out)
    return replace(found, left_out=left_out, compared=True, changes=changes, unsure=unsure)


@dataclass
class _Trial:
    flight: Flight
    forecast: Forecast
    landing: Landing = field(default_factory=Landing)


class _Expected:
    """The packets of a question in a network, and what is to be expected of each.

    `may_lack`: of two networks one may lack an end that is asked for. UnknownName, BadInput.
    """

    def __init__(self, asked: Question, snapshot: Snapshot, *, may_lack: bool) -> None:
        self.snapshot = snapshot
        self.trials: list[_Trial] = []
        self.left_out, self.is_known = 0, True
        try:
            wanted, self.left_out = flights(asked, snapshot)
        except (UnknownName, BadInput):
            if not may_lack:
                raise
            self.is_known = False
            return
        evaluator = Evaluator(snapshot)
        self.trials = [_Trial(flight, evaluator.forecast(flight)) for flight in wanted]


def _ask(replica: Replicated, expected: _Expected) -> list[Answer]:
    """All answers."""
    trials = expected.trials
    _send(replica, trials)
    answers = [_judge(trial, expected.snapshot) for trial in trials]
    lost = [a for a, t in zip(answers, trials, strict=True) if a.answer == UNSURE and not t.landing.answered]
    explained = _explain(replica, {answer.flight: answer for answer in lost})
    return [explained.get(answer.flight, answer) for answer in answers]


def _send(replica: Replicated, trials: Sequence[_Trial]) -> None:
    """What may get through before the rest, for which one waits in vain. What was expected to and did not
    is asked for again, with more patience."""
    some = [trial for trial in trials if trial.forecast.answer != NO]
    rest = [trial for trial in trials if trial.forecast.answer == NO]
    _burst(replica, [*some, *rest], SECONDS)
    for seconds, answers in ((SECONDS_AGAIN, (YES, UNSURE)), (SECONDS_AT_LAST, (YES,))):
        some = [t for t in some if not t.landing.answered and t.forecast.answer in answers][:MOST_AGAIN]
        _burst(replica, some, seconds)


def _burst(replica: Replicated, trials: Sequence[_Trial], seconds: float) -> None:
    if trials:
        landings = replica.burst([trial.flight for trial in trials], seconds)
        for trial, landing in zip(trials, landings, strict=True):
            trial.landing = landing


def _judge(trial: _Trial, snapshot: Snapshot) -> Answer:
    """What the packet says, and only then what the tables do."""
    forecast, landing = trial.forecast, trial.landing
    made = Answer(trial.flight, UNSURE, expected=forecast.answer, receiver=", ".join(landing.seen))
    if landing.answered:
        return _judge_answer(made, forecast, landing, snapshot)
    if forecast.answer == NO:
        return replace(made, answer=NO, why=forecast.why)
    told = _("it comes in at {node}, and no answer comes back") if landing.seen else _("it is not answered")
    told = told.format(node=made.receiver)
    return replace(made, why="; ".join(filter(None, (told, landing.error, forecast.why))))


def _judge_answer(made: Answer, forecast: Forecast, landing: Landing, snapshot: Snapshot) -> Answer:
    owner = snapshot.owner_of(made.flight.destination)
    owners = {forecast.receiver, owner.name if owner else ""} - {""}
    if not landing.seen:
        return replace(made, why=_("it is answered, but none of these nodes has seen it"))
    if owners & set(landing.seen) or forecast.answer == UNSURE:
        return replace(made, answer=YES)
    told = _("{node} answers, which is not who was expected")
    return replace(made, why=told.format(node=made.receiver))


def _explain(replica: Replicated, lost: Mapping[Flight, Answer]) -> dict[Flight, Answer]:
    """What got lost though no table says so for sure: a trace of some, as different ones as there are."""
    chosen = _most_different(list(lost))[:MOST_TRACED]
    return {flight: _look(replica, lost[flight]) for flight in chosen}


def _most_different(flights: Sequence[Flight]) -> list[Flight]:
    """One to each destination, then a second one to each, …"""
    groups: dict[tuple[str, str, int], list[Flight]] = {}
    for flight in flights:
        groups.setdefault((flight.destination, flight.proto, flight.port), []).append(flight)
    return [flight for some in zip_longest(*groups.values()) for flight in some if flight is not None]


def _look(replica: Replicated, answer: Answer) -> Answer:
    """What a trace says to it; as it was where that does not tell either."""
    flight = answer.flight
    order = {"proto": flight.proto, "port": flight.port, "size": 56, "df": False}
    try:
        judgement = observe(replica, flight.node, flight.destination, PROBES, SECONDS_TO_TRACE, order)
    except NetlabError:
        return answer
    verdict = conclude(judgement)
    if judgement.focus is None or not verdict.cause:
        return answer
    why = verdict.explanation or _(CAUSES[verdict.cause].title)
    return replace(answer, answer=NO, why=why)
