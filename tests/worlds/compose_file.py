"""Compose files with what the compose specification says of them: who reaches whom, and where ports lead.

The first lines of a file of `compose_files/` are comments that say it:
`# reach WHO: NAMES`   what a service reaches by name or address, and nothing else that is spoken of; `out` is
                       39.106.233.176
`# names NAMES`        further names that are tried
`# port N: SERVICE`    who answers on the host at that port; `-` for nobody; `# outside N: …` from outside
`# body N: TEXT`       what stands there
`# before COMMAND`     what is there before
`# refused LINE: WORD` the file needs more than there is, and which line does; `-`: none
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "compose_files"
OUT = "39.106.233.176"


@dataclass
class ComposeFile:
    """One file, and what holds of it."""

    name: str
    content: str
    reach: dict[str, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=lambda: {"out"})
    ports: list[tuple[str, str, str]] = field(default_factory=list)  # what is looked at, port, what is there
    before: str = "true"
    refused: tuple[str, str] | None = None


def compose_files() -> list[ComposeFile]:
    """All, by name. ValueError for a comment that says nothing known."""
    return [read(path) for path in sorted(FOLDER.glob("*.yml"))]


def read(path: Path) -> ComposeFile:
    """One of them."""
    found = ComposeFile(path.stem, path.read_text())
    for line in found.content.splitlines():
        if not line.startswith("# ") or line.endswith("."):
            continue
        word, _, rest = line.removeprefix("# ").partition(" ")
        what, _, said = rest.partition(":")
        if word == "reach":
            found.reach[what] = set(said.split())
            found.names |= {what, *said.split()}
        elif word == "names":
            found.names |= set(rest.split())
        elif word in ("port", "outside", "body"):
            found.ports.append((word, what, said.strip()))
        elif word == "before":
            found.before = rest
        elif word == "refused":
            found.refused = what, said.strip()
        else:
            raise ValueError(line)
    return found


def look(names: set[str]) -> str:
    """A shell script that says which of these names answer."""
    looks = " ".join(
        f"{{ ping -c1 -W1 {where} >/dev/null 2>&1 && echo {name}; }} &"
        for name, where in ((name, OUT if name == "out" else name) for name in sorted(names))
    )
    return f"{looks} wait"


def services(content: str) -> list[str]:
    """The names of its services, by their indent."""
    body = re.split(r"^services:.*\n", content, flags=re.MULTILINE)[1]
    return re.findall(r"^  (\w+):", re.split(r"^\S", body, flags=re.MULTILINE)[0], re.MULTILINE)
