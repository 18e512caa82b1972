"""What no command that is printed may take away, though packets pass without it: a person has to decide that.

An interface's only address, a node's only default route, and the rules by which Docker publishes ports, has
its networks translated, and answers for names. On a real machine more hangs on them than a copy shows.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from netlab.diagnosis.bench import NSENTER
from netlab.diagnosis.suspects.nat import parse_target
from netlab.diagnosis.verdict import PROVED, UNDECIDED, Cure, Verdict
from netlab.i18n import gettext as _
from netlab.model import Chain, Node, Rule, Snapshot

DEFAULTS = ("default", "0.0.0.0/0", "::/0")
DOCKERS = "DOCKER"  # how the chains' names begin that Docker makes
Line = tuple[str, ...]  # a command, without ip's -6


def risks(seen: Snapshot, change: Sequence[Cure], harms: bool) -> tuple[str, ...]:
    """A sentence for each such thing that this takes away. An address that another one has, too, is none
    unless `harms` says that something stops with it."""
    lines: dict[str, list[Line]] = {}
    for step in change:
        words = step.argv[NSENTER * bool(step.within) :]
        lines.setdefault(step.within or step.node, []).append(
            tuple(w for w in words if w not in ("-4", "-6"))
        )
    found = (_of_node(seen, seen.node(name), typed, harms) for name, typed in lines.items())
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def hold_back(verdict: Verdict, seen: Snapshot) -> Verdict:
    """The verdict; where its cure is one of those, what was found, and that a person has to decide."""
    told = risks(seen, verdict.cure, verdict.certainty != PROVED)
    if not told:
        return verdict
    decide = _("A person has to decide that: it may be needed for more than a copy shows.")
    return replace(
        verdict,
        cause="",
        certainty=UNDECIDED,
        candidates=(verdict.cause,),
        explanation=" ".join((verdict.explanation, *told, decide)),
        cure=(),
        next_blocker="",
        side_effects=(),
    )


def _of_node(seen: Snapshot, node: Node, typed: Sequence[Line], harms: bool) -> Iterator[str]:
    yield from _addresses(seen, node, typed, harms)
    yield from _routes(node, typed)
    yield from _rules(seen, node, typed)


def _addresses(seen: Snapshot, node: Node, typed: Sequence[Line], harms: bool) -> Iterator[str]:
    gone = [(words[3], words[5]) for words in typed if words[:3] == ("ip", "addr", "del") and len(words) > 5]
    added = {(words[-1], ":" in words[3]) for words in typed if words[:3] == ("ip", "addr", "add")}
    for which, device in gone:
        address, six = which.partition("/")[0], ":" in which
        held = [
            str(a) for a in node.interface(device).addresses if (a.family == 6) == six and a.scope != "link"
        ]
        others = (i for n, i in seen.interfaces() if (n.netns, i.name) != (node.netns, device))
        is_double = any(a.address == address for i in others for a in i.addresses)
        if (device, six) in added or any((own, device) not in gone for own in held):
            continue
        if harms or not is_double:
            yield _("On {node} {address} is the only address of {device}.").format(
                node=node.name, address=which, device=device
            )


def _routes(node: Node, typed: Sequence[Line]) -> Iterator[str]:
    ways = [words for words in typed if words[:2] == ("ip", "route") and not {*DEFAULTS}.isdisjoint(words)]
    gone = [words for words in ways if words[2] == "del" and "table" not in words]
    if not gone or any(words[2] in ("add", "replace") for words in ways):
        return
    known = [r for r in node.routes if r.destination == "default" and r.table == "main"]
    family = 6 if any(":" in word for words in gone for word in words) else 4
    if len([route for route in known if route.family == family]) <= len(gone):
        yield _("{node} has no other default route.").format(node=node.name)


def _rules(seen: Snapshot, node: Node, typed: Sequence[Line]) -> Iterator[str]:
    for each in node.chains:
        left = list(each.rules)
        gone = [rule for words in typed for rule in _find_deleted(each, words)]
        for rule in gone:
            left.remove(rule)
        for rule in gone:
            if _is_dockers(seen, each, rule) and not any(_match(rule) == _match(other) for other in left):
                yield _("On {node} the rule {rule} of {chain} is Docker's.").format(
                    node=node.name, rule=rule.text, chain=f"{each.table}/{each.name}"
                )


def _find_deleted(of: Chain, words: Line) -> Iterator[Rule]:
    """Which rule of that chain such a command takes away, or none."""
    if words[:3] == ("nft", "delete", "rule") and words[3:6] == (of.family, of.table, of.name):
        yield from (rule for rule in of.rules if str(rule.handle) == words[-1])
    elif words[0].startswith(("iptables", "ip6tables")) and words[1:5] == ("-t", of.table, "-D", of.name):
        is_its = words[0].startswith("ip6") == (of.family == "ip6") and of.backend != "native"
        told = words[5:]
        numbered = [r for n, r in enumerate(of.rules, 1) if told in ((str(n),), tuple(shlex.split(r.text)))]
        yield from numbered[:1] if is_its else ()


def _match(rule: Rule) -> str:
    return rule.text.partition(" -j ")[0]


def _is_dockers(seen: Snapshot, of: Chain, rule: Rule) -> bool:
    """Whether it is one by which packets are translated, and leads to somebody who is there."""
    if of.table != "nat":
        return False
    if not of.name.startswith(DOCKERS):
        return rule.target.startswith(DOCKERS) or (
            rule.target == "MASQUERADE" and " ! -o " in f" {rule.text}"
        )
    address = (parse_target(rule.text) or ("", 0))[0]
    return not address or address.startswith("127.") or any(node.owns(address) for node in seen.nodes)
