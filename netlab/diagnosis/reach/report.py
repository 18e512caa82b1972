"""What came of the question who reaches whom, as what shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from netlab.diagnosis.reach.answer import Reach
from netlab.diagnosis.reach.text import as_text
from netlab.display import Printer


@dataclass(frozen=True, slots=True)
class Report(Reach):
    """As text, in a terminal and in a notebook."""

    def __str__(self) -> str:
        return as_text(self)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"
