"""No text names what is not there: what has moved keeps its old name longest in strings."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.source import nodes, tree

ROOT = Path(__file__).parents[2]
LEFT_OUT = {".git", ".venv", "__pycache__", "node_modules", "build", ".ipynb_checkpoints", ".hypothesis"}


def texts() -> Iterator[tuple[str, str]]:
    """Each file of the tree, by its path: code, scripts, notebooks, settings and documents."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [
            name for name in below if name not in LEFT_OUT and not name.endswith(("_cache", ".egg-info"))
        ]
        for name in names:
            file = Path(folder, name)
            try:
                yield str(file.relative_to(ROOT)), file.read_text()
            except (UnicodeDecodeError, OSError):
                continue


TEXTS = {
    name: text for name, text in texts() if name != "CHANGELOG.md" and Path(ROOT / name) != Path(__file__)
}
PYTHON = {name: ROOT / name for name in TEXTS if name.endswith(".py")}

# --- modules, and what is in them -----------------------------------------------------------------------

DOTTED = re.compile(r"(?<![\w./-])(?:netlab|tests)(?:\.[A-Za-z_]\w*)+(?::[A-Za-z_]\w*(?=\"))?(?P<next>.?)")
IMPORT = re.compile(r"from (netlab[\w.]*|tests[\w.]*) import ([a-zA-Z_][\w, ]*)")
# Files and services of that name, and what a test asks for because it is not there.
NO_MODULES = re.compile(r"netlab\.(mo|po|py|rb|service|Labor|__path__)$|tests\.append$")


@cache
def module(name: str) -> Path | None:
    """The file, or the folder, of that dotted name."""
    place = ROOT.joinpath(*name.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py", place) if p.exists()), None)


@cache
def names_in(file: Path) -> dict[str, ast.stmt]:
    """What stands at the top of a module, by name, without running it."""
    found: dict[str, ast.stmt] = {}
    for node in nodes(file) if str(file.relative_to(ROOT)) in PYTHON else ():
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found.setdefault(name, node)
            case ast.Assign(targets):
                found |= {
                    n.id: node for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)
                }
            case ast.AnnAssign(ast.Name(name)):
                found[name] = node
            case ast.Import(names) | ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name: node for alias in names}
    return found


@cache
def is_there(name: str) -> bool:
    """Whether a dotted name is a module of the tree, or something that one defines or imports."""
    home = name
    while home and not (file := module(home)):
        home = home.rpartition(".")[0]
    words = name.removeprefix(home).split(".")[1:]
    if not home or not words:
        return bool(home)
    found = names_in(file).get(words[0]) if file else None
    if isinstance(found, ast.ClassDef) and len(words) > 1 and not found.bases:
        return words[1] in {
            name for node in ast.walk(found) for name in (getattr(node, "name", ""), getattr(node, "id", ""))
        }
    return found is not None


def begins(name: str) -> bool:
    """Whether the dotted names of modules begin so: the rest is put in where the program runs."""
    home, _, start = name.rpartition(".")
    folder = module(home)
    return folder is not None and any(folder.parent.glob(f"{start}*"))


def stale_modules(text: str) -> Iterator[str]:
    """Dotted names in a text, and what is imported in it, that are nowhere."""
    for found in DOTTED.finditer(text):
        name = found[0].removesuffix(found["next"]).replace(":", ".")
        known = begins(name) if found["next"] == "{" else is_there(name)
        if not known and not NO_MODULES.match(name):
            yield name
    for home, names in IMPORT.findall(text):
        for name in names.split(","):
            if not is_there(f"{home}.{name.split()[0]}"):
                yield f"{home}.{name.split()[0]}"


def test_every_module_that_a_text_names_is_there() -> None:
    """In strings, comments, cells of notebooks, shell scripts, settings and documents."""
    found = {name: set(stale_modules(text)) for name, text in TEXTS.items()}
    assert {name: stale for name, stale in found.items() if stale} == {}


# --- files -----------------------------------------------------------------------------------------------

PATH = re.compile(r"(?<![\w./~$}-])(?:netlab|tests|labs|vagrant|\.ci)/[\w./*-]*[\w*](?![\w/]*[{<?])")
ROOMS = "|".join(entry.name for entry in (ROOT / "netlab").iterdir() if entry.is_dir())
ROOM = re.compile(rf"`((?:{ROOMS})/[\w./*]*\w)`")
TEST = re.compile(r"(?<![\w./{}*-])(?:[a-z]+/)*test_\w+\.py\b")  # by its path, or by the end of that
TESTS = [name for name in TEXTS if name.startswith("tests/")]
# What is made while it runs, in the checkout, a cache or a virtual machine.
MADE = re.compile(
    r"build/|\.venv/|labs/(zh/)?[\w-]+\.ipynb$|(labs|netlab|vagrant)/(\.progress|\.outbox|\.venv|\.vagrant|\.config|\.ssh|run$|images$)"
)
INVENTED = re.compile(r"tests/(unit/(checks|jupyter|notebook|test_checkout|workshop)|workshop|vm|attacks)\b")


def stale_files(text: str) -> Iterator[str]:
    """Paths of the tree in a text at which nothing is: from the root, from a room in a document, of tests."""
    paths = PATH.findall(text) + [f"netlab/{path}" for path in ROOM.findall(text)]
    for path in paths:
        if not MADE.match(path) and not any(any(ROOT.glob(p)) for p in (path, f"{path}*", f"tests/{path}")):
            yield path
    for path in TEST.findall(text):
        if not any(name.endswith(f"/{path.removeprefix('tests/')}") for name in TESTS):
            yield path


def test_every_file_that_a_text_names_is_there() -> None:
    """As a path from the root, or from a room in a document; tests that make such files aside."""
    found = {name: set(stale_files(text)) for name, text in TEXTS.items() if not INVENTED.match(name)}
    assert {name: stale for name, stale in found.items() if stale} == {}


PIECES = (ast.BinOp, ast.Call, ast.Attribute, ast.Subscript)  # what a path is put together by


class Places:
    """What the paths that a module puts together from `__file__` come to, without running it."""

    def __init__(self, name: str, top: Sequence[ast.stmt], every: Sequence[ast.AST]) -> None:
        self.file = ROOT / name
        self.modules: dict[str, str] = {}  # what a name of it is elsewhere
        self.known: dict[str, Path] = {}
        for node in every:
            if isinstance(node, ast.ImportFrom):
                self.modules |= {
                    alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
                }
        for node in top:
            match node:
                case ast.Assign([ast.Name(name)], value) if place := self.place(value):
                    self.known[name] = place

    def place(self, node: ast.expr) -> Path | None:
        """The path that an expression is, as far as it stands in the text; None for all others."""
        match node:
            case ast.Name(name):
                return self.known.get(name) or self.elsewhere(name)
            case ast.Call(ast.Name("Path"), [ast.Name("__file__")]):
                return self.file
            case ast.Call(ast.Name("Path"), [ast.Attribute(ast.Name(name), "__file__")]):
                return module(self.modules[name])
            case ast.Call(ast.Attribute(inner, "resolve")):
                return self.place(inner)
            case ast.Call(ast.Attribute(inner, "with_name"), [ast.Constant(str(name))]):
                return place.with_name(name) if (place := self.place(inner)) else None
            case ast.Attribute(inner, "parent"):
                return place.parent if (place := self.place(inner)) else None
            case ast.Subscript(ast.Attribute(inner, "parents"), ast.Constant(int(up))):
                return place.parents[up] if (place := self.place(inner)) else None
            case ast.BinOp(inner, ast.Div(), ast.Constant(str(name))):
                return place / name if (place := self.place(inner)) else None
        return None

    def elsewhere(self, name: str) -> Path | None:
        """A path that another module has put together."""
        home, _, own = self.modules.get(name, "").rpartition(".")
        file = module(home) if home.startswith(("netlab", "tests")) else None
        other = str(file.relative_to(ROOT)) if file else ""
        return made_in(other).get(own) if other in PYTHON and file != self.file else None


@cache
def made_in(name: str) -> dict[str, Path]:
    """The paths among the constants of a module."""
    return Places(name, tree(PYTHON[name]).body, nodes(PYTHON[name])).known


def stale_places(name: str, top: Sequence[ast.stmt], every: Sequence[ast.AST]) -> Iterator[str]:
    """What a module looks for beside itself, and which is not there."""
    places = Places(name, top, every)
    for node in every:
        if isinstance(node, PIECES) and (place := places.place(node)) and not place.exists():
            yield str(place.relative_to(ROOT))
        match node:
            case ast.Call(ast.Attribute(inner, "glob" | "rglob"), [ast.Constant(str(pattern))]):
                if (place := places.place(inner)) and not any(place.rglob(pattern)):
                    yield str(place.relative_to(ROOT) / pattern)


def test_every_file_that_is_looked_for_beside_a_module_is_there() -> None:
    """`Path(x.__file__).parent / "…"`, and constants made so: a module moves, and its data with it."""
    found = {
        name: {place for place in stale_places(name, tree(file).body, nodes(file)) if not MADE.match(place)}
        for name, file in PYTHON.items()
    }
    assert {name: stale for name, stale in found.items() if stale} == {}


# --- variables of the environment ------------------------------------------------------------------------

VARIABLE = re.compile(r"NETLAB_(?!TEST_PASSWORD)[A-Z_]*[A-Z]")  # a secret that must not get any further
READ = re.compile(
    r"""(?:environ(?:ment)?|self\.env)(?:\.get\(|\[)\s*["'](NETLAB_\w+)["']   # Python, with the name
    | \$\{?(NETLAB_\w+)                                                        # a shell
    | (?:ENV\.fetch\(|ENV\[|Netlab\.number\()"(NETLAB_\w+)"                     # Ruby
    """,
    re.VERBOSE,
)


def read(text: str) -> Iterator[str]:
    """The variables that a text reads, by name or by a constant that has it."""
    yield from ("".join(groups) for groups in READ.findall(text))
    constants = re.findall(r'^(\w+)(?:, \w+)* = "(NETLAB_\w+)"', text, re.MULTILINE)
    constants += re.findall(r'^\w+, (\w+) = "NETLAB_\w+", "(NETLAB_\w+)"', text, re.MULTILINE)
    for constant, name in constants:
        if re.search(rf"environ(ment)?(\.get\(|\[){constant}\b|\b{constant} in os\.environ", text):
            yield name


def test_every_variable_of_the_environment_that_is_named_is_read_somewhere() -> None:
    """Whoever sets one that nobody reads is told nothing, and wonders."""
    known = {name for text in TEXTS.values() for name in read(text)}
    named = {name: place for place, text in TEXTS.items() for name in VARIABLE.findall(text)}
    assert {name: place for name, place in named.items() if name not in known} == {}


# --- what finds them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'MODULE = "netlab.nursery"',
        "exec python -m netlab.keeper.holder --lab x",
        'f"netlab.checks.exercise{number}"',
        'monkeypatch.setattr("netlab.keeper.launch.start_holder", None)',
        '"from netlab.lab.lab import Machinery\\nprint()"',
        'x = "netlab.jupyter.provisioner:Provisional"',
    ],
)
def test_a_module_that_has_moved_is_found(text: str) -> None:
    """In each of the ways in which modules are named by text."""
    assert list(stale_modules(text))


def test_a_file_that_has_moved_is_found() -> None:
    """In prose, in a document's code, and beside a module."""
    assert list(stale_files("see netlab/holder.py")) == ["netlab/holder.py"]
    assert list(stale_files("`keeper/nursery` forks")) == ["netlab/keeper/nursery"]
    assert list(stale_files("held by `unit/test_wire.py`, unit/test_house.py")) == ["unit/test_wire.py"]
    beside = ast.parse("HERE = Path(__file__).parent\nFORM = HERE / 'form.html'\nREST = HERE.glob('*.svg')")
    assert {*stale_places("netlab/keeper/server.py", beside.body, list(ast.walk(beside)))} == {
        "netlab/keeper/form.html",
        "netlab/keeper/*.svg",
    }


def test_a_variable_that_is_only_set_is_not_read() -> None:
    """In Python and in a shell; one that is read by a constant is."""
    assert list(read("os.environ['NETLAB_OLD'] if x else None")) == ["NETLAB_OLD"]
    assert list(read("env = {'NETLAB_OLD': '1'}\nNETLAB_OLD=1 ./run")) == []
    assert list(read('VARIABLE = "NETLAB_OLD"\nvalue = os.environ.get(VARIABLE)')) == ["NETLAB_OLD"]
