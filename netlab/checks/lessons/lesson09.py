"""What the steps of lesson 09, sometimes it drops, must have achieved.

The numbers of probes. Where the fault is left, all are answered by chance:
  09.2  300 probes; one in twenty lost, the kindest dice that a wrong turn leaves: 0.95^300, 2 in ten million
  09.3  30 of 1042 bytes in 0.3 s: 31 kB, where 7.5 kB can leave and 3 kB wait: never
  09.4  8 connections at once through 4 ports (6 in a wrong turn): never
  09.5  150 probes in 1.5 s; the cable is away for 0.15 s of every 0.5 s (1 s on a busy machine): never
And where it is cured, no probe is lost: nothing else drops packets in a lab, and eight calls fit into the
queue of a server that is slow to take them (ten, with busybox's httpd).
"""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.bridge import no_masquerade
from netlab.checks.expectations.loss import NothingLost, OldNote, OneOwner, PortUp, dice, few_ports, port_down
from netlab.checks.expectations.published_ports import Serves, not_forwarding
from netlab.checks.runner import Check
from netlab.checks.world import CONTAINER, HOST, OUTSIDE
from netlab.i18n import N_

OFFICE, SHOP, PRINTER = "198.51.100.2", "172.17.0.7", "172.17.0.9"
TOO_SLOW = 200.0  # milliseconds; the queue that the lesson begins with keeps nothing longer than 120

HOW_MANY = {
    "20": N_("20 probes, none lost: the band reaches to 16 %."),
    "100": N_("100 probes, none lost: the band reaches to 3.7 %. Try it: the last line says so."),
    "5000": N_("That is more than enough. Look where the band falls below 1 %."),
}
COUNTED = {
    "rule": N_("Read it before and after: no rule that drops, rejects or throws dice has counted more."),
    "queue": N_("`tc -s qdisc` before and after: its dropped does not move."),
    "conntrack": N_("`conntrack -S` before and after: neither insert_failed nor drop moves."),
    "link": N_("`ip -s -s link` before and after: no error, and no change of the carrier."),
    "none": N_("One of them does move. Look, send the probes once more, and look again."),
}
TO_SHOP = (PortUp("veth_shop"), port_down)
OLD_NOTE = (OldNote(PRINTER, "printer"),)

CHECKS = (
    Check("09.1", (Predicted("09.1"), Answered("09.1", HOW_MANY))),
    Check(
        "09.2",
        (
            NothingLost(CONTAINER, OUTSIDE, 300, 0.001, clues=(not_forwarding, dice)),
            Answered("09.2", COUNTED),
        ),
    ),
    Check(
        "09.3",
        (
            Predicted("09.3"),
            NothingLost(CONTAINER, OFFICE, 30, 0.01, size=1000, slow=TOO_SLOW),
            Answered("09.3", COUNTED),
        ),
    ),
    Check(
        "09.4",
        (
            Predicted("09.4"),
            NothingLost(CONTAINER, OFFICE, 8, port=80, clues=(no_masquerade, few_ports)),
            Answered("09.4", COUNTED),
        ),
    ),
    Check(
        "09.5",
        (
            Predicted("09.5"),
            NothingLost(HOST, SHOP, 150, 0.01, flaps=True, clues=TO_SHOP),
            Answered("09.5", COUNTED),
        ),
    ),
    Check(
        "09.6",
        (
            OneOwner(PRINTER, "printer"),
            Serves(HOST, PRINTER, 80, "printer", OLD_NOTE),
            Serves(CONTAINER, PRINTER, 80, "printer", OLD_NOTE),
            Answered("09.6", COUNTED),
        ),
    ),
)
