"""Who reaches whom, as text for people: a list, a matrix, what differs; and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Answer, Change, Reach
from netlab.display import columns, one_line, pad
from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.packets.flight import Flight

MARKS = {YES: "✔", NO: "✘", UNSURE: "?"}
NOTHING = "·"
MOST_SHOWN = 60  # lines of one kind
MOST_COLUMNS = 12  # of a matrix that is read at a glance; more are numbered


def as_text(reach: Reach) -> str:
    """What gets through, what does not and why; of a comparison, what is otherwise."""
    if reach.compared:
        lines = _tell_changes(reach)
    else:
        lines = [f"{one_line(reach.question)}: {count(reach.answers)}"]
        for answer in (YES, NO, UNSURE):
            some = [tell(each) for each in reach.answers if each.answer == answer]
            lines += _some([f"  {MARKS[answer]} {line}" for line in some])
    return "\n".join([*lines, *_remarks(reach)])


def as_matrix(reach: Reach) -> str:
    """Who (columns) gets to which address and port (rows), and a line for each hole."""
    names = list(dict.fromkeys(answer.flight.node for answer in reach.answers))
    heads = names if len(names) <= MOST_COLUMNS else [str(number) for number in range(1, len(names) + 1)]
    rows: dict[str, dict[str, str]] = {}
    for answer in reach.answers:
        rows.setdefault(_place(answer.flight), {})[answer.flight.node] = MARKS[answer.answer]
    width = max(map(columns, rows), default=0)
    sizes = [columns(one_line(head)) for head in heads]
    lines = [f"{count(reach.answers)}", "  ".join([pad("", width), *map(one_line, heads)]).rstrip()]
    for place, marks in rows.items():
        cells = [pad(marks.get(name, NOTHING), size) for name, size in zip(names, sizes, strict=True)]
        lines.append("  ".join([pad(place, width), *cells]).rstrip())
    if heads is not names:
        lines += [f"  {head}: {one_line(name)}" for head, name in zip(heads, names, strict=True)]
    some = [f"{MARKS[answer.answer]} {tell(answer)}" for answer in reach.answers if answer.answer != YES]
    return "\n".join([*lines, *_some(some), *_remarks(reach)])


def tell(answer: Answer) -> str:
    """One answer in a line."""
    way = f"{_ask(answer.flight)} → {_place(answer.flight)}"
    if answer.answer == YES:
        return _("{way}  (seen by {node})").format(way=way, node=one_line(answer.receiver))
    unsent = "" if answer.sent else _(" (not sent)")
    return f"{way}: {one_line(answer.why)}{unsent}"


def count(answers: Iterable[Answer]) -> str:
    """How many are what."""
    found = Counter(answer.answer for answer in answers)
    words = _("{open} get through, {closed} do not, {unsure} not sure")
    return words.format(open=found[YES], closed=found[NO], unsure=found[UNSURE])


def _ask(flight: Flight) -> str:
    return one_line(flight.node) + (f" ({flight.source})" if flight.source else "")


def _place(flight: Flight) -> str:
    return (
        f"{flight.destination} {flight.proto} {flight.port}" if flight.port else f"{flight.destination} ping"
    )


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_SHOWN]
    if (left := len(lines) - MOST_SHOWN) > 0:
        more = ngettext("and {count} more (--json has all)", "and {count} more (--json has all)", left)
        yield "  " + more.format(count=left)


def _tell_changes(reach: Reach) -> list[str]:
    head = one_line(reach.question)
    if not reach.changes:
        lines = [_("{question}: nothing was opened, and nothing closed").format(question=head)]
    else:
        lines = [f"{head}:"]
        lines += _some([f"  {_tell_change(change)}" for change in reach.changes])
    unsure = [f"{MARKS[UNSURE]} {tell(answer)}" for answer in reach.unsure]
    return [*lines, *_some([f"  {line}" for line in unsure])]


def _tell_change(change: Change) -> str:
    flight = change.now.flight
    words = {"place": _place(flight), "source": _ask(flight)}
    if change.opens:
        line = _("+ after the change {place} is open from {source}").format(**words)
        why = change.before.why if change.before else ""
        return line + (_(" (before: {why})").format(why=one_line(why)) if why else "")
    line = _("- after the change {place} is closed from {source}").format(**words)
    return f"{line}: {one_line(change.now.why)}"


def _remarks(reach: Reach) -> Iterator[str]:
    if reach.left_out:
        left = ngettext(
            "{count} packet was not asked for", "{count} packets were not asked for", reach.left_out
        )
        how = _('Ask for less, as in: ./run reach "internet → 172.17.0.0/16"')
        yield f"{left.format(count=reach.left_out)}. {how}"
    yield from ("  " + _("in this twin: {what}").format(what=what) for what in reach.played)


def as_json(reach: Reach) -> str:
    """The same for programs."""
    words: dict[str, Any] = {
        "question": reach.question,
        "answers": [_plain(answer) for answer in reach.answers],
        "left_out": reach.left_out,
        "played": reach.played,
    }
    if reach.compared:
        words["opened"] = [_plain_change(change) for change in reach.changes if change.opens]
        words["closed"] = [_plain_change(change) for change in reach.changes if not change.opens]
        words["unsure"] = [_plain(answer) for answer in reach.unsure]
    return json.dumps(words, indent=2, ensure_ascii=False)


def _plain(answer: Answer) -> dict[str, Any]:
    flight = answer.flight
    return {
        "node": flight.node,
        "source": flight.source,
        "destination": flight.destination,
        "proto": flight.proto,
        "port": flight.port,
        "answer": answer.answer,
        "receiver": answer.receiver,
        "why": answer.why,
        "sent": answer.sent,
        "expected": answer.expected,
    }


def _plain_change(change: Change) -> dict[str, Any]:
    return {**_plain(change.now), "before": _plain(change.before) if change.before else None}
