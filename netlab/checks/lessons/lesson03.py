"""What the steps of lesson 03, a veth pair, must have achieved."""

from netlab.checks.expectations.answers import Predicted
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.default_route import DefaultRoute
from netlab.checks.expectations.links import HasAddress, HostEnd, Inside, IsUp, VethPair
from netlab.checks.expectations.reachability import Reaches, two_routes
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST

NEIGHBOUR = "172.17.1.1"

CHECKS = (
    Check("03.1", (ContainerRunning(), VethPair())),
    Check("03.2", (Inside(),), needs=("03.1",)),
    Check("03.3", (HasAddress("172.17.1.2", 16), IsUp()), needs=("03.2",)),
    Check("03.4", (DefaultRoute("172.17.0.1"),), needs=("03.3",)),
    Check(
        "03.5",
        (
            Predicted("03.5"),
            HostEnd(NEIGHBOUR),
            Reaches(CONTAINER, NEIGHBOUR, owner=HOST, clues=(two_routes,)),
        ),
        needs=("03.3",),
    ),
)
