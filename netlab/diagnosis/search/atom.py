"""One thing that somebody has set in a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlab.diagnosis.verdict import Cure
from netlab.model import pack

Without = Callable[[pack.Node], pack.Node]


@dataclass(frozen=True, slots=True)
class Atom:
    """One thing of a node. Taking away what is of a `harmless` kind can close nothing that was open."""

    node: str
    cause: str  # what it would be, if it is at fault: a code of netlab.diagnosis.causes
    text: str
    cure: tuple[Cure, ...]
    without: Without
    harmless: bool = False
    setting: str = ""  # as sysctl(8) calls it: which value it then has, is seen when it has it
