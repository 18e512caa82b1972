"""Which language netlab speaks, and its words in it.

NETLAB_LANG decides, else the notebook's own language, else the locale, else it is English. A notebook's
language is its kernel's: the kernelspec sets NETLAB_NOTEBOOK_LANG.

The English text is the key of its translation (locale/zh/LC_MESSAGES). It is translated when it is said,
never when a module is imported: the next lab, notebook or submission may speak another language. What stands
at the top of a module is marked by N_ and translated where it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import GNUTranslations

LANGUAGES = ("en", "zh")
VARIABLE, NOTEBOOK_VARIABLE = "NETLAB_LANG", "NETLAB_NOTEBOOK_LANG"
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set is the locale
LOCALE = os.path.join(os.path.dirname(__file__), "locale")
_speaking: ContextVar[str] = ContextVar("netlab_language", default="")


def language() -> str:
    """The language of what is said now."""
    return _speaking.get() or decide(os.environ)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said in the block is in that language, whatever the environment says, if it is one of ours."""
    token = _speaking.set(language if language in LANGUAGES else "")
    try:
        yield
    finally:
        _speaking.reset(token)


def decide(environment: Mapping[str, str], notebook: str = "") -> str:
    """The language that an environment asks for, in a notebook of that language if one is given.

    What names none of ours asks for nothing here: that is an error where somebody begins (netlab.errors).
    """
    for wanted in (environment.get(VARIABLE), notebook or environment.get(NOTEBOOK_VARIABLE)):
        if wanted in LANGUAGES:
            return wanted
    locale = next((v for name in LOCALES if (v := environment.get(name))), "")
    return next((language for language in LANGUAGES if locale.startswith(language)), LANGUAGES[0])


def gettext(text: str) -> str:
    """That English text in the language that is spoken."""
    spoken = language()
    return text if spoken == LANGUAGES[0] else _catalogue(spoken).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The first English text for one of something, the second for any other number of it."""
    spoken = language()
    if spoken == LANGUAGES[0]:
        return one if count == 1 else many
    return _catalogue(spoken).ngettext(one, many, count)


def translations(texts: Iterable[str]) -> dict[str, str]:
    """Each of them in the language that is spoken, for a script; empty where that is English."""
    return {text: said for text in texts if (said := gettext(text)) != text}


def N_(text: str) -> str:
    """That text itself: it is there to be translated, where it is said."""
    return text


@cache
def _catalogue(language: str) -> GNUTranslations:
    from gettext import GNUTranslations

    with open(os.path.join(LOCALE, language, "LC_MESSAGES/netlab.mo"), "rb") as file:
        return GNUTranslations(file)


_ = gettext
