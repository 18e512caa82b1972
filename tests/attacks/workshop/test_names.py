"""Names that are to be taken for somebody else's."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.workshop.hub.accounts import Accounts, read_roll

TAKEN = ("ada", "josé", "张三", "анна", "neil0", "bernard", "エド")
FORGED = {
    "dotless i": "ınstructor",
    "small capital": "ᴀda",
    "Cyrillic a": "аda",
    "all Cyrillic, like Latin": "анна".replace("а", "a"),
    "full width": "ａｄａ",
    "zero width joiner": "a\u200dda",
    "zero width no-break space": "ada\ufeff",
    "soft hyphen": "a\u00adda",
    "combining mark": "ada\u0301",
    "mark apart": unicodedata.normalize("NFD", "josé"),
    "without its mark": "jose",
    "mathematical": "𝒶𝒹𝒶",
    "circled": "ⓐda",
    "long s": "inſtructor",
    "Greek omicron": "instructοr",
    "from the right": "\u202eada",
    "with a stroke at the end": "instructor_",
    "two signs for one": "bemard",
    "nought for o": "neilo",
    "one for l": "nei10",
    "Han for Kana": "工ド",
    "Hangul filler": "ada\u3164",
    "Arabic digit": "ada\u0660",
    "capital that falls apart": "İnstructor".lower(),
    "Cherokee": "ꭺda",
    "only strokes": "___",
}
HONEST = "bob 张伟 李四 müller łukasz олег νίκος さくら 민수 zoe-2 o.brien 张三.2 王wang nguyễn".split()


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    known = Accounts(tmp_path / "learners.sqlite", "kelp", "teachers-word")
    for name in TAKEN:
        assert known.sign_in(name, "long-enough", "kelp")
    return known


@pytest.mark.parametrize("how", FORGED)
def test_a_name_that_looks_like_another_is_refused(accounts: Accounts, how: str) -> None:
    """With the right code, and with a word that says why."""
    with pytest.raises(BadInput) as refused:
        accounts.sign_in(FORGED[how], "long-enough", "kelp")
    assert refused.value.next_step and refused.value.what.isprintable()
    assert set(accounts.learners()) == set(TAKEN)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_name_is_taken(accounts: Accounts, name: str) -> None:
    """People are called what they are called, in their own script."""
    assert accounts.sign_in(name, "long-enough", "kelp")


@pytest.mark.parametrize("name", ["annа", "ολga", "иван.ivan", "张三иван"])
def test_letters_of_two_scripts_are_named(accounts: Accounts, name: str) -> None:
    """The message says which scripts they are."""
    with pytest.raises(BadInput, match=r"several scripts: \w+, \w+"):
        accounts.sign_in(name, "long-enough", "kelp")


def test_a_prepared_list_holds_no_forged_name_either(tmp_path: Path) -> None:
    """Who writes it may have been given the names."""
    for name in ("ınstructor", "аda", "instructor."):
        (tmp_path / "names").write_text(f"bob\n{name}\n", encoding="utf-8")
        with pytest.raises(BadInput, match="line 2"):
            read_roll(tmp_path / "names")


def test_whoever_signed_up_before_still_comes_in(accounts: Accounts) -> None:
    """A name of today's is not held against tomorrow's rules: their own password opens."""
    assert all(accounts.sign_in(name, "long-enough") for name in TAKEN)
