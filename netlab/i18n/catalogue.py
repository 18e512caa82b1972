"""The catalogue of translations: `python -m netlab.i18n.catalogue` brings it up to date with the source.

It looks for every text that is handed to `_`, `N_` or `ngettext`, adds what is new with an empty translation,
drops what nobody says any more, and compiles the catalogue. For those who work on netlab; needs Babel.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from netlab.i18n import LANGUAGES, LOCALE

KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "ngettext": (1, 2)}
FIELD = re.compile(r"{(\w+)(![rsa])?(:[^{}]*)?}")
PACKAGE = Path(__file__).parents[1]
WRITTEN = datetime(2026, 11, 26, tzinfo=UTC)  # so that the file says nothing but its texts


def files(language: str) -> tuple[Path, Path]:
    """The catalogue of a language, and what it is compiled to."""
    folder = Path(LOCALE, language, "LC_MESSAGES")
    return folder / "netlab.po", folder / "netlab.mo"


@cache
def find_messages() -> tuple[str | tuple[str, ...], ...]:
    """Every text that is to be translated; two of one that counts something."""
    from babel.messages.extract import extract_from_dir

    found = extract_from_dir(PACKAGE, method_map=[("**.py", "python")], keywords=KEYWORDS)
    return tuple(sorted({message for _file, _line, message, *_rest in found}, key=str))


def read(language: str) -> Any:
    """The catalogue as it stands in its file."""
    from babel.messages.pofile import read_po

    po, _ = files(language)
    with po.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Any:
    """The catalogue with what is said now, and nothing else."""
    from babel.messages.catalog import Catalog

    old = read(language)
    new = Catalog(
        language,
        header_comment="# What netlab says, by its English. netlab.i18n.catalogue keeps it in step.",
        project="netlab",
        version="0.1.0",
        last_translator="netlab",
        language_team="zh",
        msgid_bugs_address="netlab",
        creation_date=WRITTEN,
        revision_date=WRITTEN,
        fuzzy=False,
    )
    for message in find_messages():
        known = old.get(message if isinstance(message, str) else message[0])
        new.add(message, known.string if known else "" if isinstance(message, str) else ("",))
    return new


def file_bytes(catalogue: Any) -> bytes:
    """The text of a catalogue's file."""
    from babel.messages.pofile import write_po

    text = io.BytesIO()
    write_po(text, catalogue, width=0, no_location=True)
    return text.getvalue()


def compile_binary(catalogue: Any) -> bytes:
    """The catalogue as a .mo file has it."""
    from babel.messages.mofile import write_mo

    binary = io.BytesIO()
    write_mo(binary, catalogue)
    return binary.getvalue()


def troubles(language: str) -> Iterator[str]:
    """What is wrong with the catalogue of a language."""
    catalogue, messages = read(language), find_messages()
    ids = [message if isinstance(message, str) else message[0] for message in messages]
    for message in catalogue:
        if message.id and (message.id if isinstance(message.id, str) else message.id[0]) not in ids:
            yield f"nobody says any more: {message.id!r}"
    for message, id in zip(messages, ids, strict=True):
        entry = catalogue.get(id)
        theirs = entry.string if entry else ""
        theirs = theirs if isinstance(theirs, str) else theirs[0]
        if not theirs:
            yield f"not translated: {id!r}"
        elif entry.fuzzy:
            yield f"marked as fuzzy: {id!r}"
        else:
            yield from _differences(message if isinstance(message, str) else message[-1], theirs)


def _differences(ours: str, theirs: str) -> Iterator[str]:
    """The translation names the same things, and ends and begins with the same white space."""
    if {found[1] for found in FIELD.finditer(ours)} != {found[1] for found in FIELD.finditer(theirs)}:
        yield f"other fields in braces: {ours!r}, {theirs!r}"
    if ours.count("\n") != theirs.count("\n"):
        yield f"other lines: {ours!r}, {theirs!r}"


def main() -> None:
    """Write the catalogues anew, and print what is still to be done."""
    for language in LANGUAGES[1:]:
        po, mo = files(language)
        catalogue = update(language)
        po.write_bytes(file_bytes(catalogue))
        mo.write_bytes(compile_binary(catalogue))
        print(*troubles(language), sep="\n")


if __name__ == "__main__":
    main()
