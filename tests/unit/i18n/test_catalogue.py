"""What netlab says: marked to be translated, and translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import pytest

from netlab.i18n import LANGUAGES, catalogue
from tests.support.source import MODULES, PACKAGE, nodes, tree

MARKS = ("_", "N_", "ngettext")
# Two words of prose. What begins with a program's name is a command, which is the same in every language.
PROSE = re.compile(
    r"[A-Za-z]{2,}[,;:]? [a-z]{2,}|"
    r"\{\}'?s? (has|have|is|are|in|on|of|to|at|and|or|with|from|by|for|not|more|seen)\b|"
    r"\b(has|is|are|in|on|of|to|and|or|with|from|by|for|untouched,|lesson|step) \{\}"
)
PROGRAMS = (
    "ip ip6 iptables ip6tables ebtables docker sysctl bridge tc nft ss nstat ps ls tcpdump conntrack "
    "head ping nsenter setsid echo cat sudo python ethtool ./run exec type import from export"
)
SAME = re.compile(
    rf"(({'|'.join(map(re.escape, PROGRAMS.split()))}) |"
    r"lab\.\w+\(|notebook\.|-|/|<|\\b|\^|#|!|\*nat|net[./]|\{\} (route|rule)\b|"
    r"(host|internet|web|other) [a-z]\w*\d?$)"  # places, for programs to read
)


other_languages = pytest.mark.parametrize("language", LANGUAGES[1:])


@other_languages
def test_everything_is_translated_and_nothing_is_stale(language: str) -> None:
    """Each text that the source says has one translation with the same fields; none is fuzzy or left over."""
    assert list(catalogue.troubles(language)) == []


@other_languages
def test_the_catalogue_is_as_it_is_written_and_compiled(language: str) -> None:
    """`python -m netlab.i18n.catalogue` would change neither the file that is edited nor the one that is
    read."""
    po, mo = catalogue.files(language)
    assert po.read_bytes() == catalogue.file_bytes(catalogue.update(language))
    assert mo.read_bytes() == catalogue.compile_binary(catalogue.read(language))


def calls(among: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in among:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            yield node


def test_a_translated_text_can_be_found() -> None:
    """No text is translated inside of an f-string, or is one itself: the catalogue would not know of it."""
    hidden = [
        f"{file.name}:{call.lineno}"
        for file in MODULES.values()
        for outer in nodes(file)
        if isinstance(outer, ast.JoinedStr)
        for call in calls(ast.walk(outer))
        if isinstance(call.args[0], ast.Constant)
    ]
    made = [
        f"{file.name}:{call.lineno}"
        for file in MODULES.values()
        for call in calls(nodes(file))
        if any(isinstance(argument, ast.JoinedStr) for argument in call.args)
    ]
    assert hidden + made == []


def outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from outside_of_functions(child)


def test_nothing_is_translated_when_a_module_is_imported() -> None:
    """The language may be another when it is said: at the top of a module texts are only marked."""
    early = [
        f"{file.name}:{node.lineno}"
        for file in MODULES.values()
        for node in outside_of_functions(tree(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "ngettext")
    ]
    assert early == []


def bound(function: ast.AST) -> Iterator[ast.Name]:
    """The uses of `_` in a function, without those of comprehensions, which keep it to themselves."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Name) and child.id == "_":
            yield child
        yield from bound(child.iter if isinstance(child, ast.comprehension) else child)


def test_nobody_takes_the_name_of_the_translation_away() -> None:
    """A function that throws something away as `_` cannot translate."""
    takers = [
        f"{file.name}:{node.lineno}"
        for file in MODULES.values()
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and len({type(name.ctx) for name in bound(node)}) > 1
        and list(calls(ast.walk(node)))
    ]
    assert takers == []


# What is not for those who use netlab, or is in English wherever it is said: where, and what.
NOT_OURS = {
    "what processes say of each other's messages": (
        r"(model/codec|keeper/(protocol|probe|pack|responder|names|observations)|lab/(execution|streams)|"
        r"packets/(batch|dns))",
        r"^(a|not|no|more|it|its|too|the|half|one|\{\}) ",
    ),
    "what Python says of a name that is not there": ("(lab/)?__init__", "has no attribute"),
    "the title of a schema": ("model/schema", "A snapshot of a lab|A network as netlab packs it"),
    "what a twin's listeners answer": ("keeper/responder", "HTTP/1|played by netlab"),
    "the words of iptables and nft": (
        "linux/ruleset/|twin/paste/|keeper/walk",
        "^(addrtype|ACCEPT|--src-type|ct |add |delete table|meta l4proto|icmpv6 type)|managed by",
    ),
    "a database's language": (
        r"workshop/(hub/accounts|hub/guesses|board/results|board/activities)",
        r"SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA",
    ),
    "what systemd reads": (r"workshop/systemd_unit", r"\[Unit\]"),
    "what the workshop's programs say to each other": (
        r"workshop/(board|hub|learner)/",
        r"^no |not logged in|unknown order|charset|attachment|Report how far|^steps passed",
    ),
    "Docker's own words, which its stand-in says as they are": (
        "engines/namespaces/",
        r"^(?!\(lab)",  # what is the lab's own begins so, or is marked
    ),
    "what ping and the kernel call it": (
        r"keeper/probe|linux/|faults/measure|engines/",
        r"destination unreachable|time to live|hop limit|packet too big|"
        r"^(add|call|change|delete|flush|set) |destroy all|connection table|"
        r"packets transmitted|mount (on )?\{\}|counter packets|dropping cap|dial tcp",
    ),
    "names in values, which are put into words where they are shown": (
        r"drawing/|model/(graph|snapshot)|linux/netlink/parse|diagnosis/suspects/link|checks/expectations/|lessons/build",
        r"no carrier$|port state|vxlan (id|remote)|"
        r"isolated on|(vxlan|macvlan) \w+$|snat to|netlab \(lab host\)|^in \{\}$",
    ),
    "files' contents": (
        "engines/|keeper/spec|grade/|faults/filters|cli/tour|lessons/ip_batch",
        r"passwd: files|127\.0\.0\.1|ID=netlab|:root|import subprocess|result = lab|\ncheck_cell|FORWARD -i|"
        r"\{\}\nip link|_file=\$1|\(\?P<ip>",
    ),
    "never shown: it ends a connection, or says that netlab itself is wrong": (
        "keeper/protocol|linux/netlink/|diagnosis/observation|packets/(probe|flight)|keeper/(probe|replica)|grade/session|lessons/progress",
        r"a (pickled )?message|the other side|the kernel answers|a captured point|"
        r"no such probe|not a table|no lessons in it",
    ),
    "commands to type": ("checks/expectations/links", r"^(pid=|\{\}; ip )"),
    "why something is not read, for whoever puts it into words": (
        "model/bounded_json|linux/files",
        r"more than|deeper than|not an object|is no number|no float|is not a plain|somebody else's",
    ),
    "why a value of a pack was not taken, beside it, where the kernel's own words stand, too": (
        "linux/(wiring|ruleset)/",
        r"there is no|cannot be|(is|are) no |is neither|has no room|is made here|is one line|"
        r"is not installed|^(a|an|no|more|nft|not|quotes|ip link) |of one family|no IPsec here|"
        r"not in this kernel|^bitmap:ip ",
    ),
    "for those who work on the catalogue": (
        "i18n/catalogue",
        r"nobody says|not translated|marked as fuzzy|other (fields|lines)",
    ),
}


def unmarked(every: Sequence[ast.AST]) -> Iterator[str]:
    """The prose in a module that is not marked to be translated."""
    silent = {id(part) for call in calls(every) for part in ast.walk(call)}
    for node in every:
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            silent.add(id(body[0].value))  # a docstring
        if isinstance(node, ast.Compare | ast.JoinedStr):
            silent |= {id(part) for part in ast.walk(node) if part is not node}
        if isinstance(node, ast.Dict):
            silent |= {id(key) for key in node.keys}
    for node in every:
        if id(node) not in silent and PROSE.search(text := literal(node)) and not SAME.match(text):
            yield text


def literal(node: ast.AST) -> str:
    """The text of a string, with {} for what is put in; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "{}" for part in node.values)
    value = node.value if isinstance(node, ast.Constant) else ""
    return (
        value.decode(errors="replace")
        if isinstance(value, bytes)
        else value
        if isinstance(value, str)
        else ""
    )


@cache
def exceptions() -> list[tuple[str, str]]:
    """(file, text) of all prose that is not marked."""
    found = {
        (str(file.relative_to(PACKAGE)), text) for file in MODULES.values() for text in unmarked(nodes(file))
    }
    return sorted(found)


def test_whatever_is_said_is_marked() -> None:
    """No prose for a user gets past the catalogue; what may is listed above, with the reason."""

    def is_excepted(file: str, text: str) -> bool:
        return any(re.match(where, file) and re.search(what, text) for where, what in NOT_OURS.values())

    assert [(file, text) for file, text in exceptions() if not is_excepted(file, text)] == []


def test_each_exception_is_needed() -> None:
    """An entry that no text needs any more is taken off the list."""
    parts = [
        (where, part)
        for where, what in NOT_OURS.values()
        for part in re.split(r"\|(?![^()]*\))", what)
        if not any(re.match(where, file) and re.search(part, text) for file, text in exceptions())
    ]
    assert parts == []
