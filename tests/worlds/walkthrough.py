"""Walkthroughs as people find them, played as printed: what is typed, and what that is said to print.

A file of `walkthroughs/` begins with fields (`title:`, `host:` plain or docker, `tool:` a real one;
`refused:` what this kernel says to it where it lacks something, `why:` the reason). Then come the lines:
`$ ` is typed, `$! ` is typed and fails, `> ` goes on, and what follows has to be printed, each line somewhere
in the output, in that order; `…` stands for anything, blanks count once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from netlab.lab import Lab
from tests.support.need import TOOLS

FOLDER = Path(__file__).parent / "walkthroughs"
MARK = "@@ "
SECONDS = 60.0
# Who types takes a moment, in which a server has begun: what asks one is tried again for some seconds.
ASKS = re.compile(r"\b(curl|wget|nc|nslookup)\b")
TRIES = 60
SHELL = """\
play() { # NUMBER, how often, whether it fails, LINE, which may change $1
    _number=$1 _tries=$2 _fails=$3 _line=$4 _try=0
    while eval "$_line" >/tmp/.said 2>&1 </dev/null; _status=$?; _try=$((_try + 1)); do
        if [ $_status = 0 ]; then _is=; else _is=yes; fi
        if [ "$_is" = "$_fails" ] || [ $_try -ge $_tries ]; then break; fi
        sleep 0.1
    done
    printf '\\n@@ %s %s\\n' $_number $_status
    cat /tmp/.said
    [ "$_is" = "$_fails" ] || exit 1
}
"""


@dataclass
class Line:
    """One that is typed, with what it is to print."""

    text: str
    fails: bool
    printed: list[str] = field(default_factory=list)


@dataclass
class Walkthrough:
    """One file."""

    name: str
    fields: dict[str, str]
    lines: list[Line]


@cache
def walkthroughs() -> tuple[Walkthrough, ...]:
    """All, by name."""
    return tuple(read(path) for path in sorted(FOLDER.glob("*.txt")))


def read(path: Path) -> Walkthrough:
    """One file. ValueError where it does not begin as it should."""
    head, _, body = path.read_text().partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    lines: list[Line] = []
    for text in body.splitlines():
        if text.startswith(("$ ", "$! ")):
            lines.append(Line(text.partition(" ")[2], text.startswith("$!")))
        elif text.startswith(">"):
            lines[-1].text += f"\n{text[2:]}"
        elif text:
            lines[-1].printed.append(text)
    return Walkthrough(path.stem, fields, lines)


def play(lab: Lab, one: Walkthrough) -> str:
    """Type it all in one shell; the first line that is not as printed with what it said, "" if all are."""
    script = f"PATH=$PATH:{TOOLS}/usr/sbin\n{SHELL}"
    for number, line in enumerate(one.lines):
        tries = TRIES if ASKS.search(line.text) and not line.fails else 1
        script += f"play {number} {tries} '{'yes' if line.fails else ''}' {_quote(line.text)}\n"
    done = lab.run(["bash", "-c", script], timeout=SECONDS)
    said = _sections(done.stdout)
    for number, line in enumerate(one.lines):
        status, output = said.get(number, (-1, "it was not come to"))
        if (status != 0) != line.fails or not is_as_printed(output, line.printed):
            return f"$ {line.text}: status {status}, {output!r}, not {line.printed}"
    return ""


def is_as_printed(output: str, printed: list[str]) -> bool:
    """Whether each of those lines is in the output, one behind the other."""
    flat, at = " ".join(output.split()), 0
    for line in printed:
        pattern = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        found = re.compile(pattern).search(flat, at)
        if not found:
            return False
        at = found.end()
    return True


def _sections(text: str) -> dict[int, tuple[int, str]]:
    found: dict[int, tuple[int, str]] = {}
    for section in text.split(f"\n{MARK}")[1:]:
        first, _, output = section.partition("\n")
        number, status = map(int, first.split())
        found[number] = status, output
    return found


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
