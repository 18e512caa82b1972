"""Which addresses the containers of a network get."""

from __future__ import annotations

import pytest

from netlab.engines.namespaces.networks import Network, address_in
from netlab.errors import EngineError

STREET = Network("0" * 64, "street", "192.0.2.0/29", "192.0.2.1", "eth0")


def test_the_first_free_address_is_nobody_elses() -> None:
    """Not the network's own, not its gateway's, not the broadcast address, none that is taken."""
    taken: list[str] = []
    while len(taken) < 5:
        taken.append(address_in(STREET, "", taken))
    assert taken == [f"192.0.2.{number}" for number in range(2, 7)]
    with pytest.raises(EngineError, match="no available"):
        address_in(STREET, "", taken)


@pytest.mark.parametrize("wanted", ["192.0.2.1", "192.0.2.3", "192.0.2.9"])
def test_an_address_that_cannot_be_had_is_refused(wanted: str) -> None:
    """The gateway's, one that is taken, one of another network."""
    with pytest.raises(EngineError):
        address_in(STREET, wanted, ["192.0.2.3"])
    assert address_in(STREET, "192.0.2.4", ["192.0.2.3"]) == "192.0.2.4"
