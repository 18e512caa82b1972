"""What the steps of lesson 08, an overlay between two hosts, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.containers import ContainerRunning
from netlab.checks.expectations.reachability import Reaches, forwarding_off
from netlab.checks.expectations.vxlan import (
    ADDRESSES,
    FAR,
    INSIDE,
    OTHER_HOST,
    Flooded,
    FullSizeFits,
    Learned,
    RouteTo,
    TunnelEnds,
)
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST
from netlab.i18n import N_

WHO_SENDS = {
    "host": N_("That is the outer packet. Read tcpdump's second line: there is one more inside."),
    "container": N_("That is the inner packet. Read tcpdump's first line: what carries it, and from whom?"),
}
WHEN = {
    "always": N_(
        "The hosts here are neighbours, so one route each is enough. Put a router that is not yours "
        "between them: what does it know about 10.2.0.0/24?"
    ),
    "never": N_("Count the bytes on the cable once more: the routed packet is 50 shorter, and it arrives."),
}
BYTES = {
    "8": N_("That is the VXLAN header alone. It travels in UDP and IP, and carries a whole frame."),
    "36": N_("Outer IP, UDP and VXLAN: 20 + 8 + 8. The frame that is carried has an Ethernet header, too."),
    "28": N_("That is IP and UDP. Behind them stand VXLAN's own header and that of the frame inside."),
}
WAYS = (
    RouteTo(HOST, "10.2.0.0/24", ADDRESSES[OTHER_HOST]),
    RouteTo(OTHER_HOST, "10.1.0.0/24", ADDRESSES[HOST]),
    forwarding_off,
)
TOLD = (Flooded(HOST, OTHER_HOST), Flooded(OTHER_HOST, HOST))

CHECKS = (
    Check("08.1", (ContainerRunning(), TunnelEnds())),
    Check(
        "08.2",
        (
            Predicted("08.2"),
            Reaches(CONTAINER, INSIDE[FAR], owner=FAR, clues=TOLD),
            Answered("08.2", WHO_SENDS),
        ),
        needs=("08.1",),
    ),
    Check("08.3", (Reaches(CONTAINER, INSIDE[FAR], owner=FAR, clues=TOLD), Learned()), needs=("08.1",)),
    Check(
        "08.4",
        (
            Predicted("08.4"),
            FullSizeFits(CONTAINER, FAR),
            FullSizeFits(FAR, CONTAINER),
            Answered("08.4", BYTES),
        ),
        needs=("08.2",),
    ),
    Check(
        "08.5",
        (
            Reaches(
                CONTAINER,
                "10.2.0.2",
                owner=FAR,
                clues=WAYS,
            ),
            Answered("08.5", WHEN),
        ),
    ),
)
