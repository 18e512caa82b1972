"""What the steps of lesson 12, names, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.names import InOneNetwork, PassedOn, Resolves, query_drop
from netlab.checks.expectations.reachability import to_the_outside
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, INTERNET
from netlab.i18n import N_

NAME, SHORT = "example.com", "example"
TOGETHER = InOneNetwork("web", "db")

WHO_SAYS_IT = {
    "server": N_("A server that had been reached would be seen in the capture. Which packets left?"),
    "router": N_(
        "No packet came as far as a router. And “unreachable” is said by whoever has no route; here "
        "routes were never asked about example.com."
    ),
}
WHAT_WAS_SEEN = {
    "query": N_("Then ping would have waited for ten seconds. Read the line that follows the question."),
    "nothing": N_("That can be so elsewhere, but here tcpdump prints more than its first lines."),
}

CHECKS = (
    Check("12.1", (ContainerRunning(), to_the_outside(), Predicted("12.1"), Answered("12.1", WHO_SAYS_IT))),
    Check("12.2", (ContainerRunning(), Resolves(CONTAINER, NAME, INTERNET))),
    Check(
        "12.3",
        (Predicted("12.3"), ContainerRunning("other"), Resolves("other", NAME, INTERNET, (query_drop,))),
    ),
    Check(
        "12.4", (Answered("12.4", WHAT_WAS_SEEN), ContainerRunning(), Resolves(CONTAINER, SHORT, INTERNET))
    ),
    Check(
        "12.5",
        (
            Predicted("12.5"),
            ContainerRunning("db"),
            ContainerRunning("web"),
            Resolves("web", "db", "db", (TOGETHER,), TOGETHER),
            Resolves("web", NAME, INTERNET, (PassedOn("web"),)),
        ),
    ),
)
