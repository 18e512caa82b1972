"""What the steps of lesson 01, the problem, must have achieved."""

from netlab.checks.expectations.answers import Answered, NamesOtherEnd, Predicted
from netlab.checks.expectations.containers import ContainerRunning, OnBridge
from netlab.checks.expectations.reachability import DoesNotReach
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, OUTSIDE
from netlab.i18n import N_

WHO = {
    "both": N_("Look at the last line of the container's ping: how many were received?"),
    "container only": N_("It is the other way round: check which of the two pings ran in the container."),
    "neither": N_("Look at the last lines of the lab host's own ping: how many were received?"),
}

CHECKS = (
    Check("01.1", (ContainerRunning(), OnBridge())),
    Check(
        "01.2", (Predicted("01.2"), DoesNotReach(CONTAINER, OUTSIDE), Answered("01.2", WHO)), needs=("01.1",)
    ),
    Check("01.3", (NamesOtherEnd("01.3"),), needs=("01.1",)),
)
