"""A fault of each cause where containers, docker0 and its rules are Docker's own.

All are broken and cured in the tier `kernel`, since what tells them apart does not depend on the engine.
What might depend on it, processes, wiring and Docker's chains, has a fault of each kind here.
"""

from __future__ import annotations

import pytest

from netlab import faults
from netlab.faults.fault import Fault
from netlab.lab import Lab
from tests.kernel.faults import test_catalogue as every_fault

OF_EACH_CAUSE = {fault.cause: fault for fault in reversed(faults.catalogue())}


@pytest.mark.parametrize("fault", OF_EACH_CAUSE.values(), ids=lambda fault: fault.name)
def test_broken_named_cured_and_as_before(lab: Lab, fault: Fault) -> None:
    """As in the tier `kernel`: place and cause are right and proved, and both cures mend it."""
    every_fault.test_broken_named_cured_and_as_before(lab, fault)
