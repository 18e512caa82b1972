"""What a capture says about a prediction. Pure: works on frozen captures only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from netlab.display import Printer, pad
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import Question
from netlab.model import Captured, Frame, Point

ETHERNET, IPV4, ICMP = 14, 0x0800, 1
ECHO_REPLY, ECHO_REQUEST = 0, 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """A prediction beside what happened."""

    question: str
    predicted: str
    happened: str
    agree: bool

    @property
    def verdict(self) -> str:
        """Whether it happened as predicted, in words."""
        return (
            _("= as predicted")
            if self.agree
            else _("≠ not as predicted: this is where there is something to learn")
        )

    def __str__(self) -> str:
        lines = [f"{pad(label, 10)} {text}" for label, text in self._lines()]
        return "\n".join([*lines, self.verdict])

    def _lines(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return (_("You said:"), self.predicted), (_("It showed:"), self.happened)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        rows = "".join(f"<div><strong>{label}</strong> {escape(text)}</div>" for label, text in self._lines())
        return (
            f"<div style='border-left:.4em solid #5b6b7b;padding:.2em 1em'>{rows}{escape(self.verdict)}</div>"
        )


def compare(question: Question, predicted: str, capture: Captured) -> Comparison:
    """The prediction beside what that capture shows."""
    key = outcome(question.observe, capture)
    said = question.options.get(predicted, _("nothing yet"))
    return Comparison(question.text, said, question.options.get(key, key), predicted == key)


def outcome(observe: str, capture: Captured) -> str:
    """What happened to the pings in a capture, in the words of the question's options."""
    echoes = list(_echoes(capture))
    requests = [echo for echo in echoes if echo.type == ECHO_REQUEST]
    inside = [e for e in requests if e.frame.point.node not in ("host", "internet")]
    if not inside:
        raise BadInput(
            _("The capture holds no ping from the container."),
            _("Put the ping into the with-block, and run that cell first."),
        )
    own = {echo.key for echo in inside}
    if observe == "last seen":
        seen = {echo.frame.point for echo in requests if echo.key in own}
        return _place([point for point in capture.points if point in seen][-1])
    if observe == "source outside":
        outside = [e for e in requests if e.key in own and _place(e.frame.point) == "host eth0"]
        return outside[0].source if outside else _("nothing was seen on the lab host's eth0")
    home = {e.frame.point for e in inside}
    back = any(e.type == ECHO_REPLY and e.key in own and e.frame.point in home for e in echoes)
    return "answered" if back else "lost"


@dataclass(frozen=True, slots=True)
class _Echo:
    frame: Frame
    type: int
    key: tuple[int, int]  # identifier and sequence number
    source: str


def _echoes(capture: Captured) -> Iterator[_Echo]:
    for frame in capture.frames:
        echo = _echo(frame)
        if echo:
            yield echo


def _echo(frame: Frame) -> _Echo | None:
    data = frame.data
    if len(data) < ETHERNET + 28 or struct.unpack_from("!H", data, 12)[0] != IPV4:
        return None
    start = ETHERNET + (data[ETHERNET] & 15) * 4
    if data[ETHERNET + 9] != ICMP or len(data) < start + 8 or data[start] not in (ECHO_REPLY, ECHO_REQUEST):
        return None
    source = socket.inet_ntoa(data[ETHERNET + 12 : ETHERNET + 16])
    return _Echo(frame, data[start], struct.unpack_from("!HH", data, start + 4), source)


def _place(point: Point) -> str:
    """A point in the words of lesson 05's options."""
    if point.node == "internet":
        return "internet"
    if point.node == "host":
        return "host eth0" if point.interface == "eth0" else point.interface
    return f"container {point.interface}"
