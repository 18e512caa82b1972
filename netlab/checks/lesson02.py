"""What the steps of lesson 02, an empty namespace, must have achieved."""

from netlab.checks.containers import ContainerRunning, Named, OnlyLoopback
from netlab.checks.learner import Answered, Predicted
from netlab.checks.story import Check
from netlab.language import N_

UNREACHABLE = {
    "lost": N_("A lost packet makes ping wait a second. Did this one wait, or was there an error at once?"),
    "answered": N_("No interface, no route: look at the first line again."),
}

CHECKS = (
    Check("02.1", (ContainerRunning(), OnlyLoopback())),
    Check("02.2", (Predicted("02.2"), Answered("02.2", UNREACHABLE)), needs=("02.1",)),
    Check("02.3", (Named(),), needs=("02.1",)),
)
