"""Documents and scripts, which no catalogue holds, say everything in both languages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from netlab import engines
from netlab.lessons.content import LABS

ROOT = LABS.parent
DOCUMENTS = sorted(file.name for file in (ROOT / "docs").glob("*.md"))
PAIRS = [("README.md", "docs/zh/README.md"), *((f"docs/{name}", f"docs/zh/{name}") for name in DOCUMENTS)]


def parts(text: str) -> list[str]:
    """The form of a document: headings, warnings, table rows, items, pictures and lines of code, in order."""
    begins = r"(?m)^(?:(?:#+|[-*]|\d+\.|!\[) | {4,}\S[^#\n]*|> \[!\w+\]|\|.*|!\[|```.*)"
    found = re.findall(begins, re.sub(r"`[^`\n]+`", "`", text))
    return [re.sub(r"[^|]+", "", line) if line.startswith("|") else line.strip() for line in found]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_each_document_is_a_whole_one_in_chinese(english: str, chinese: str) -> None:
    """The same sections, warnings, tables, items, pictures and commands, in the same order."""
    ours, theirs = ((ROOT / name).read_text(encoding="utf-8") for name in (english, chinese))
    assert len(parts(ours)) > 5
    assert parts(theirs) == parts(ours)
    assert len(re.findall(r"\]\(", theirs)) == len(re.findall(r"\]\(", ours))


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_each_document_says_the_same_in_chinese(english: str, chinese: str) -> None:
    """The same names in type, and the same figures; quantities of English words stand for themselves."""
    ours, theirs = ((ROOT / name).read_text(encoding="utf-8") for name in (english, chinese))
    assert names(theirs) == names(ours)
    assert figures(theirs) == figures(ours)


def names(text: str) -> set[str]:
    """What stands in type, within a line."""
    return set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))


def figures(text: str) -> set[str]:
    """All numbers, dates and addresses outside of links' addresses."""
    return set(re.findall(r"\d+(?:[.,:/]\d+)*", re.sub(r"\]\([^)]*\)", "]", text)))


def test_no_chinese_document_is_left_over() -> None:
    """Each has an English one; the front page is the English one's at the top."""
    chinese = sorted(file.name for file in (ROOT / "docs/zh").glob("*.md"))
    assert chinese == sorted([*DOCUMENTS, "README.md"])


def test_the_virtual_machines_readme_is_a_whole_one_too() -> None:
    """The same sections, rows of tables and remarks, and every command, setting and path in both."""
    folder = LABS.parent / "vagrant"
    both = [(folder / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]

    def form(text: str) -> list[str]:
        return re.findall(r"(?m)^(?:#+ |\||- | {4}[\w=/.-]+)", text)

    english, chinese = both
    assert form(chinese) == form(english)
    assert set(re.findall(r"`[^`]+`", chinese)) == set(re.findall(r"`[^`]+`", english))


SHELL_WORDS = {"say": (0,), "give_up": (0, 2), "without_network": (0,)}  # where an English text stands
COMMANDS = ("", "sudo", "vagrant", "./run")


@pytest.mark.parametrize("script", ["run", "vagrant/provision.sh"])
def test_what_a_script_says_it_says_in_both_languages(script: str) -> None:
    """Behind each English text of a message stands the Chinese one, or a command that needs none."""
    said = 0
    text = (LABS.parent / script).read_text(encoding="utf-8")
    for call in re.finditer(r"(?m)(?:^|\|\| |&& |\{ )\s*(say|give_up|without_network) +(?=[\"'])", text):
        words = shlex.split(_arguments(text[call.end() :]).replace("\\\n", " "))
        for place in SHELL_WORDS[call[1]]:
            english, chinese = (*words[place : place + 2], "", "")[:2]
            if english.partition(" ")[0] not in COMMANDS and not english.startswith("$"):
                said += 1
                assert re.search(r"[\u4e00-\u9fff]", chinese), (english, chinese)
    assert said > 5


def _arguments(text: str) -> str:
    """A shell command's words up to its end: an unquoted end of line, ; or ||."""
    found = re.match(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\\n|[^"'\n;|&])*""", text)
    return found[0] if found else ""


def test_what_vagrant_says_it_says_in_both_languages() -> None:
    """Each problem and each notice of netlab.rb is a pair of texts."""
    text = (LABS.parent / "vagrant/netlab.rb").read_text(encoding="utf-8")
    said = re.findall(r"(?:Problem\.new|ui\.(?:warn|success))\((.{6})", text)
    assert len(said) > 8 and set(said) == {"words("}
    pairs = len(re.findall(r"\bwords\(", text)) - 1  # its definition
    assert len(re.findall(r"[\u4e00-\u9fff][^\n]*", text)) >= pairs


def test_the_engines_differ_in_chinese_as_in_english() -> None:
    """The same table, with the same patterns, and as many remarks behind it."""
    folder = Path(engines.__file__).parent
    both = [(folder / name).read_text(encoding="utf-8") for name in ("DIFFERENCES.md", "DIFFERENCES.zh.md")]

    def form(text: str) -> tuple[list[list[str]], int]:
        rows = [re.split(r"(?<!\\)\|", line)[2:4] for line in text.splitlines() if line.startswith("|")]
        return rows, len(re.findall(r"(?m)^- ", text))

    english, chinese = map(form, both)
    assert len(english[0]) > 5
    assert chinese == english
