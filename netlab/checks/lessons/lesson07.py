"""What the steps of lesson 07, macvlan and ipvlan, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.bridge import no_masquerade
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.macvlan import Apart, OnCable, Settled, shim
from netlab.checks.expectations.published_ports import not_forwarding
from netlab.checks.expectations.reachability import Reaches, forward_drop
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST, INTERNET, OUTSIDE
from netlab.i18n import N_

FIRST, WEB = "192.0.2.101", "192.0.2.150"
SETTLED = (Settled(CONTAINER),)

RULES = {
    "dnat": N_("`iptables -t nat -S` before and after: nothing new. The address itself is known outside."),
    "masquerade": N_("Nobody rewrites anything: internet sees 192.0.2.150 itself."),
    "forward": N_("The lab host does not forward these packets: they pass below its IP."),
}
QUICKER = {
    "bridged": N_("Count the devices: cable, bridge, forwarding, NAT, eth0. Each of them takes its time."),
    "same": N_("Look at the two medians. If the machine is busy, measure again with count=1000."),
}

CHECKS = (
    Check(
        "07.1",
        (
            Predicted("07.1"),
            ContainerRunning(),
            OnCable(CONTAINER),
            Reaches(CONTAINER, OUTSIDE, clues=SETTLED),
            Reaches(INTERNET, FIRST, owner=CONTAINER, clues=SETTLED),
        ),
    ),
    Check(
        "07.2",
        (Predicted("07.2"), Reaches(HOST, FIRST, owner=CONTAINER, clues=(shim,))),
        needs=("07.1",),
    ),
    Check("07.3", (Predicted("07.3"), Apart("two", CONTAINER, FIRST)), needs=("07.1",)),
    Check(
        "07.4",
        (
            ContainerRunning("web"),
            OnCable("web"),
            Reaches(INTERNET, WEB, owner="web", clues=(Settled("web"),)),
            Answered("07.4", RULES),
        ),
    ),
    Check(
        "07.5",
        (
            ContainerRunning("bridged"),
            Reaches("bridged", OUTSIDE, clues=(not_forwarding, forward_drop, no_masquerade)),
            Answered("07.5", QUICKER),
        ),
    ),
)
