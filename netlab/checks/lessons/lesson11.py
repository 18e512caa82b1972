"""What the steps of lesson 11, without ip, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.bridge import PortOf
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.default_route import DefaultRoute
from netlab.checks.expectations.links import HasAddress, Inside, IsUp
from netlab.checks.expectations.reachability import Reaches, to_the_outside
from netlab.checks.expectations.second_container import Connected
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST, OUTSIDE
from netlab.i18n import N_

GATEWAY = "172.17.0.1"

TIMES_TO_LIVE = {
    "64": N_(
        "That is what it left the far end with. Who has passed it on since, and what does a router do to it?"
    ),
    "62": N_(
        "That would be two routers. Count those on the way back: who forwards between eth0 and docker0?"
    ),
}

CHECKS = (
    Check("11.1", (ContainerRunning(), Inside())),
    Check("11.2", (PortOf("docker0"), IsUp()), needs=("11.1",)),
    Check(
        "11.3",
        (HasAddress("172.17.1.2", 16), DefaultRoute(GATEWAY), Reaches(CONTAINER, GATEWAY, owner=HOST)),
        needs=("11.2",),
    ),
    Check("11.4", (Predicted("11.4"), to_the_outside()), needs=("11.3",)),
    Check("11.5", (Answered("11.5", TIMES_TO_LIVE),), needs=("11.4",)),
    Check("11.6", (Connected("other", GATEWAY), Reaches("other", OUTSIDE))),
)
