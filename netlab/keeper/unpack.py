"""A lab made like a pack, by the differences to what is there: a new twin, and the way back of one that runs.

Runs in a child of the keeper's. What somebody else wrote has been read by its schema and checked; each field
is made anew here, and the kernel has the last word: what it refuses is told, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.keeper.cables import DAD, Cables, Links, Site, wait_for_proxies
from netlab.keeper.known_rules import KnownRules
from netlab.keeper.places import Place
from netlab.keeper.populate import Order
from netlab.keeper.present import Present, look
from netlab.keeper.rules import Rules
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter
from netlab.linux.wiring import reconcile, settings
from netlab.linux.wiring.fields import Unfit
from netlab.linux.wiring.reconcile import Refusals
from netlab.model import outside, pack
from netlab.model.codec import Malformed
from netlab.model.pack_check import check

ROUNDS = 2  # kinds of links that a kernel lacks show one behind the other
PROXY = "docker-proxy"


class Workshop:
    """What unpacking needs of the lab: its namespaces as they are now, read whole, and who makes others."""

    def __init__(
        self,
        places: Callable[[], Sequence[Place]],
        read: Callable[[Sequence[Place]], pack.Pack],
        populate: Callable[[Order], None],
        play: Callable[[Sequence[tuple[int, Sequence[pack.Listener]]]], list[str]],
        unchanged: Mapping[str, str],
        *,
        has_proxies: bool = True,
        is_fresh: bool = False,
        rules: KnownRules | None = None,
    ) -> None:
        self.places, self.read, self.populate = places, read, populate
        self.play, self.unchanged = play, unchanged
        self.has_proxies = has_proxies  # whether who populates it has published ports listened at, too
        self.is_fresh = is_fresh  # whether nothing is in host and internet
        self.rules = rules or KnownRules()


def unpack(wanted: pack.Pack, workshop: Workshop, now: pack.Pack | None = None) -> pack.Pack:
    """Make the lab like that: the pack as it was played, with remarks on what is otherwise.

    `now` is how it is, where that has been read already. BadInput, LabError, OSError.
    """
    try:
        check(wanted)
        wanted = give_names(outside.cables(wanted))
    except Malformed as error:
        raise BadInput(
            _("This is no network that could be built: {error}.").format(error=error),
            _("Have it packed again: ./run pack -o FILE.netpack"),
        ) from None
    made = _populate(wanted, workshop)
    refusals = Refusals()
    with ExitStack() as stack:
        found = workshop.places()
        have = Present(now, {}) if now and made.is_empty() else look(workshop, found, made)
        sites = _open(wanted, found, stack)
        _set_namespaces(sites, have, workshop.unchanged)
        rules = {name: Rules(site, have.node(name), workshop.rules) for name, site in sites.items()}
        wanted, cables = _lay_cables(wanted, sites, have, refusals)
        wanted = outside.world(wanted)
        sites = {node.name: replace(sites[node.name], node=node) for node in wanted.nodes}
        others = [
            site for name, site in sites.items() if cables.is_touched(name) or not have.is_same(site.node)
        ]
        for site in others:
            # An address may need a setting.
            _set_links(site, have.node(site.node.name), workshop.unchanged, refusals)
            _furnish(_node(site, refusals, have))
        cables.finish(workshop.unchanged)
        _finish(others, rules, refusals, have)
        ports = {port for node in wanted.nodes if node.container for port in node.container.ports}
        refusals.lines += _play(list(sites.values()), have, workshop, ports)
    return replace(wanted, remarks=tuple(dict.fromkeys((*wanted.remarks, *refusals.lines))))


def _finish(sites: Sequence[Site], rules: Mapping[str, Rules], refusals: Refusals, have: Present) -> None:
    """What needs the links as they are to be."""
    nodes = [_node(site, refusals, have) for site in sites]
    for node in nodes:
        node.wait_for_groups()
    duplicates = [(node, each) for node in nodes if (each := node.add_duplicates())]
    for node, each in duplicates:
        node.wait_for(each)
    for site, node in zip(sites, nodes, strict=True):
        wait_for_proxies(site)
        node.neighbours()  # of which a change of their link may let the kernel forget some
        node.fdb()
        node.vlans()
        node.ipsec()
        refusals.lines += rules[site.node.name].finish()


def give_names(found: pack.Pack) -> pack.Pack:
    """A namespace without a name, in which some process lives, has a name in the twin."""
    nodes = tuple(replace(n, kind="netns") if n.kind == "process" else n for n in found.nodes)
    return replace(found, nodes=nodes)


# -- the namespaces


def _populate(wanted: pack.Pack, workshop: Workshop) -> Order:
    """Make the namespaces that are missing, and end the others; which those were."""
    have = {(place.kind, place.name): place for place in workshop.places()}
    nodes = {(node.kind, node.name): node for node in wanted.nodes}
    missing = [node for key, node in nodes.items() if key not in have and node.kind in ("container", "netns")]
    aliases = [
        (alias, node.name)
        for key, node in nodes.items()
        for alias in node.aliases
        if node.kind == "container" and (key not in have or alias not in have[key].aliases)
    ]
    order = Order(
        containers=tuple((n.name, n.container or pack.Container()) for n in missing if n.kind == "container"),
        namespaces=tuple(n.name for n in missing if n.kind == "netns"),
        aliases=tuple(aliases),
        ended=tuple(key for key in have if key not in nodes and key[0] in ("container", "netns", "process")),
    )
    if not order.is_empty():
        workshop.populate(order)
    return order


def _open(wanted: pack.Pack, places: Iterable[Place], stack: ExitStack) -> dict[str, Site]:
    """Every node's namespace, held open."""
    by_name = {(place.kind, place.name): place for place in places}
    sites = {}
    for node in wanted.nodes:
        place = by_name[node.kind, node.name]
        fd = stack.enter_context(place.hold())
        sites[node.name] = Site(node, fd, stack.enter_context(RouteSocket(fd)))
    return sites


def _set_namespaces(sites: Mapping[str, Site], have: Present, unchanged: Mapping[str, str]) -> None:
    """First of all: new links take over what is set here."""
    for name, site in sites.items():
        settings.check(site.node.settings)
        if todo := settings.differences(have.settings(name), site.node.settings, unchanged):
            with enter(site.fd):
                settings.assure(todo)


# -- what is in them


def _lay_cables(
    wanted: pack.Pack, sites: Mapping[str, Site], have: Present, refusals: Refusals
) -> tuple[pack.Pack, Cables]:
    there: Links = {key: link for key, link in have.links().items() if key[0] in sites}
    same = {name for name, site in sites.items() if have.is_same(site.node)}
    for _round in range(ROUNDS):
        here = {node.name: replace(sites[node.name], node=node) for node in wanted.nodes}
        cables = Cables(here, there, refusals, same)
        cables.make()
        if not cables.lacking:
            break
        wanted = outside.cables(wanted, cables.lacking)
    return wanted, cables


def _node(site: Site, refusals: Refusals, have: Present) -> reconcile.Node:
    return reconcile.Node(site.fd, site.kernel, site.node, refusals, have.made(site.node.name))


def _furnish(node: reconcile.Node) -> None:
    node.addresses()
    node.nexthops()
    node.add_policies()
    node.routes()
    node.delete_policies()
    node.queues()


def _set_links(site: Site, have: pack.Node | None, unchanged: Mapping[str, str], refusals: Refusals) -> None:
    """Of each link, what a new one does not have so, and what it has had beyond that."""
    before = {link.index: link for link in have.links} if have else {}
    values = []
    for link in site.node.links:
        old = before[link.index].settings if link.index in before else {}
        usual = {key: settings.usual(link, key, site.node.settings, unchanged) for key in old}
        told = {key: value for key, value in {**usual, **link.settings}.items() if key != DAD and value}
        try:
            values += [(settings.of_link(link, key), value) for key, value in told.items()]
        except Unfit as error:
            refusals.lines.append(f"{site.node.name}: {error}")
    if not values:
        return
    with enter(site.fd):
        refused = settings.assure(values)
    refusals.lines += [f"{site.node.name}: {name}" for name in refused]


def _play(sites: Sequence[Site], have: Present, workshop: Workshop, published: Collection[str]) -> list[str]:
    """All listeners anew, where they are not the wanted ones; `published` are the ports of containers."""
    if all(have.plays(site.node) for site in sites):
        return []
    taken = published if workshop.has_proxies else ()
    return workshop.play([(site.fd, _without_proxies(site.node, taken)) for site in sites])


def _without_proxies(node: pack.Node, published: Collection[str]) -> tuple[pack.Listener, ...]:
    """The listeners but those of published ports: containers bring their proxies with them."""
    taken = {(port.partition("/")[2], port.rpartition(":")[0].rpartition(":")[2]) for port in published}
    return tuple(
        each
        for each in node.listeners
        if each.program != PROXY or (each.protocol, str(each.port)) not in taken
    )
