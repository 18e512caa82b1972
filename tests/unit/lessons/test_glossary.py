"""Each term is explained where it is first used, in both languages; the glossary has them all in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from netlab.i18n import LANGUAGES, speaking
from netlab.lessons import build
from netlab.lessons.content import LABS, Step, lessons

CHINESE = r"[\u4e00-\u9fff]"
HEADING = re.compile(r"## (\d\d\.\d)")
ROWS = [
    [column.strip() for column in line.strip("| ").split(" | ")]
    for line in (LABS / "glossary.md").read_text(encoding="utf-8").splitlines()[6:]
]
each_language = pytest.mark.parametrize("language", LANGUAGES)


def terms(language: str) -> list[str]:
    """The glossary's terms, without what is typed, and without those of lessons not yet in that language."""
    column = [row[LANGUAGES.index(language)] for row in ROWS if row[0] not in waiting(language)]
    return [term for cell in column for term in re.split(r", |、", cell) if not term.startswith("`")]


@cache
def waiting(language: str) -> set[str]:
    """The English terms that are first used in lessons which have no source in that language yet."""
    missing = {found.id for found in lessons() if not build.source(found, language).is_file()}
    return {row[0] for row in ROWS if missing and first_use(row[0].split(", ")[0], "en")[2][:2] in missing}


def told(step: Step) -> Iterator[str]:
    """What a step says outside its notebook."""
    yield step.begin
    yield from step.hints
    for question in (step.prediction, step.answer):
        if question:
            yield question.text
            yield from question.options.values()


@cache
def read(language: str) -> list[tuple[str, str]]:
    """(place, paragraph) of all that a learner reads, in order, without headings, code and links."""
    found: list[tuple[str, str]] = []
    with speaking(language):
        for lesson in lessons():
            if lesson.id == "10" or not build.source(lesson, language).is_file():
                continue  # the gym is entered at any time, and teaches nothing new
            said = {step.id: list(told(step)) for step in lesson.steps}
            place = lesson.id
            for _, piece in build.cells_of(lesson, language):
                if piece.kind == "code":
                    continue
                if heading := HEADING.match(piece.source):
                    found += [(place, text) for text in said.get(place, [])]
                    place = heading[1]
                found += [
                    (place, text)
                    for text in piece.source.split("\n\n")
                    if not text.startswith(("    ", "~~~"))
                ]
    return [(place, _plain(text)) for place, text in found]


def _plain(text: str) -> str:
    """Without headings, what is typed, and where links lead; one star for any emphasis."""
    text = re.sub(r"(?m)^#.*$|`[^`]*`|\[[^]]*\]\([^)]*\)", "", text)
    return re.sub(r"(?m)^\* ", "", text).replace("**", "*").replace("\n", " ")


def first_use(term: str, language: str) -> tuple[int, int, str, bool]:
    """(paragraph, column, place, whether it is emphasised there) of a term's first use."""
    word = re.escape(term.partition(" (")[0].partition("（")[0])
    pattern = word if language == "zh" else rf"\b{word}(?:s|es|d|ed|ing)?\b"
    explained_only = "(" in term or "（" in term  # an everyday word too: only its explanation is looked for
    for number, (place, text) in enumerate(read(language)):
        for found in re.finditer(pattern, text, re.IGNORECASE if language == "en" else 0):
            emphasised = text.count("*", 0, found.start()) % 2 == 1
            if emphasised or not explained_only:
                return number, found.start(), place, emphasised
    raise AssertionError(f"{term} is in the glossary and in no lesson")


@each_language
def test_a_term_is_explained_where_it_is_first_used(language: str) -> None:
    """Where a term first comes it is emphasised, as lessons do where they explain; nothing uses it before."""
    uses = {term: first_use(term, language) for term in terms(language)}
    early = {term: f"{use[2]}: {read(language)[use[0]][1]}" for term, use in uses.items() if not use[3]}
    assert early == {}


@each_language
def test_the_glossary_is_in_the_order_of_the_lessons(language: str) -> None:
    """Whoever has read up to a lesson finds the words that he knows above those that he does not."""
    order = [first_use(term, language)[0] for term in terms(language) if "(" not in term and "（" not in term]
    assert order == sorted(order)


@each_language
def test_sentences_are_short(language: str) -> None:
    """At most forty words, or eighty Chinese characters, from one full stop to the next."""
    stop, word, most = (r"[.!?]\)?\s", r"\S+", 40) if language == "en" else (r"(?<=[。！？])", CHINESE, 80)
    prose = [re.split(r" [-|] | \d\. ", text) for _, text in read(language)]
    sentences = [sentence for parts in prose for part in parts for sentence in re.split(stop, part)]
    assert len(sentences) > 500
    assert [sentence for sentence in sentences if len(re.findall(word, sentence)) > most] == []


def test_the_glossary_speaks_both_languages() -> None:
    """Each term has a name and a meaning in English and in Chinese."""
    assert all(len(row) == 4 and all(row) for row in ROWS)
    assert all(re.search(CHINESE, row[3]) for row in ROWS)
