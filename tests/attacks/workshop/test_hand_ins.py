"""Hand-ins that want root's rights: links, pipes, devices, names and notebooks that are traps."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import nbformat.v4 as v4
import pytest

from netlab.errors import BadInput
from netlab.grade import naming
from netlab.grade.batch import Batch
from netlab.grade.submission import read
from netlab.linux import files
from tests.attacks.workshop.grading import SECRET, folder, honest, huge, link, needs_root, pipe


def linked_folder(place: Path, file: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / file.name).write_text(SECRET)
    file.parent.rmdir()
    file.parent.symlink_to(place / "elsewhere")


def device(place: Path, file: Path) -> None:
    os.mknod(file, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero


TRAPS = (link, linked_folder, pipe, huge, folder, device)


@needs_root
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_a_trap_is_not_read_and_stops_nobody(place: Path, trap: Callable[[Path, Path], None]) -> None:
    """A link, a pipe, a device, a terabyte: said in one line, and the others' grading goes on."""
    bad = place / "handed-in/mallory/02.ipynb"
    bad.parent.mkdir()
    trap(place, bad)
    said: list[str] = []
    [found] = Batch(place / "out").run([bad], lambda done, every, text: said.append(f"{done}/{every} {text}"))
    assert "was not read" in found["error"] and "was not read" in said[0]
    taken = [file.read_bytes() for file in (place / "out").rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in content for content in taken)


def test_a_file_that_is_swapped_while_it_is_read_leads_nowhere(place: Path) -> None:
    """File, link, file, link: whoever wins the race gets an error or their own file."""
    file, end = place / "handed-in/x.ipynb", threading.Event()

    def swap() -> None:
        while not end.is_set():
            for name, target in (("link", place / "secret"), ("plain", None)):
                beside = place / name
                if target:
                    beside.symlink_to(target)
                else:
                    beside.write_text("mine")
                beside.replace(file)

    thread = threading.Thread(target=swap)
    thread.start()
    read, refused = set(), 0
    for _ in range(2000):
        try:
            read.add(files.read_path(file, 100))
        except OSError:
            refused += 1
    end.set()
    thread.join()
    assert read <= {b"mine", b""} and refused


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 50_000,
        "[" + "[]," * 5_000_000 + "[]]",
        v4.writes(v4.new_notebook(cells=[v4.new_code_cell("SIGN")])).replace("SIGN", "\\ud800"),
    ],
    ids=["deep list", "deep table", "many", "half a pair of surrogates"],
)
def test_a_notebook_that_no_parser_takes_is_said_in_one_line(place: Path, text: str) -> None:
    """Not a traceback, and not the end of the batch."""
    file = place / "handed-in/02.ipynb"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"02\.ipynb is not a notebook"):
        read(file, "02")


def test_nobody_gets_the_name_of_anothers_result(place: Path) -> None:
    """Neither by a link to their file, nor by a folder whose name reads the same when it is cleaned."""
    ada = honest(place / "handed-in/ada/02.ipynb")
    other = place / "handed-in/mallory/03.ipynb"
    other.parent.mkdir()
    other.symlink_to(ada)
    assert naming.names([ada, other]) == ["02", "03"]
    names = naming.names([Path("h/ada-x/02.ipynb"), Path("h/ada x/02.ipynb"), Path("h/ada_x/02.ipynb")])
    assert len(set(names)) == 3 and "ada_x-02" not in names


@needs_root
def test_a_name_does_not_speak_to_the_terminal(place: Path) -> None:
    """A file's name may hold anything but / and NUL; what is printed of it cannot move the cursor."""
    said: list[str] = []
    bad = place / "handed-in/\x1b]0;owned\x07\x9b2J.ipynb"
    bad.write_text("{")
    [found] = Batch(place / "out").run([bad], lambda done, every, text: said.append(text))
    assert all(text.isprintable() for text in said) and "\x1b" not in json.dumps(found)
