"""The folder that holds all there is about one graded submission, and whether it is still as it was written.

submission.ipynb  executed.ipynb  result.json  results.json  feedback.html
03.1.pcapng  03.1.json …          what the judge saw of each step: frames, and snapshots before and after
manifest.json                     SHA-256 of every file; with the teacher's key, signed (HMAC-SHA-256) as the
                                  folder of that name. The table beside the folders signs all of it once more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from netlab.display import one_line
from netlab.errors import BadInput
from netlab.grade import formats
from netlab.grade.judge import Grade
from netlab.grade.submission import Submission
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.model import Capture, bounded_json
from netlab.packets import pcapng

MANIFEST, SUBMISSION, RESULT = "manifest.json", "submission.ipynb", "result.json"
BOUNDS = bounded_json.Bounds(size=8 << 20)  # of a result or a manifest
LARGEST = 1 << 30  # bytes of any file in a bundle
KEPT = re.compile(r"(executed\.ipynb|result\.json|results\.json|feedback\.html|\d\d\.h?\d+\.(json|pcapng))")
FILES, FILE, ALL = 500, 256 << 20, 1 << 30  # that are taken over: how many, and bytes of one and of all


class Bundle:
    """One submission's folder while it is being graded; whole, and with its name, once it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._beside = folder.with_name(f".{folder.name}.new")  # a crash leaves no half a result
        shutil.rmtree(self._beside, ignore_errors=True)
        self._beside.mkdir(parents=True)

    def saw(self, step: str, capture: Capture) -> None:
        """Keep what the judge saw of a step; the last look counts."""
        pcapng.write(capture, self._beside / f"{step}.pcapng")
        snapshots = {"before": asdict(capture.before), "after": asdict(capture.after)}
        self._write(f"{step}.json", _json(snapshots))

    def close(self, grade: Grade, submission: Submission | None, key: bytes | None) -> None:
        """Write the results, sign, and put the folder in its place."""
        if submission is not None:
            (self._beside / SUBMISSION).write_bytes(submission.content)
            self._write("executed.ipynb", formats.executed_notebook(submission, grade))
        self._write(RESULT, _json(formats.result(grade)))
        self._write("results.json", _json(formats.gradescope(grade)))
        self._write("feedback.html", formats.feedback(grade))
        self.seal(key)

    def _write(self, name: str, text: str) -> None:
        (self._beside / name).write_bytes(encode(text))

    def seal(self, key: bytes | None) -> None:
        """Say what is in it, sign that, and put the folder in its place."""
        files = {path.name: digest(path) for path in sorted(self._beside.iterdir())}
        said = {"name": self.folder.name, "files": files}
        manifest = {"files": files, "signature": sign(said, key) if key else None}
        self._write(MANIFEST, _json(manifest))
        shutil.rmtree(self.folder, ignore_errors=True)
        self._beside.replace(self.folder)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Files that somebody else has made."""
        for name, content in files.items():
            (self._beside / name).write_bytes(content)


def result(folder: Path) -> dict[str, Any] | None:
    """The result in a finished bundle; None if there is no such bundle, or what is there is no result."""
    try:
        found = parse(files.read_in(folder / RESULT, BOUNDS.size))
    except (OSError, ValueError):
        return None
    return found if (folder / MANIFEST).exists() else None


def parse(content: bytes) -> dict[str, Any]:
    """A result as its schema describes it. ValueError."""
    from jsonschema import ValidationError, validate

    found = bounded_json.table(content, BOUNDS)
    try:
        validate(found, _schema())
    except ValidationError as error:
        raise ValueError(error.message) from error
    return found


@cache
def _schema() -> Any:
    return json.loads(Path(__file__).with_name("result.schema.json").read_text())


def find_tampering(folder: Path, key: bytes | None) -> list[str]:
    """What is not as it was when the bundle was written, in words; empty if all of it is."""
    try:
        manifest = bounded_json.table(files.read_in(folder / MANIFEST, BOUNDS.size), BOUNDS)
        listed, signature = dict(manifest["files"]), manifest["signature"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [
            _("its {manifest} cannot be read ({name})").format(manifest=MANIFEST, name=type(error).__name__)
        ]
    there = {name: value for name, value in digests(folder).items() if name != MANIFEST}
    found = list(differences(there, listed))
    said = {"name": folder.name, "files": listed}
    trouble = not_signed(signature, said, key) if key else ""
    return [*found, trouble] if trouble else found


def digests(folder: Path) -> dict[str, str]:
    """Every file of a bundle with its SHA-256; none where there is no folder."""
    return {name: digest(folder / name) for name in files.names(str(folder))}


def differences(there: Mapping[str, str], listed: Mapping[str, str]) -> Iterator[str]:
    """What has become of files with those digests, in words."""
    for name in sorted(set(listed) - set(there)):
        yield _("{name} is missing").format(name=one_line(name))
    for name in sorted(set(there) - set(listed)):
        yield _("{name} has been added").format(name=one_line(name))
    for name in sorted(set(there) & set(listed)):
        if there[name] != listed[name]:
            yield _("{name} has been changed").format(name=one_line(name))


def not_signed(signature: object, said: Mapping[str, Any], key: bytes) -> str:
    """What is wrong with a signature; "" when it is the key's."""
    if hmac.compare_digest(str(signature or "").encode("utf-8", "replace"), sign(said, key).encode()):
        return ""
    return _("its signature is not that of this key") if signature else _("it is not signed")


def read_key(path: Path) -> bytes:
    """The teacher's key: any file of at least 16 bytes that nobody else has. BadInput."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise BadInput(
            _("The key {path} cannot be read: {strerror}.").format(path=path, strerror=error.strerror),
            _("Make one, and keep it to yourself: head -c 32 /dev/urandom > {path}").format(path=path),
        ) from error
    if len(key) < 16:
        raise BadInput(
            _("The key {path} has {key} bytes; anybody could guess it.").format(path=path, key=len(key)),
            _("Use 16 or more."),
        )
    return key


def sign(said: Mapping[str, Any], key: bytes) -> str:
    """The signature of a statement: HMAC-SHA256 of its JSON, in hexadecimal digits."""
    return hmac.new(key, json.dumps(said, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def digest(path: Path) -> str:
    """Of a plain file; of anything else something that no file has."""
    try:
        return hashlib.sha256(files.read_in(path, LARGEST)).hexdigest()
    except OSError as error:
        return error.strerror or str(error)


def encode(text: str) -> bytes:
    """As a file holds it. Half of a character, which a lab may have said, is written out."""
    return text.encode("utf-8", "backslashreplace")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else str(value)


def files_in(folder: int, uid: int) -> dict[str, bytes]:
    """The files of a result that somebody else has written, as far as they have a name that a result has."""
    taken: dict[str, bytes] = {}
    left = ALL
    for name in files.entries(folder, FILES):
        if KEPT.fullmatch(name):
            taken[name] = files.read(folder, name, min(FILE, left), uid)
            left -= len(taken[name])
    return taken
