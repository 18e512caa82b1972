"""What a lesson answers in a notebook: a short card that reads the same as text and on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Protocol


class Printer(Protocol):
    """What IPython hands to `_repr_pretty_`."""

    def text(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Card:
    """A title, and lines of text under it; code lines are set in the typeface of commands."""

    title: str
    lines: tuple[str, ...] = ()
    code: str = ""

    def __str__(self) -> str:
        indented = [f"  {line}" for line in (*self.lines, *self.code.splitlines())]
        return "\n".join([self.title, *indented])

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{escape(line)}</div>" for line in self.lines)
        code = f"<pre style='margin:.3em 0'>{escape(self.code)}</pre>" if self.code else ""
        return (
            "<div style='border-left:.4em solid #5b6b7b;padding:.2em 1em'>"
            f"<strong>{escape(self.title)}</strong>{lines}{code}</div>"
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure for the page, made when a page shows it, with the text that says the same without eyes."""

    html: Callable[[], str]
    alt: str

    def __str__(self) -> str:
        return self.alt

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(self.alt)

    def _repr_html_(self) -> str:
        return self.html()
