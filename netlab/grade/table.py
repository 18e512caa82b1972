"""What stands beside the results: grades.csv, junit.xml, and one statement over all of it.

grades.json   every submission's folder in the table's order, whose it is, every file's name and SHA-256, the
              versions; with the teacher's key, signed (HMAC-SHA-256): nothing can be swapped, left out, added
grade.log     what the teacher should know: errors of ours with their tracebacks, names that were changed

    table = Table.read(out, key)      what was graded before, as far as the statement vouches for it
    table.add(result); table.write()  after each submission
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from netlab import display
from netlab.grade import bundle, formats
from netlab.grade.naming import Whose
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.model import bounded_json

STATEMENT, GRADES, JUNIT, LOG = "grades.json", "grades.csv", "junit.xml", "grade.log"
VERSION = 1
BOUNDS = bounded_json.Bounds(size=256 << 20, values=5_000_000)
Files = Mapping[str, str]  # {name: SHA-256}


@dataclass
class Table:
    """The results that stand, in order."""

    out: Path
    key: bytes | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, Files] = field(default_factory=dict)
    whose: dict[str, Whose] = field(default_factory=dict)

    @staticmethod
    def read(out: Path, key: bytes | None) -> Table:
        """With what was graded into `out` before. What the statement does not vouch for is not believed."""
        table = Table(out, key)
        statement, troubles = _statement(out, key)
        for each in [] if troubles else statement["folders"]:
            folder = out / each["name"]
            if bundle.digests(folder) == each["files"] and (found := bundle.result(folder)):
                table.results[each["name"]], table.files[each["name"]] = found, each["files"]
                table.whose[each["name"]] = Whose(each.get("student") or each["name"], each.get("lesson", ""))
        return table

    def add(self, result: dict[str, Any]) -> None:
        """A new result; one of that name gives it its place in the table."""
        name = result["name"]
        self.results[name] = result
        self.files[name] = bundle.digests(self.out / name)

    def write(self) -> None:
        """Both tables, and the statement last: each whole or not at all."""
        rows = list(self.results.values())
        tables = {
            GRADES: bundle.encode(formats.csv_table(rows, self.whose)),
            JUNIT: bundle.encode(formats.junit(rows)),
        }
        said = {
            "version": VERSION,
            "netlab": version("netlab-container-networking"),
            "tables": {name: sha256(content).hexdigest() for name, content in tables.items()},
            "folders": [
                {"name": name, **self.whose.get(name, Whose(name))._asdict(), "files": dict(self.files[name])}
                for name in self.results
            ],
        }
        signed = {**said, "signature": bundle.sign(said, self.key) if self.key else None}
        for name, content in (*tables.items(), (STATEMENT, bundle.encode(json.dumps(signed, indent=1)))):
            files.replace(str(self.out), name, content, 0o644)

    def log(self, text: str) -> None:
        """A text for the teacher, with nothing in it that a terminal obeys."""
        with (self.out / LOG).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(display.printable(text.rstrip()) + "\n")


def find_changes(out: Path, key: bytes | None) -> Iterator[str]:
    """What is not as it was when the table was written, in words; nothing if all of it is."""
    statement, troubles = _statement(out, key)
    yield from troubles
    if not statement:
        return
    listed = {each["name"]: each["files"] for each in statement["folders"]}
    there = {manifest.parent.name for manifest in out.glob(f"*/{bundle.RESULT}")}
    there |= {manifest.parent.name for manifest in out.glob(f"*/{bundle.MANIFEST}")}
    for name in sorted(there - set(listed)):
        yield _("{name} has been added").format(name=display.one_line(name))
    for name in listed:
        if not (out / name).is_dir():
            yield _("{name} is missing").format(name=name)
            continue
        yield from (
            f"{name}: {what}" for what in bundle.differences(bundle.digests(out / name), listed[name])
        )
        yield from (f"{name}: {what}" for what in bundle.find_tampering(out / name, key))
    own = {name: bundle.digest(out / name) for name in statement["tables"]}
    yield from bundle.differences(own, statement["tables"])


def _statement(out: Path, key: bytes | None) -> tuple[dict[str, Any], list[str]]:
    """(the statement, what is wrong with it); {} where there is none that can be read."""
    try:
        signed = bounded_json.table(files.read_in(out / STATEMENT, BOUNDS.size), BOUNDS)
        signature, said = signed.pop("signature"), signed
        _check(said)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = _("its {manifest} cannot be read ({name})")
        return {}, [f"{out.name}: {why.format(manifest=STATEMENT, name=type(error).__name__)}"]
    trouble = bundle.not_signed(signature, said, key) if key else ""
    return said, [f"{STATEMENT}: {trouble}"] if trouble else []


def _check(said: Mapping[str, Any]) -> None:
    """It holds names of files and digests, and nothing that leads out of the folder. ValueError."""
    if said["version"] != VERSION or set(said["tables"]) != {GRADES, JUNIT}:
        raise ValueError(_("it is another one's"))
    for each in said["folders"]:
        words = [each["name"], *each["files"], *each["files"].values(), *said["tables"].values()]
        if not (isinstance(each.get("student", ""), str) and isinstance(each.get("lesson", ""), str)):
            raise ValueError(_("it is another one's"))
        if not all(
            isinstance(word, str) and "/" not in word and word not in ("", ".", "..") for word in words
        ):
            raise ValueError(_("it is another one's"))
