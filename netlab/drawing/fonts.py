"""The letters of the pictures: which typefaces, how wide a text is, and where a line may end.

Chinese letters come from a typeface of the system's, where the one that matplotlib brings along has none. If
there is no such typeface, pictures are in English, and a note says so once. matplotlib is imported late.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

from netlab.i18n import LANGUAGES, language, speaking
from netlab.i18n import gettext as _

SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
SMALL = 8.0
# What systems call a typeface with Chinese letters, and the beginning of its file's name.
CHINESE = {
    "WenQuanYi Micro Hei": "wqy-microhei",
    "Noto Sans CJK SC": "NotoSansCJK-Regular",
    "Noto Sans SC": "NotoSansSC",
    "Noto Sans CJK JP": "NotoSansCJK",
    "WenQuanYi Zen Hei": "wqy-zenhei",
    "Droid Sans Fallback": "DroidSansFallback",
    "PingFang SC": "PingFang",
    "Microsoft YaHei": "msyh",
}
WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"  # Chinese letters, and what stands between them
IS_WIDE = re.compile(f"[{WIDE}]")
CLOSING = "，。；：、！？）》”"
# What stays together in a line: a word, or one Chinese letter; with the signs that must not begin a line.
PIECE = re.compile(rf"[（《“]*(?:[{WIDE}]|[^\s{WIDE}]+)[{CLOSING}]*|[{CLOSING}]+")


@contextmanager
def in_drawable_language() -> Iterator[None]:
    """In the block texts are in a language that pictures have letters for."""
    if language() == LANGUAGES[0] or chinese_typeface():
        yield
        return
    _tell_once()
    with speaking(LANGUAGES[0]):
        yield


@cache
def _tell_once() -> None:
    note = _("No typeface with Chinese letters was found, so the pictures are in English.")
    step = _("Next: {step}").format(step="sudo apt-get install fonts-wqy-microhei")
    print(f"netlab: {note}\n  {step}", file=sys.stderr)


@cache
def chinese_typeface() -> str:
    """The name by which matplotlib knows a typeface with Chinese letters; "" if there is none here."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    if found := _known(fontManager.get_font_names()):
        return found
    # matplotlib remembers what was there when it first looked.
    for file in findSystemFonts():
        if Path(file).stem.startswith(tuple(CHINESE.values())):
            fontManager.addfont(file)
    return _known(fontManager.get_font_names())


def _known(names: list[str]) -> str:
    return next((name for name in CHINESE if name in names), "")


def can_be_set(text: str) -> bool:
    """Whether there are letters for it."""
    return not IS_WIDE.search(text) or bool(chinese_typeface())


def families(text: str, mono: bool = False) -> list[str]:
    """The typefaces to look a text's letters up in, one after the other."""
    further = [chinese_typeface()] if IS_WIDE.search(text) else []
    return [MONO if mono else SANS, *filter(None, further)]


def weight(text: str, bold: bool) -> str:
    """The weight to ask for: typefaces with Chinese letters seldom have a bold one."""
    return "bold" if bold and not IS_WIDE.search(text) else "normal"


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """How many points wide the text is when set in that size."""
    return _width(text, size, bold, mono, tuple(families(text, mono)))


@lru_cache(maxsize=8192)
def _width(text: str, size: float, bold: bool, mono: bool, typefaces: tuple[str, ...]) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=list(typefaces), size=size, weight=weight(text, bold))
    width, *_rest = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    # Set in pixels, letters are wider than in theory: hinting rounds each of them to the grid.
    return float(width) * (1.065 if mono else 1.04)


def wrap(text: str, width: float, size: float = SMALL, bold: bool = False, mono: bool = False) -> list[str]:
    """The text in lines of at most that many points; a word that is longer is cut."""
    lines: list[str] = []
    end = 0
    for found in PIECE.finditer(text):
        blank, end, word = " " if found.start() > end else "", found.end(), found[0]
        longer = f"{lines[-1]}{blank}{word}" if lines else word
        if lines and text_width(longer, size, bold, mono) <= width:
            lines[-1] = longer
            continue
        lines.append(word)
        while text_width(lines[-1], size, bold, mono) > width and len(lines[-1]) > 4:
            keep = len(lines[-1]) - 1
            while keep > 4 and text_width(lines[-1][:keep], size, bold, mono) > width:
                keep -= 1
            lines[-1:] = [lines[-1][:keep], lines[-1][keep:]]
    return lines


def shorten(text: str, width: float, size: float = SMALL, bold: bool = False, mono: bool = False) -> str:
    """The text, with … for the end of it if it is wider than that many points."""
    if text_width(text, size, bold, mono) <= width + 0.01:
        return text
    while len(text) > 1 and text_width(text + "…", size, bold, mono) > width:
        text = text[:-1]
    return text.rstrip() + "…"
