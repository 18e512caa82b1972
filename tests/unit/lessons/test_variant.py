"""Each learner's own names and addresses: there and back again."""

from __future__ import annotations

import pytest

from netlab.checks import check
from netlab.lessons import build
from netlab.lessons.content import lesson, lessons
from netlab.lessons.variant import PLAIN, Variant
from tests.worlds.lessons import CONCLUDED, SAID, plugged
from tests.worlds.stories import PretendLab

SEEDS = [f"class:{number}" for number in range(40)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lesson_comes_back_as_it_was(seed: str) -> None:
    """Every text of every lesson, put into the learner's words and back, is the same text."""
    variant = Variant.of(seed)
    for each in lessons():
        shown = variant.exchange_all(each)
        assert shown.id == each.id
        assert variant.exchange_all(shown) == each
    names = [theirs for _, theirs in variant.words]
    assert all(len(name) <= 15 for name in names[:3]), "longer than an interface's name may be"


def test_seeds_differ_and_the_same_seed_does_not() -> None:
    """No two of forty learners share a word that matters, and a grader gets the same words again."""
    variants = [Variant.of(seed) for seed in SEEDS]
    assert len({variant.words[0] for variant in variants}) == len(SEEDS)
    assert len({variant.words[3] for variant in variants}) == len(SEEDS)
    assert variants == [Variant.of(seed) for seed in SEEDS]
    assert Variant.of("") is PLAIN


def test_only_whole_words_are_replaced() -> None:
    """An address that begins alike is another address, and a name in a longer name is no name."""
    variant = Variant.of("a")
    for text in ("172.17.1.20", "172.17.1.2.5", "my-if-test", "if-test2", "veth_hosts", "172.17.0.1"):
        assert variant.exchange_all(text) == text
    for text in ("172.17.1.2/16", "172.17.1.2.", "if-test's", "veth_host@if5", "/veth_container"):
        assert variant.exchange_all(text) != text
        assert variant.exchange_all(variant.exchange_all(text)) == text


def test_a_check_speaks_the_learners_words() -> None:
    """The lecture's solution in another's lab is no solution there; what is missing is said in his words."""
    assert check(PretendLab(plugged()), "04.1", SAID, CONCLUDED, seconds=0).passed
    variant = Variant.of("bob")
    theirs = plugged()
    theirs.nodes = variant.exchange_all(theirs.nodes)
    assert check(PretendLab(theirs), "04.1", SAID, CONCLUDED, seconds=0, variant=variant).passed
    copied = check(PretendLab(plugged()), "04.1", SAID, CONCLUDED, seconds=0, variant=variant)
    assert not copied.passed
    assert variant.words[0][1] in str(copied)


def test_a_variants_notebook_says_its_seed() -> None:
    """The first cell starts the lesson with it, and no word of the lecture's is left."""
    variant = Variant.of("class:ada")
    text = build.notebook(lesson("03"), variant=variant)
    assert "seed='class:ada'" in text
    assert not [ours for ours, _ in variant.words if ours in text.split()]
    assert all(theirs in text for _, theirs in variant.words)
