"""The rooms of netlab/ as a picture, drawn from what its modules import.

python -m tests.support.rooms puts it into docs/architecture.md and the Chinese one.
"""

from __future__ import annotations

import re
from pathlib import Path

import networkx

from tests.unit.test_house import GRAPH, ROOMS, room

DOCUMENTS = [Path(__file__).parents[2] / "docs" / name for name in ("architecture.md", "zh/architecture.md")]
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def mermaid() -> str:
    """A Mermaid block: an arrow from each room to those that it is built on, the roundabout ones left out."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(name for floor in ROOMS for name in ([floor] if isinstance(floor, str) else floor))
    for module, others in GRAPH.items():
        graph.add_edges_from((room(module), room(other)) for other in others)
    graph.remove_nodes_from([name for name in ("", "__main__") if name in graph])
    graph.remove_edges_from(list(networkx.selfloop_edges(graph)))
    arrows = sorted(networkx.transitive_reduction(graph).edges)
    lines = ["flowchart TD", *(f"    {a} --> {b}" for a, b in arrows)]
    return "\n".join(["```mermaid", *lines, "```", ""])


def main() -> None:
    """Bring both documents up to date."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        document.write_text(BLOCK.sub(mermaid(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
