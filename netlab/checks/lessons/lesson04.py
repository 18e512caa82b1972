"""What the steps of lesson 04, onto docker0, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.bridge import BridgeAddress, ForwardAccepts, Masquerades, NoAddress, PortOf
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.links import HasAddress, IsUp
from netlab.checks.expectations.reachability import DoesNotReach, Reaches, route_to_port
from netlab.checks.lessons.lesson01 import WHO
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST, OUTSIDE
from netlab.i18n import N_

GATEWAY = "172.17.0.1"

REWRITES = {
    "destination": N_(
        "That would be DNAT, what published ports (-p) use. Here the container speaks first: "
        "which address has to be one that an answer can find?"
    ),
    "mac": N_(
        "MAC addresses change at every hop anyway, with no firewall. MASQUERADE is about an IP address."
    ),
    "nothing": N_("Look at its source column: it is for packets from 172.17.0.0/16. And at its name."),
}

CHECKS = (
    Check("04.1", (ContainerRunning(), NoAddress(), BridgeAddress(GATEWAY), HasAddress("172.17.1.2", 16))),
    Check(
        "04.2",
        (
            Predicted("04.2"),
            PortOf("docker0"),
            IsUp(),
            Reaches(CONTAINER, GATEWAY, owner=HOST, clues=(route_to_port,)),
        ),
        needs=("04.1",),
    ),
    Check("04.3", (ForwardAccepts(), Masquerades(), Answered("04.3", REWRITES))),
    Check(
        "04.4",
        (Predicted("04.4"), DoesNotReach(CONTAINER, OUTSIDE), Answered("04.4", WHO)),
        needs=("04.2", "04.3"),
    ),
)
