"""A lab that is changed while it is read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from netlab.keeper.places import Place
from netlab.keeper.twin import READS, Twin
from netlab.model import pack
from netlab.model.outside import empty

WHOLE = pack.Pack("lab", nodes=(empty("host", "host"),))
TORN = pack.Pack("lab", nodes=())  # as if its host had gone meanwhile


class Busy(Twin):
    """Of a lab that is whole only at the last of so many looks."""

    def __init__(self, torn: int) -> None:
        self.torn, self._origin = torn, _Never()  # type: ignore[assignment]
        self._places = lambda: []

    def _read(self, places: Sequence[Place]) -> pack.Pack:
        self.torn -= 1
        return WHOLE if self.torn < 0 else TORN


class _Never:
    """Nothing has been unpacked."""

    def read(self) -> None:
        """Of no origin."""


@pytest.mark.parametrize("torn", [0, 1, READS - 1])
def test_what_changes_while_it_is_read_is_read_again(torn: int) -> None:
    """Half of a change is no network: nobody could build it."""
    assert Busy(torn).pack() == WHOLE


def test_what_never_is_whole_is_told_as_it_is() -> None:
    """Whoever builds it says what is wrong with it."""
    assert Busy(READS).pack() == TORN
