"""The house keeps its order: who may import what, and how large a room may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "netlab"
MODULES = {
    ".".join(("netlab", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in PACKAGE.rglob("*.py")
}
KERNEL_SIDE = {
    f"netlab.{name}"
    for name in (
        "syscalls",
        "netns",
        "sandbox",
        "rootfs",
        "spawn",
        "init",
        "holder",
        "plan",
        "netlink",
        "netfilter",
        "kernel",
        "firewall",
    )
    + ("observe", "events", "herald", "ring", "record", "probe", "base")
}
VALUES_ONLY = (
    "model",
    "errors",
    "decode",
    "summary",
    "journey",
    "answers",
    "nexthop",
    "policy",
    "changes",
    "text",
    "draw",
)
VALUES_ONLY += ("timeline", "layout", "scene", "overlay", "wires", "style", "tracks", "pcapng", "lessons")
VALUES_ONLY += ("trips", "joined", "columns", "fields", "asked", "housekeeping", "notice", "monitor")
VALUES_ONLY += ("loss", "lossplot", "latency", "latencyplot", "cables", "records", "capture", "tap")
VALUES_ONLY += tuple(
    f"live.{name}" for name in ("picture", "history", "store", "lanes", "motion", "why", "headers")
)
VALUES_ONLY += ("live.still", "live.packets")


def imported(file: Path) -> set[str]:
    """The netlab modules that a file imports, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netlab"):
            module = str(node.module)
            found |= {f"{module}.{a.name}" if f"{module}.{a.name}" in MODULES else module for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("netlab")}
    return found


GRAPH = {name: imported(file) for name, file in MODULES.items()}


def reached(start: str) -> set[str]:
    """All that is imported by way of that module."""
    seen: set[str] = set()
    queue = [start]
    while queue:
        name = queue.pop()
        queue += [other for other in GRAPH.get(name, ()) if other not in seen]
        seen.add(name)
    return seen - {start}


@pytest.mark.parametrize("name", VALUES_ONLY)
def test_values_and_pictures_never_import_the_kernel_side(name: str) -> None:
    """Drawing and journeys work on frozen values alone."""
    assert reached(f"netlab.{name}") & KERNEL_SIDE == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Dependencies run one way."""
    assert [name for name in GRAPH if name in {o for d in GRAPH[name] for o in reached(d)}] == []


@pytest.mark.parametrize(
    ("call", "owners"),
    [
        (
            "CLONE_NEWNET",
            {"syscalls", "netns", "sandbox", "spawn", "engines.namespaces.container", "grade.jail"},
        ),
        ("AF_NETLINK", {"netlink", "events", "sockets"}),
        ("AF_PACKET", {"ring"}),
        ("sleep(", set()),
        ("shell=True", set()),
    ],
)
def test_doors_are_few(call: str, owners: set[str]) -> None:
    """Namespaces, netlink and packet sockets have one place each; sleeps and shell strings none."""
    users = {name.removeprefix("netlab.") for name, file in MODULES.items() if call in file.read_text()}
    assert users <= owners


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_unpickled_or_executed(name: str) -> None:
    """What comes from a lab is data: no module can make code or objects of its own choosing of it."""
    tree = ast.parse(MODULES[name].read_text())
    modules = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    modules |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert (
        modules & {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "code", "codeop"} == set()
    )
    assert called & {"eval", "exec", "compile", "__import__"} == set()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_rooms_are_small(name: str) -> None:
    """A module is one idea: at most about 300 lines, its functions at most about 40."""
    source = MODULES[name].read_text()
    assert len(source.splitlines()) <= 330, "split it"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 50, f"{node.name} is too long"


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("from netlab import notebook", {"notebook"}),
        (
            "from netlab.__main__ import parser; parser(['exec'])",
            {"__main__", "arguments", "options", "errors", "language", "display"},
        ),
    ],
)
def test_what_starts_imports_no_more_than_it_needs(statement: str, loaded: set[str]) -> None:
    """A notebook's first line, and a command line that is read."""
    code = f"import sys; {statement}; print(*(name for name in sys.modules if name.startswith('netlab.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert set(done.stdout.split()) == {f"netlab.{name}" for name in loaded}, done.stderr
