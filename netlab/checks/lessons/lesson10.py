"""What the steps of lesson 10, the gym, must have achieved."""

from netlab.checks.expectations.gym import CauseNamed, PlaceFound, ProofGiven, Repaired, SymptomSeen
from netlab.checks.runner import Check

CHECKS = (
    Check("10.1", (SymptomSeen("10.1"),)),
    Check("10.2", (PlaceFound("10.2"),)),
    Check("10.3", (CauseNamed("10.3"),)),
    Check("10.4", (ProofGiven("10.4"),), needs=("10.3",)),
    Check("10.5", (Repaired(),)),
)
