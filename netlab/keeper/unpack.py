"""A lab made like a pack, by the differences to what is there: a new twin, and the way back of one that runs.

Runs in a child of the keeper's. What somebody else wrote has been read by its schema and checked; each field
is made anew here, and the kernel has the last word: what it refuses is told, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from netlab.engines import base_lab
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.keeper.cables import DAD, Cables, Links, Site
from netlab.keeper.places import Place
from netlab.keeper.populate import Order
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter
from netlab.linux.ruleset import iptables, native
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
    ) -> None:
        self.places, self.read, self.populate = places, read, populate
        self.play, self.unchanged = play, unchanged


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
    if _populate(wanted, workshop):
        now = None
    refusals = Refusals()
    with ExitStack() as stack:
        found = workshop.places()
        have = now or workshop.read(found)
        sites = _open(wanted, found, stack)
        _set_namespaces(sites, have, workshop.unchanged)
        wanted, cables = _lay_cables(wanted, sites, have, refusals)
        wanted = outside.world(wanted)
        sites = {node.name: replace(sites[node.name], node=node) for node in wanted.nodes}
        for site in sites.values():
            # An address may need a setting.
            _set_links(site, have.node(site.node.name), workshop.unchanged, refusals)
            _furnish(site, refusals)
        cables.finish(workshop.unchanged)
        for site in sites.values():
            node = reconcile.Node(site.kernel, site.node, refusals)
            node.neighbours()  # of which a change of their link may let the kernel forget some
            node.fdb()
            _rules(site, have.node(site.node.name), refusals)
        ports = {port for node in wanted.nodes if node.container for port in node.container.ports}
        to_play = [(site.fd, _without_proxies(site.node, ports)) for site in sites.values()]
        refusals.lines += workshop.play(to_play)
    return replace(wanted, remarks=tuple(dict.fromkeys((*wanted.remarks, *refusals.lines))))


def _without_proxies(node: pack.Node, published: Collection[str]) -> tuple[pack.Listener, ...]:
    """The listeners but those of published ports: containers bring their proxies with them."""
    taken = {(port.partition("/")[2], port.rpartition(":")[0].rpartition(":")[2]) for port in published}
    return tuple(
        each
        for each in node.listeners
        if each.program != PROXY or (each.protocol, str(each.port)) not in taken
    )


def give_names(found: pack.Pack) -> pack.Pack:
    """A namespace without a name, in which some process lives, has a name in the twin."""
    nodes = tuple(replace(n, kind="netns") if n.kind == "process" else n for n in found.nodes)
    return replace(found, nodes=nodes)


# -- the namespaces


def _populate(wanted: pack.Pack, workshop: Workshop) -> bool:
    """Make the namespaces that are missing, and end the others; whether there were any."""
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
    if order.is_empty():
        return False
    workshop.populate(order)
    return True


def _open(wanted: pack.Pack, places: Iterable[Place], stack: ExitStack) -> dict[str, Site]:
    """Every node's namespace, held open."""
    by_name = {(place.kind, place.name): place for place in places}
    sites = {}
    for node in wanted.nodes:
        place = by_name[node.kind, node.name]
        fd = stack.enter_context(place.hold())
        sites[node.name] = Site(node, fd, stack.enter_context(RouteSocket(fd)))
    return sites


def _set_namespaces(sites: Mapping[str, Site], have: pack.Pack, unchanged: Mapping[str, str]) -> None:
    """First of all: new links take over what is set here."""
    for name, site in sites.items():
        now = have.node(name)
        settings.check(site.node.settings)
        with enter(site.fd):
            settings.assure(settings.differences(now.settings if now else {}, site.node.settings, unchanged))


# -- what is in them


def _lay_cables(
    wanted: pack.Pack, sites: Mapping[str, Site], have: pack.Pack, refusals: Refusals
) -> tuple[pack.Pack, Cables]:
    there: Links = {
        (node.name, link.index): link for node in have.nodes for link in node.links if node.name in sites
    }
    for _round in range(ROUNDS):
        here = {node.name: replace(sites[node.name], node=node) for node in wanted.nodes}
        cables = Cables(here, there, refusals)
        cables.make()
        if not cables.lacking:
            break
        wanted = outside.cables(wanted, cables.lacking)
    return wanted, cables


def _furnish(site: Site, refusals: Refusals) -> None:
    node = reconcile.Node(site.kernel, site.node, refusals)
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
    with enter(site.fd):
        refused = settings.assure(values)
    refusals.lines += [f"{site.node.name}: {name}" for name in refused]


def _rules(site: Site, have: pack.Node | None, refusals: Refusals) -> None:
    """All of a namespace's rules anew, where they are not the wanted ones."""
    node = site.node
    if (have.tables, have.native) == (node.tables, node.native) if have else not (node.tables or node.native):
        return
    if have and (have.tables or have.native):
        base_lab.clear_legacy(site.fd)
        with Netfilter(site.fd) as netfilter:
            netfilter.flush()
    with enter(site.fd):
        for family in iptables.COMMANDS:
            for backend in iptables.BACKENDS:
                tables = [t for t in node.tables if (t.family, t.backend) == (family, backend)]
                if tables:
                    refused = iptables.restore(tables, family, backend)
                    refusals.lines += [f"{node.name}: {line}" for line in refused]
        refusals.lines += [f"{node.name}: {line}" for line in native.restore(node.native)]
