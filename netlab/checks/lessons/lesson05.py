"""What the steps of lesson 05, where does it die, and the fix, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.reachability import Reaches, to_the_outside
from netlab.checks.runner import Check
from netlab.checks.world import HOST, OUTSIDE
from netlab.i18n import N_

LAST_SEEN = {
    "container eth0": N_("It is seen there, and once more further on: listen at veth_host too."),
    "veth_host": N_("It is seen there, and further on: veth_host is a port, and the bridge hands it up."),
    "host eth0": N_(
        "Whose packets were those? If the source was 192.0.2.10, they were the lab host's "
        "own pings. Let only the container ping."
    ),
}

SUSPECTS = {
    "route": N_("`ip route get 39.106.233.176` finds one: default via 192.0.2.1."),
    "firewall": N_(
        "Look at the counters with `iptables -L FORWARD -v -n` before and after a ping: they "
        "do not move. A rule that never sees a packet cannot drop it."
    ),
    "nat": N_("`iptables -t nat -S POSTROUTING` shows it. Without it the requests would still leave."),
}

SOURCES = {
    "172.17.1.2": N_("That is what it carries on docker0. Listen on the lab host's eth0."),
    "172.17.0.1": N_("docker0's address is in no packet here: a router passes on, it does not sign."),
}

CHECKS = (
    Check("05.1", (ContainerRunning(), Predicted("05.1"), Answered("05.1", LAST_SEEN))),
    Check("05.2", (Answered("05.2", SUSPECTS),), needs=("05.1",)),
    Check("05.3", (to_the_outside(), Reaches(HOST, OUTSIDE))),
    Check("05.4", (Predicted("05.4"), Answered("05.4", SOURCES)), needs=("05.3",)),
)
