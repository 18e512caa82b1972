"""Documents say it in the words of the field: patterns that have crept in before do not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = [
    "README.md",
    "CONTRIBUTING.md",
    "vagrant/README.md",
    *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md")),
]
CHINESE = [
    "vagrant/README.zh.md",
    "labs/zh/README.md",
    *(f"docs/zh/{p.name}" for p in ROOT.glob("docs/zh/*.md")),
]
CATALOGUE = ROOT / "netlab/i18n/locale/zh/LC_MESSAGES/netlab.po"
# What is wrong, and what is right.
WORDS = {
    r"\b(he|him|his)\b": "they, them, their",
    r"\bone (may|can|has|must|is)\b": "you",
    r"\bof (one's|its|their) own\b": "their own X, a separate X",
    r"\b(mend(s|ed)?|anew|foretell\w*)\b": "fix, again, predict",
    r"\b(whoever|whom)\b": "anyone who",
    r"\bshall\b": "will",
    r"\bby way of\b": "through",
    r"\d %": "95%",
    r"\d ×": "27x",
    r"\b(neighbour|colour|practise|recognis|behaviour)\w*": "American spelling",
}
TERMS = {
    r"学习者": "学员",
    r"班级(代码|口令)": "班级码",
    r"看守": "守护进程",
    r"批改": "评分",
    r"文件夹": "目录",
    r"您": "你",
    r"检出": "代码目录",
    r"治法|疗法|治好": "解决办法，修复",
    r"叠加网络": "Overlay 网络",
    r"杂讯": "无关帧",
    r"一屋子": "一个班",
    r"\d %": "95%",
    r"[\u4e00-\u9fff][,;!?]|[,;!?][\u4e00-\u9fff]": "全角标点",
}


def slips(text: str, patterns: dict[str, str]) -> list[tuple[str, str]]:
    """What is said in a wrong way, with the right one; what stands in type is not ours to choose."""
    prose = re.sub(r"`[^`\n]*`|(?m:^ {4,}.*$)|\]\([^)]*\)", "", text)
    return [
        (found[0], better) for wrong, better in patterns.items() for found in re.finditer(wrong, prose, re.I)
    ]


@pytest.mark.parametrize("name", ENGLISH)
def test_english_documents_are_plain(name: str) -> None:
    """No German behind the words, and one spelling."""
    assert slips((ROOT / name).read_text(encoding="utf-8"), WORDS) == []


@pytest.mark.parametrize("name", CHINESE)
def test_chinese_documents_use_one_word_for_one_thing(name: str) -> None:
    """That of the field, and full-width punctuation."""
    assert slips((ROOT / name).read_text(encoding="utf-8"), TERMS) == []


def test_what_the_program_says_in_chinese_uses_the_same_words() -> None:
    """The catalogue's translations; in them commands are not set in type, so punctuation is left alone."""
    said = "\n".join(re.findall(r'(?m)^msgstr(?:\[\d\])? "(.*)"$', CATALOGUE.read_text(encoding="utf-8")))
    words = {wrong: better for wrong, better in TERMS.items() if better != "全角标点"}
    assert slips(said, words) == []


def test_what_the_program_says_fixes_things() -> None:
    """It mends nothing, and nothing begins anew."""
    said = "\n".join(re.findall(r'(?m)^msgid(?:_plural)? "(.*)"$', CATALOGUE.read_text(encoding="utf-8")))
    words = {wrong: better for wrong, better in WORDS.items() if "mend" in wrong or "shall" in wrong}
    assert len(words) == 2 and slips(said, words) == []


def test_a_slip_is_found() -> None:
    """In prose, and not in code."""
    assert len(slips("He may mend it anew, of its own.", WORDS)) == 4
    assert slips("`he` \n    he mend\n[x](he.md)", WORDS) == []
    assert len(slips("学习者,您", TERMS)) == 3
