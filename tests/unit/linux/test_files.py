"""Files in folders that somebody else can write to: nothing is followed, nothing is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netlab.linux import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One that somebody else writes to, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "theirs").mkdir()
    return tmp_path / "theirs"


def test_a_plain_file_is_read(folder: Path) -> None:
    """Also one in a folder there, and one as long as may be."""
    (folder / "in").mkdir()
    (folder / "in/file").write_bytes(b"x" * 10)
    assert files.read(str(folder), "in/file", 10) == b"x" * 10


@pytest.mark.parametrize(
    "kind", ["link", "folder link", "up", "fifo", "folder", "long", "sparse", "proc", "missing"]
)
def test_nothing_else_is_read(folder: Path, kind: str) -> None:
    """A link, a way out, something that would wait, something too long, something of the kernel's."""
    if kind == "link":
        (folder / "file").symlink_to(folder.parent / "secret")
    elif kind == "folder link":
        (folder / "in").symlink_to(folder.parent)
    elif kind == "fifo":
        os.mkfifo(folder / "file")
    elif kind == "folder":
        (folder / "file").mkdir()
    elif kind == "long":
        (folder / "file").write_bytes(b"x" * 11)
    elif kind == "sparse":
        with (folder / "file").open("wb") as file:
            file.truncate(1 << 40)
    name = {"folder link": "in/secret", "up": "../secret", "proc": "self/status"}.get(kind, "file")
    with pytest.raises((OSError, ValueError)):
        files.read("/proc" if kind == "proc" else str(folder), name, 10)


def test_a_file_is_replaced_and_a_link_in_its_place_with_it(folder: Path) -> None:
    """What the link led to stays as it was, and nothing else is left in the folder."""
    (folder / "note").symlink_to(folder.parent / "secret")
    files.replace(str(folder), "note", b"new")
    assert not (folder / "note").is_symlink()
    assert (folder / "note").read_bytes() == b"new"
    assert (folder.parent / "secret").read_text() == "secret"
    assert os.listdir(folder) == ["note"]


def test_the_last_line_of_a_log_is_shown_and_not_obeyed(folder: Path) -> None:
    """Whatever somebody has written there."""
    (folder / "log").write_bytes(b"first\n\x1b[2Jlast \xff\n\n")
    assert files.last_line(str(folder), "log", 1 << 16) == "\\x1b[2Jlast \ufffd"
    (folder / "log").unlink()
    (folder / "log").symlink_to(folder.parent / "secret")
    with pytest.raises(OSError):
        files.last_line(str(folder), "log", 1 << 16)
