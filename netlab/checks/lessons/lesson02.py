"""What the steps of lesson 02, an empty namespace, must have achieved."""

from netlab.checks.expectations.answers import Answered, Predicted
from netlab.checks.expectations.containers import ContainerRunning, Named, OnlyLoopback
from netlab.checks.runner import Check
from netlab.i18n import N_

UNREACHABLE = {
    "lost": N_("A lost packet makes ping wait a second. Did this one wait, or was there an error at once?"),
    "answered": N_("No interface, no route: look at the first line again."),
}

CHECKS = (
    Check("02.1", (ContainerRunning(), OnlyLoopback())),
    Check("02.2", (Predicted("02.2"), Answered("02.2", UNREACHABLE)), needs=("02.1",)),
    Check("02.3", (Named(),), needs=("02.1",)),
)
