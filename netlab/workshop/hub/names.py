"""Names of learners: which may be taken, so that on the board nobody looks like somebody else.

A name is written in one of the scripts listed here, each sign in its plainest form; and no two names of a
workshop have the same skeleton: what is left when signs that look alike are the same sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.workshop.state import INSTRUCTOR

NAME = re.compile(r"\w[\w.-]{0,31}")  # what an address can hold; `check` asks for more
COMMON = frozenset("0123456789._-")
# (first, last) of the small letters that a script lends to names; none whose marks stand apart from them.
SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Latin": ((0x61, 0x7A), (0xDF, 0xF6), (0xF8, 0x17E), (0x1A1, 0x1A1), (0x1B0, 0x1B0), (0x1E00, 0x1EF9)),
    "Greek": ((0x3AC, 0x3CE),),
    "Cyrillic": ((0x430, 0x45F), (0x491, 0x491)),
    "Han": ((0x3005, 0x3005), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x323AF)),
    "Kana": ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FC)),
    "Hangul": ((0xAC00, 0xD7A3),),
}
TOGETHER = ({"Latin", "Han", "Kana"}, {"Latin", "Han", "Hangul"}, {"Greek"}, {"Cyrillic"})
# What looks like which sign; marks above and below are off by then.
LOOKS = {
    "a": "аα", "b": "в", "d": "đðδ", "e": "еεє", "h": "ħн", "i": "ıіι", "j": "ј", "k": "кκĸ", "l": "1ł",
    "m": "м", "n": "пηŋ", "o": "0оοøσ", "p": "рρþ", "r": "г", "s": "ѕ", "t": "тτŧ", "u": "υ", "v": "ν",
    "w": "ωш", "x": "хχ", "y": "уγ", "c": "сς", "ae": "æ", "oe": "œ", "-": "._",
    "口": "ロ", "工": "エ", "力": "カ", "二": "ニ", "八": "ハ", "卜": "ト", "夕": "タ", "一": "ー",
    "へ": "ヘ", "り": "リ",
}  # fmt: skip
ALIKE = str.maketrans({sign: seen for seen, signs in LOOKS.items() for sign in signs})
SEEN_AS_ONE = (("rn", "m"), ("vv", "w"))
ABOVE_AND_BELOW = re.compile("[\u0300-\u036f]")


def skeleton(name: str) -> str:
    """What a name looks like: two of the same skeleton are taken for each other."""
    bare = ABOVE_AND_BELOW.sub("", unicodedata.normalize("NFKD", name).casefold())
    seen = unicodedata.normalize("NFKC", bare).translate(ALIKE)
    for signs, one in SEEN_AS_ONE:
        seen = seen.replace(signs, one)
    return re.sub("-+", "-", seen).strip("-")


def check(name: str) -> None:
    """BadInput says why that cannot be a learner's name."""
    plainest = unicodedata.normalize("NFKC", name).lower()
    if plainest != name and NAME.fullmatch(plainest) and not _unknown(plainest):
        raise BadInput(
            _("The name {name!r} is not written in plain letters.").format(name=name),
            _("Write it like this: {plain}").format(plain=plainest),
        )
    if unknown := _unknown(name):
        raise BadInput(
            _("The name {name!r} has signs that no name may have here: {signs}.").format(
                name=name[:40], signs=" ".join(f"U+{ord(sign):04X}" for sign in unknown[:8])
            ),
            _("Take letters (Latin, Greek, Cyrillic, Chinese, Japanese or Korean), digits, ., - and _."),
        )
    if not NAME.fullmatch(name) or not skeleton(name):
        raise BadInput(
            _("{name!r} cannot be a learner's name here.").format(name=name[:40]),
            _("A name has 1 to 32 letters, digits, ., - and _, and begins with a letter or digit."),
        )
    found = {_script(sign) for sign in name} - {""}
    if not any(found <= scripts for scripts in TOGETHER):
        raise BadInput(
            _("The name {name!r} mixes letters of several scripts: {scripts}.").format(
                name=name, scripts=", ".join(sorted(found))
            ),
            _("Write it in one script: a mixed name can look like somebody else's."),
        )


def check_free(name: str, taken: Iterable[str]) -> None:
    """BadInput when that looks like the instructor's name, or like one that is taken."""
    mine = skeleton(name)
    if any(mine == skeleton(other) for other in (INSTRUCTOR, *taken)):
        raise BadInput(
            _("The name {name!r} looks like one that is taken.").format(name=name),
            _("Choose one that nobody can mistake for it, with another letter or a number."),
        )


def _unknown(name: str) -> list[str]:
    return [sign for sign in name if sign not in COMMON and not _script(sign)]


def _script(sign: str) -> str:
    """The script that a letter belongs to, "" if it is none of ours."""
    number = ord(sign)
    for script, ranges in SCRIPTS.items():
        if any(first <= number <= last for first, last in ranges):
            return script
    return ""
