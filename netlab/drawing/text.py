"""A Snapshot in words: a tree for a terminal, and the picture's alternative text for a screen reader."""

from __future__ import annotations

from collections.abc import Iterable

from netlab.display import columns
from netlab.drawing.boxes import KIND_WORDS, STATES, default_routes, is_shown, shown_addresses
from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.model import Interface, Node, Snapshot

SIGNS = {"up": "●", "no carrier": "◐", "down": "✕"}
WIDTH = 80


def as_text(snapshot: Snapshot) -> str:
    """The topology as a tree of at most 80 columns, one namespace after the other, containers first."""
    order = {"container": 0, "process": 1, "netns": 1, "host": 2, "internet": 3}
    nodes = sorted(snapshot.nodes, key=lambda node: order.get(node.kind, 1))
    if not nodes:
        return _("Nothing is there: no namespace at all.")
    lines: list[str] = []
    for node in nodes:
        lines += _node_lines(node, snapshot)
    states = {i.state for n in nodes for i in n.interfaces if is_shown(i, n)}
    legend = "   ".join(f"{sign} {_(STATES[state])}" for state, sign in SIGNS.items() if state in states)
    return "\n".join([*lines, legend]).rstrip()


def _node_lines(node: Node, snapshot: Snapshot) -> Iterable[str]:
    kind = KIND_WORDS.get(node.kind, node.kind)
    kind = _(kind) if kind else ""
    yield _cut(f"{node.name}  ({', '.join(word for word in (kind, f'netns {node.netns}') if word)})")
    shown = [i for i in sorted(node.interfaces, key=lambda i: i.kind == "loopback") if is_shown(i, node)]
    bridges = [i for i in shown if i.kind == "bridge"]
    free = [i for i in shown if i.kind != "bridge" and i.master not in {b.name for b in bridges}]
    rows: list[tuple[int, str]] = []
    for interface in free:
        rows.append((0, _row(interface, node, snapshot)))
    for bridge in bridges:
        rows.append((0, _row(bridge, node, snapshot)))
        rows += [(1, _row(port, node, snapshot)) for port in node.ports(bridge.name)]
    rows += [(0, text) for text in _facts(node)]
    for number, (depth, text) in enumerate(rows):
        last = not any(d <= depth for d, _ in _until_shallower(rows[number + 1 :], depth))
        above = any(d == 0 for d, _ in rows[number + 1 :])
        stem = ("│  " if above else "   ") if depth else ""
        yield _cut(f"{stem}{'└─' if last else '├─'} {text}")
    yield ""


def _until_shallower(rows: list[tuple[int, str]], depth: int) -> list[tuple[int, str]]:
    """The rows that follow on the same branch."""
    found = []
    for row in rows:
        if row[0] < depth:
            break
        found.append(row)
    return found


def _row(interface: Interface, node: Node, snapshot: Snapshot) -> str:
    words = [f"{SIGNS[interface.state]} {interface.name}"]
    if interface.kind not in ("", "veth", "loopback"):
        words.append(interface.kind)
    words += [str(address) for address in shown_addresses(interface, node)]
    if interface.state != "up":
        words.append(_(STATES[interface.state]))
    far = _far_end(interface, snapshot)
    return "  ".join(words) + (f"  ⇄ {far}" if far else "")


def _far_end(interface: Interface, snapshot: Snapshot) -> str:
    """ "host veth_host" for the other end of a cable."""
    other = snapshot.interface(interface.peer) if interface.peer else None
    owner = snapshot.by_netns(other.netns) if other else None
    return f"{owner.name} {other.name}" if owner and other else ""


def _facts(node: Node) -> list[str]:
    facts = list(default_routes(node))
    if node.kind == "host" and "net.ipv4.ip_forward" in node.sysctls:
        facts.append(f"net.ipv4.ip_forward = {node.sysctls['net.ipv4.ip_forward']}")
    return facts


def _cut(line: str) -> str:
    if columns(line) <= WIDTH:
        return line
    while columns(line) >= WIDTH:
        line = line[:-1]
    return line + "…"


def alt_text(snapshot: Snapshot) -> str:
    """The picture in sentences: every namespace, its interfaces, where their cables lead, its routes."""
    if not snapshot.nodes:
        return _("An empty lab: no network namespace.")
    names = ", ".join(node.name for node in snapshot.nodes)
    count = len(snapshot.nodes)
    said = [
        ngettext(
            "Network of {count} namespace: {names}.", "Network of {count} namespaces: {names}.", count
        ).format(count=count, names=names)
    ]
    for node in snapshot.nodes:
        shown = [i for i in node.interfaces if is_shown(i, node)]
        if not shown:
            said.append(_("{name} has no interfaces but lo.").format(name=node.name))
            continue
        clauses = _("; ").join(_clause(i, node, snapshot) for i in shown)
        said.append(_("{name} has {clauses}.").format(name=node.name, clauses=clauses))
        said += [_("{name}: {fact}.").format(name=node.name, fact=fact) for fact in _facts(node)]
    return " ".join(said)


def _clause(interface: Interface, node: Node, snapshot: Snapshot) -> str:
    words = [interface.name]
    if interface.kind not in ("", "veth", "loopback"):
        words.append(f"({interface.kind})")
    words.append(_(STATES[interface.state]))
    listed = [str(address) for address in shown_addresses(interface, node)]
    words.append(
        _("with {addresses}").format(addresses=_(" and ").join(listed)) if listed else _("without an address")
    )
    if interface.master:
        words.append(_("as a port of {master}").format(master=interface.master))
    far = _far_end(interface, snapshot)
    if far:
        words.append((_("connected to {far}") if interface.kind == "veth" else _("on {far}")).format(far=far))
    return _(" ").join(words)
