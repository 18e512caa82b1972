"""The house keeps its order: who may import what, and how large a room may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab.diagnosis.causes import CAUSES
from tests.support.source import MODULES, PACKAGE, nodes, text, tree

# A room imports only from rooms to its left, and those in one pair of brackets not from each other.
ROOMS: tuple[str | tuple[str, ...], ...] = (
    *("i18n", "display", "errors", "model"),
    ("packets", "linux"),
    ("drawing", "engines"),
    *("keeper", "lab", "twin", "diagnosis", "faults", "lessons", "checks", "notebook"),
    ("jupyter", "grade"),
    *("workshop", "cli"),
)
FLOOR = {
    room: floor
    for floor, rooms in enumerate(ROOMS)
    for room in ([rooms] if isinstance(rooms, str) else rooms)
}
VALUES_ONLY = ("packets", "drawing")  # journeys and pictures: not by way of others either
ENTRIES, FLAT = 22, 4  # of netlab/, and of those how many are modules at most


def room(module: str) -> str:
    """The entry of netlab/ that a module is in; "" for netlab itself."""
    return module.split(".")[1] if "." in module else ""


def imported(file: Path) -> set[str]:
    """The netlab modules that a file imports, also inside of functions."""
    found = set()
    for node in nodes(file):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netlab"):
            module = str(node.module)
            found |= {f"{module}.{a.name}" if f"{module}.{a.name}" in MODULES else module for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("netlab")}
    return found


GRAPH = {name: imported(file) for name, file in MODULES.items()}
# One test for a room, not for each of its modules: thousands of tests cost more than what they look at.
each_room = pytest.mark.parametrize("own", sorted({room(name) for name in MODULES}))


def modules_of(own: str) -> dict[str, Path]:
    """The modules of a room, by name."""
    return {name: file for name, file in MODULES.items() if room(name) == own}


def reached(start: str) -> set[str]:
    """All that is imported by way of that module."""
    seen: set[str] = set()
    queue = [start]
    while queue:
        name = queue.pop()
        queue += [other for other in GRAPH.get(name, ()) if other not in seen]
        seen.add(name)
    return seen - {start}


@each_room
def test_a_room_imports_only_from_rooms_to_its_left(own: str) -> None:
    """The house in one line: who reads a module knows what may be behind its imports."""
    if own in ("", "__main__"):  # the way in
        return
    others = {(name, room(other)) for name in modules_of(own) for other in GRAPH[name]}
    known = {(name, other) for name, other in others if other not in (own, "")}
    assert [(name, other) for name, other in known if FLOOR[other] >= FLOOR[own]] == []


@pytest.mark.parametrize("own", VALUES_ONLY)
def test_values_and_pictures_never_import_the_kernel_side(own: str) -> None:
    """Drawing and journeys work on frozen values alone."""
    found = {(name, other) for name in modules_of(own) for other in reached(name)}
    assert {(name, other) for name, other in found if room(other) in ("linux", "engines", "keeper")} == set()


def test_the_house_is_small_at_its_door() -> None:
    """Who lists netlab/ sees rooms, each with a word of the field."""
    entries = [entry.name for entry in PACKAGE.iterdir() if entry.name != "__pycache__"]
    assert len([name for name in entries if name != "py.typed"]) <= ENTRIES
    assert len(list(PACKAGE.glob("*.py"))) <= FLAT


def test_no_two_rooms_import_each_other() -> None:
    """Also not by way of others."""
    rooms: dict[str, set[str]] = {}
    for name, others in GRAPH.items():
        rooms.setdefault(room(name), set()).update(room(other) for other in others)
    circles = [(a, b) for a in rooms for b in rooms[a] if a != b and a in rooms.get(b, set())]
    assert circles == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Dependencies run one way."""
    assert [name for name in GRAPH if name in {o for d in GRAPH[name] for o in reached(d)}] == []


@pytest.mark.parametrize(
    ("call", "owners"),
    [
        (
            "CLONE_NEWNET",
            {
                *("linux.syscalls", "linux.netns", "linux.sandbox.unshare", "keeper.execute"),
                *("engines.namespaces.container", "grade.jail"),
            },
        ),
        (
            "AF_NETLINK",
            {f"linux.netlink.{name}" for name in ("socket", "notifications", "rule_trace", "sock_diag")},
        ),
        ("AF_PACKET", {"keeper.packet_ring"}),
        ("time.sleep(", {"linux.polling"}),
        ("asyncio.sleep(", {"linux.polling", "workshop.learner.reporter"}),  # so often, and no oftener
        ("shell=True", set()),
    ],
)
def test_doors_are_few(call: str, owners: set[str]) -> None:
    """Namespaces, netlink and packet sockets have one place each; sleeps and shell strings none."""
    users = {name.removeprefix("netlab.") for name, file in MODULES.items() if call in text(file)}
    assert users == owners


SLEEPS = re.compile(
    r"""select\(\s*\[\],\s*\[\],\s*\[\]  # of no descriptor
    | Event\(\)\.wait\(             # for what nobody can set
    | import\ sleep""",
    re.VERBOSE,
)


@each_room
def test_nothing_sleeps_in_disguise(own: str) -> None:
    """What tells is waited for itself; what does not is looked at by way of netlab.linux.polling."""
    assert [name for name, file in modules_of(own).items() if SLEEPS.search(text(file))] == []


# Modules and functions with which data becomes code, or an object of its own choosing.
UNPICKLERS = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "code", "codeop"}
EXECUTORS = {"eval", "exec", "compile", "__import__"}


def executors(file: Path) -> Iterator[str]:
    """What a module imports of the one and calls of the other."""
    for node in nodes(file):
        match node:
            case ast.Import(names):
                yield from {alias.name.split(".")[0] for alias in names} & UNPICKLERS
            case ast.ImportFrom(module):
                yield from {str(module).split(".")[0]} & UNPICKLERS
            case ast.Call(ast.Name(called)):
                yield from {called} & EXECUTORS


@each_room
def test_nothing_is_unpickled_or_executed(own: str) -> None:
    """What comes from a lab is data: no module can make code or objects of its own choosing of it."""
    assert [(name, found) for name, file in modules_of(own).items() for found in executors(file)] == []


def functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods of a module, and those in them."""
    return [node for node in nodes(file) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@each_room
def test_rooms_are_small(own: str) -> None:
    """A module is one idea: at most 300 lines, its functions at most 40."""
    for name, file in modules_of(own).items():
        assert len(text(file).splitlines()) <= 300, f"split {name}"
        lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(file)}
        assert [function for function, lines in lengths.items() if lines > 40] == [], f"too long, in {name}"


# How a name ends that says neither what is done nor what is given: `_asked`, `_kept`, `entered`.
PARTICIPLE = re.compile(
    r"(ed|ing|held|built|kept|told|said|sent|lost|found|written|given|taken|chosen|seen|hidden|broken|shown)$"
)
# Not so when another word before it is the verb: `is_reached`, `find_running`; `why_refused` is asked.
SENTENCE = re.compile(
    r"_*(is|has|was|can|find|check|wait|stop|start|starts|record|watch|join|assure|what|why|end|bind|not)_"
)
# These are nouns and verbs; and a few that the code which grades and checks names so.
NO_PARTICIPLES = {"greeting", "listing", "cabling", "_wiring", "_setting", "_sampling", "bring", "_ping"}
NO_PARTICIPLES |= {"address_string", "learners_seed", "speaking", "mistaken", "_rebuilt", "_lost", "nested"}


@each_room
def test_functions_are_called_by_verbs_or_nouns(own: str) -> None:
    """A participle alone is neither; a property may be one, and a suspect is called by its cause."""
    causes = {code.replace("-", "_") for code in CAUSES}
    found = [
        (name, node.name)
        for name, file in modules_of(own).items()
        for node in functions(file)
        if PARTICIPLE.search(node.name) and not SENTENCE.match(node.name)
        if node.name not in NO_PARTICIPLES | causes
        if not {"property", "cached_property"} & {ast.unparse(each) for each in node.decorator_list}
    ]
    assert found == []


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("from netlab import notebook", {"notebook"}),
        (
            "from netlab.cli.main import parser; parser(['exec'])",
            {"cli", "cli.main", "cli.parser", "cli.options", "errors", "i18n"},
        ),
    ],
)
def test_what_starts_imports_no_more_than_it_needs(statement: str, loaded: set[str]) -> None:
    """A notebook's first line, and a command line that is read."""
    code = f"import sys; {statement}; print(*(name for name in sys.modules if name.startswith('netlab.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert set(done.stdout.split()) == {f"netlab.{name}" for name in loaded}, done.stderr


# What the base classes of other libraries declare.
OVERRIDDEN = frozenset(
    (
        *("do_GET", "log_message", "address_string", "error", "get", "post", "set_default_headers"),
        *("get_login_url", "start_request", "init_handlers", "init_tornado_application", "user_env"),
        *("get_state", "pre_launch", "launch_kernel", "send_signal", "kill", "terminate"),
    )
)
CLASSES = {
    node.name: node for file in MODULES.values() for node in nodes(file) if isinstance(node, ast.ClassDef)
}


def bases(node: ast.ClassDef) -> set[str]:
    """The last word of each: Protocol for typing.Protocol, Lazy for Lazy[Frame]."""
    return {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}


def declared(node: ast.ClassDef) -> set[str]:
    """The methods that it has, by itself or from a class of netlab's."""
    own = {method.name for method in node.body if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)}
    return own.union(*(declared(CLASSES[base]) for base in bases(node) & CLASSES.keys() - {node.name}))


IN_PROTOCOLS = {name for node in CLASSES.values() if "Protocol" in bases(node) for name in declared(node)}


def undocumented(body: list[ast.stmt], inside: str = "", told: frozenset[str] = OVERRIDDEN) -> Iterator[str]:
    """Public functions, classes and methods without a docstring; what `told` names is told elsewhere."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_") or (inside and node.name in told):
            continue
        if not ast.get_docstring(node):
            yield inside + node.name
        if isinstance(node, ast.ClassDef) and "Protocol" not in bases(node):
            above = {name for base in bases(node) & CLASSES.keys() for name in declared(CLASSES[base])}
            yield from undocumented(node.body, f"{node.name}.", OVERRIDDEN | IN_PROTOCOLS | above)


@each_room
def test_public_names_say_what_they_are(own: str) -> None:
    """One sentence, with units, shapes and errors where they matter; a Protocol says it for its classes."""
    assert [
        (name, what) for name, file in modules_of(own).items() for what in undocumented(tree(file).body)
    ] == []
