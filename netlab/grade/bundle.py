"""The folder that holds all there is about one graded submission, and whether it is still as it was written.

submission.ipynb  executed.ipynb  result.json  results.json  feedback.html
03.1.pcapng  03.1.json …          what the judge saw of each step: frames, and snapshots before and after
manifest.json                     SHA-256 of every file; with the teacher's key, signed (HMAC-SHA-256)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
        (self._beside / f"{step}.json").write_text(_json(snapshots), encoding="utf-8")

    def close(self, grade: Grade, submission: Submission | None, key: bytes | None) -> None:
        """Write the results, sign, and put the folder in its place."""
        if submission is not None:
            (self._beside / SUBMISSION).write_bytes(submission.content)
            (self._beside / "executed.ipynb").write_text(
                formats.executed_notebook(submission, grade), encoding="utf-8"
            )
        (self._beside / RESULT).write_text(_json(formats.result(grade)), encoding="utf-8")
        (self._beside / "results.json").write_text(_json(formats.gradescope(grade)), encoding="utf-8")
        (self._beside / "feedback.html").write_text(formats.feedback(grade), encoding="utf-8")
        self.seal(key)

    def seal(self, key: bytes | None) -> None:
        """Say what is in it, sign that, and put the folder in its place."""
        files = {path.name: _digest(path) for path in sorted(self._beside.iterdir())}
        manifest = {"files": files, "signature": _sign(files, key) if key else None}
        (self._beside / MANIFEST).write_text(_json(manifest), encoding="utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._beside.replace(self.folder)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Files that somebody else has made."""
        for name, content in files.items():
            (self._beside / name).write_bytes(content)


def result(folder: Path) -> dict[str, Any] | None:
    """The result in a finished bundle; None if there is no such bundle."""
    try:
        found = bounded_json.table(files.read_in(folder / RESULT, BOUNDS.size), BOUNDS)
    except (OSError, ValueError):
        return None
    return found if (folder / MANIFEST).exists() else None


def find_tampering(folder: Path, key: bytes | None) -> list[str]:
    """What is not as it was when the bundle was written, in words; empty if all of it is."""
    try:
        manifest = bounded_json.table(files.read_in(folder / MANIFEST, BOUNDS.size), BOUNDS)
        listed, signature = dict(manifest["files"]), manifest["signature"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [
            _("its {manifest} cannot be read ({name})").format(manifest=MANIFEST, name=type(error).__name__)
        ]
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    found = [_("{name} is missing").format(name=name) for name in sorted(set(listed) - there)]
    found += [_("{name} has been added").format(name=name) for name in sorted(there - set(listed))]
    found += [
        _("{name} has been changed").format(name=name)
        for name in sorted(there & set(listed))
        if _digest(folder / name) != listed[name]
    ]
    if key and not hmac.compare_digest(str(signature or ""), _sign(listed, key)):
        found.append(_("its signature is not that of this key") if signature else _("it is not signed"))
    return found


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


def _sign(files: dict[str, str], key: bytes) -> str:
    return hmac.new(key, json.dumps(files, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _digest(path: Path) -> str:
    """Of a plain file; of anything else something that no file has."""
    try:
        return hashlib.sha256(files.read_in(path, LARGEST)).hexdigest()
    except OSError as error:
        return str(error)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else str(value)
