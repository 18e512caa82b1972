"""The documents keep their promises: links lead somewhere, and what they say to type is understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from netlab.cli.main import parser
from netlab.cli.parser import GROUPS
from netlab.errors import BadInput
from tests.support import rooms

ROOT = Path(__file__).parents[2]
FRONT = ("README.md", "docs/zh/README.md")
ASKED = [
    "*.md",
    "docs/**/*.md",
    "labs/*.md",
    "labs/zh/*.md",
    "labs/src/**/*.md",
    "vagrant/*.md",
    "netlab/**/*.md",
]
DOCUMENTS = sorted({str(file.relative_to(ROOT)) for each in ASKED for file in ROOT.glob(each)})
OUTSIDE = ("http://", "https://")
MOST_BYTES, MOST_PICTURE = 6 * 1024, 1024 * 1024
# What ./run itself does, before there is a Python: it hands on all the rest.
OF_THE_SCRIPT = ("setup", "packages", "test", "bench")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def stale_links(name: str, text: str) -> Iterator[str]:
    """Links to files that are not there, or to headings that they have not."""
    for link in re.findall(r"(?<!`)\]\(([^)\s]+)\)", text):
        if link.startswith(OUTSIDE):
            continue
        path, __, anchor = link.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            yield link


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if not name.startswith("labs/src")])
def test_links_and_anchors_resolve(name: str) -> None:
    """In each document, in both languages; a lesson's links are held by its own tests."""
    assert list(stale_links(name, read(name))) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    """To a file, to a heading of another file, and to one of the same."""
    text = "[1](no.md) [2](CHANGELOG.md#nowhere) [3](#start) [4](#end) [5](CHANGELOG.md)"
    assert list(stale_links("README.md", text)) == ["no.md", "CHANGELOG.md#nowhere", "#end"]


def commands(text: str) -> Iterator[list[str]]:
    """The words behind each ./run: in lines of code and in type. What follows | or # is not its own.

    What may be left out ([…]) is left out, N is a number, and three spaces begin a remark. In type a verb
    alone is a name, and no command.
    """
    lines = re.findall(r"(?m)^(?: {4,}|\$ )(.*\./run.*)$", text)
    typed = re.findall(r"`([^`\n]*\./run[^`\n]*)`", text)
    for line in lines + typed:
        shown = re.sub(r"\[[^]]*\]| {3,}.*", "", line)
        for found in re.findall(r"(?:^|\s|=)\./run(?![\w/-])([^|;]*)", shown):
            words = shlex.split(found.replace("…", ""), comments=True)
            if line in lines or len(words) != 1 or words[0] not in verbs():
                yield ["2" if word == "N" else word for word in words]


def verbs() -> list[str]:
    """What `./run --help` lists, in its order."""
    [found] = [action.choices for action in parser([])._actions if action.dest == "verb"]
    return list(found or ())


def why_not(words: list[str]) -> str:
    """What the command line says against those words; empty if it understands them."""
    if words and words[0] in OF_THE_SCRIPT:
        known = {"test": {file.name for file in (ROOT / "tests").iterdir()}, "bench": bench_rows()}
        ours = takewhile(lambda word: not word.startswith("-"), words[1:])  # the rest is pytest's
        return " ".join(set(ours) - known.get(words[0], set()))
    try:
        parser(words).parse_args(words)
    except BadInput as error:
        return str(error)
    except SystemExit as ended:  # --help
        return str(ended) if ended.code else ""
    return ""


def bench_rows() -> set[str]:
    return set(re.findall(r'(?m)^    "([\w-]+)": rows_', read("tests/bench/__main__.py")))


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "CHANGELOG.md"])
def test_every_command_is_understood(name: str) -> None:
    """Each ./run that a document shows is parsed as if it were typed; the changelog tells of old ones."""
    found = {" ".join(words): why_not(words) for words in commands(read(name))}
    assert {command: why for command, why in found.items() if why} == {}


def test_a_command_that_was_renamed_is_found() -> None:
    """A verb, an option, a missing word, a tier of the tests, and a row of the bench."""
    typed = ("mend", "up --bare", "trace --nowhere", "test units", "bench x | tee y")
    text = "    ./run goto   there\n" + " ".join(f"`sudo ./run {words}`" for words in typed)
    assert all(why_not(words) for words in commands(text))
    assert [words[0] for words in commands(text)] == ["goto", "mend", "up", "trace", "test", "bench"]
    assert list(commands("`./run trace` finds out")) == []


@pytest.mark.parametrize("name", ["docs/commands.md", "docs/zh/commands.md"])
def test_every_command_is_described(name: str) -> None:
    """What `./run --help` lists, and what the script itself does, has its row."""
    assert len(verbs()) > 20
    rows = re.findall(r"(?m)^\| `([^`]*)`", read(name))
    described = {word for row in rows for word in row.split()}
    assert {*verbs(), *OF_THE_SCRIPT} - described == set()


@pytest.mark.parametrize("name", ["docs/commands.md", "docs/zh/commands.md"])
def test_commands_are_in_the_groups_that_the_help_has(name: str) -> None:
    """Who has read the one finds their way in the other."""
    groups: list[list[str]] = []
    for verb in verbs():
        groups += [[]] if verb in GROUPS else []
        groups[-1].append(verb)
    described = []
    for section in read(name).split("\n## ")[1:]:
        rows = (row.split() for row in re.findall(r"(?m)^\| `([^`]*)`", section))
        firsts = [next((word for word in row if word in verbs()), "") for row in rows]
        described.append({word for word in firsts if word})
    assert described == [set(group) for group in groups]


def test_a_slip_of_the_finger_gets_the_right_word() -> None:
    """A command, and an action of one; what is like nothing gets the list alone."""
    with pytest.raises(BadInput, match=r"no trcae[^?]*Did you mean trace\?"):
        parser(["trcae"]).parse_args(["trcae"])
    with pytest.raises(BadInput, match=r"Did you mean inject\?"):
        parser(["fault"]).parse_args(["fault", "injekt", "x"])
    with pytest.raises(BadInput) as refused:
        parser(["xyz"]).parse_args(["xyz"])
    assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize("name", FRONT)
def test_the_front_page_is_short_and_shows_a_picture(name: str) -> None:
    """6 KB at most; the picture has words for those who do not see it, is small, and runs no script."""
    text = read(name)
    assert len(text.encode()) <= MOST_BYTES
    [(words, link)] = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", text)
    picture = ((ROOT / name).parent / link).read_text(encoding="utf-8")
    assert "docker0" in words and "ip_forward" in words
    assert len(picture.encode()) <= MOST_PICTURE
    assert "<title" in picture and "<desc" in picture and "<script" not in picture
    assert "animation" in picture and "prefers-reduced-motion" in picture


@pytest.mark.parametrize("file", rooms.DOCUMENTS, ids=lambda file: file.parent.name)
def test_the_picture_of_the_rooms_is_current(file: Path) -> None:
    """As the imports are now; if this fails: python -m tests.support.rooms."""
    assert rooms.BLOCK.findall(file.read_text(encoding="utf-8")) == [rooms.mermaid()]
