"""What the steps of lesson 06, from the outside in, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.bridge import no_masquerade
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.published_ports import (
    LetThrough,
    Rewritten,
    RouteBack,
    Serves,
    no_proxy_arp,
    no_way_in,
    not_forwarding,
    raw_drop,
)
from netlab.checks.expectations.reachability import Reaches, forward_drop
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST, INTERNET, OUTSIDE
from netlab.i18n import N_

FIRST, SERVER, ROUTED, OFFICE = "172.17.0.2", "172.17.0.2:80", "172.17.200.2", "office"
PUBLIC = "192.0.2.10"

WHO_ROUTES = {
    "the lab host": N_("The lab host knows its containers already. The question is who sends it anything."),
    "my provider": N_(
        "Then your provider's customers reach you. Others ask another provider, who knows "
        "nothing of your 172.17.0.0/16; and his own customers have one each, too."
    ),
    "nobody": N_("The kernel of `internet` said: Network is unreachable. So something is missing there."),
}
WHERE = {
    "PREROUTING": N_("There stands a jump, -j DOCKER: the rule that rewrites is where the jump leads."),
    "POSTROUTING": N_("There sources are rewritten, on the way out. A destination must be known earlier."),
    "FORWARD": N_("FORWARD belongs to the table filter: it lets through or drops, and rewrites nothing."),
}
BY_HAND = (Rewritten("PREROUTING", 8080, SERVER), not_forwarding, forward_drop, LetThrough("eth0", "docker0"))
OUT_OF_CALI0 = (
    no_proxy_arp,
    RouteBack(ROUTED, "cali0"),
    LetThrough("cali0", "eth0"),
    LetThrough("eth0", "cali0"),
    forward_drop,
    no_masquerade,
)

CHECKS = (
    Check(
        "06.1",
        (
            ContainerRunning(),
            Reaches(
                OFFICE,
                FIRST,
                owner=CONTAINER,
                clues=(no_way_in, not_forwarding, raw_drop, forward_drop, LetThrough("eth1", "docker0")),
            ),
            Answered("06.1", WHO_ROUTES),
        ),
    ),
    Check(
        "06.2",
        (Predicted("06.2"), ContainerRunning(), Serves(INTERNET, PUBLIC, 8080, CONTAINER, BY_HAND)),
    ),
    Check(
        "06.3",
        (Predicted("06.3"), Serves(HOST, PUBLIC, 8080, CONTAINER, (Rewritten("OUTPUT", 8080, SERVER),))),
        needs=("06.2",),
    ),
    Check(
        "06.4",
        (ContainerRunning("web"), Serves(INTERNET, PUBLIC, 8081, "web"), Answered("06.4", WHERE)),
    ),
    Check(
        "06.5",
        (
            Predicted("06.5"),
            ContainerRunning("routed"),
            Reaches("routed", OUTSIDE, clues=OUT_OF_CALI0),
            Reaches(OFFICE, ROUTED, owner="routed", clues=(no_way_in, LetThrough("eth1", "cali0"))),
        ),
    ),
)
