"""Files that a learner can write, read by somebody with more rights: the outbox, the lessons, the disk."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.lessons.content import LABS, lessons
from netlab.linux import files
from netlab.workshop import disk, logs
from netlab.workshop.board import collect, feedback
from netlab.workshop.learner import reporter

SECRET = b"root's own"
FIRST = f"{lessons()[0].stem}.ipynb"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "labs/zh").mkdir(parents=True)
    return tmp_path


def found(place: Path, uid: int = -1) -> list[tuple[str, bytes]]:
    """What a collection takes from that disk."""
    with files.folder(place) as top:
        return list(collect.changed_notebooks(top, os.geteuid() if uid < 0 else uid))


# -- giving back ------------------------------------------------------------------------------------


def test_feedback_lies_in_a_folder_of_the_learners(place: Path) -> None:
    """The way that the attacks below leave; a second grading puts the new page in the old one's place."""
    for said in (b"first", b"second"):
        feedback.write(place / "labs", {"02.html": said}, os.geteuid())
    assert [file.read_bytes() for file in (place / "labs/feedback").iterdir()] == [b"second"]


@pytest.mark.parametrize("kind", ["folder", "file", "page"])
def test_feedback_is_written_to_no_place_that_a_learner_has_chosen(place: Path, kind: str) -> None:
    """A link in the folder's place, a file there, a link in the page's place."""
    elsewhere, folder = place / "elsewhere", place / "labs/feedback"
    elsewhere.mkdir()
    if kind == "folder":
        folder.symlink_to(elsewhere)
    elif kind == "file":
        folder.write_bytes(b"mine")
    else:
        folder.mkdir()
        (folder / "02.html").symlink_to(place / "secret")
    with suppress(OSError):
        feedback.write(place / "labs", {"02.html": b"page"}, os.geteuid())
    assert list(elsewhere.iterdir()) == [] and (place / "secret").read_bytes() == SECRET
    assert kind != "file" or folder.read_bytes() == b"mine"


# -- collecting -------------------------------------------------------------------------------------


def test_a_changed_notebook_is_taken(place: Path) -> None:
    """The way that the attacks below leave; one that is as it was given out is not worth a look."""
    (place / "labs" / FIRST).write_bytes(b"mine")
    given = lessons()[1].stem + ".ipynb"
    (place / "labs" / given).write_bytes((LABS / given).read_bytes())
    assert found(place) == [(FIRST, b"mine")]


def test_a_link_is_not_taken(place: Path) -> None:
    """Nor one in the place of a folder, nor of all lessons."""
    (place / "labs" / FIRST).symlink_to(place / "secret")
    (place / "labs/zh").rmdir()
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / FIRST).write_bytes(SECRET)
    (place / "labs/zh").symlink_to(place / "elsewhere")
    assert found(place) == []
    (place / "labs").rename(place / "away")
    (place / "labs").symlink_to(place / "elsewhere")
    assert found(place) == []


def test_a_pipe_with_somebody_at_its_end_holds_nobody_up(place: Path) -> None:
    """Neither while it is opened nor while it is read."""
    os.mkfifo(place / "labs" / FIRST)
    assert found(place) == []
    end = os.open(place / "labs" / FIRST, os.O_RDWR)
    os.write(end, b"{}")
    assert found(place) == []
    os.close(end)


def test_a_file_of_somebody_elses_is_not_taken(place: Path) -> None:
    """By another owner, or by a second name that it has."""
    (place / "labs" / FIRST).write_bytes(b"mine")
    assert found(place, os.geteuid() + 1) == []
    os.link(place / "labs" / FIRST, place / "second")
    assert found(place) == []


def test_a_file_that_grows_while_it_is_read_is_not_taken(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is right when it is asked for, and wrong afterwards."""
    file = place / "labs" / FIRST
    file.write_bytes(b"mine")
    read = os.read

    def grow(fd: int, count: int) -> bytes:
        with file.open("ab") as opened:
            opened.write(bytes(1 << 20))
        return read(fd, count)

    monkeypatch.setattr(files.os, "read", grow)
    with files.folder(place / "labs") as folder, pytest.raises(OSError, match="more than"):
        files.read(folder, FIRST, 3 << 20)


def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(place: Path) -> None:
    """Folder, link, folder, link: each step is held, so a name that moves is not walked again."""
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / FIRST).write_bytes(SECRET)
    (place / "labs/zh" / FIRST).write_bytes(b"mine")
    end = threading.Event()

    def swap() -> None:
        while not end.is_set():
            (place / "labs/zh").rename(place / "labs/kept")
            (place / "labs/zh").symlink_to(place / "elsewhere")
            (place / "labs/zh").unlink()
            (place / "labs/kept").rename(place / "labs/zh")

    thread = threading.Thread(target=swap)
    thread.start()
    taken = {content for _ in range(300) for _name, content in found(place)}
    end.set()
    thread.join()
    assert taken <= {b"mine"}


# -- a learner's server, which has more rights than their lab ------------------------------------------


def test_lessons_are_laid_out_through_no_link(place: Path) -> None:
    """Whoever is root in the lab puts links where lessons come: what they lead to stays as it was."""
    source = place / "source"
    (source / "zh").mkdir(parents=True)
    for name in ("lessons.toml", "01-one.ipynb", "02-two.ipynb", "zh/01-one.ipynb"):
        (source / name).write_text("given")
    labs, (outside, other) = place / "labs", (place / "secret", place / "other")
    other.mkdir()
    (labs / "zh").rmdir()
    (labs / "zh").symlink_to(other)
    for name in ("lessons.toml", "01-one.ipynb"):
        (labs / name).symlink_to(outside)
    os.mkfifo(labs / "02-two.ipynb")
    disk.lay_out(labs, source, None)
    assert outside.read_bytes() == SECRET and list(other.iterdir()) == []
    assert (labs / "lessons.toml").read_text() == "given" and not (labs / "lessons.toml").is_symlink()


def test_the_outbox_may_be_anything(place: Path) -> None:
    """A link in its place, deep JSON, names and texts with control characters, a hundred thousand files."""
    out = place / "out"
    out.symlink_to(place)
    assert reporter.read_outbox(out) == {}
    out.unlink()
    out.mkdir()
    (out / "1.json").write_text("[" * 4000)
    (out / "2.json").write_text('{"a":' * 500 + "1" + "}" * 500)
    (out / "3.json").write_text('{"number": ' + "9" * 4000 + "}")
    (out / "\x1b[2J.json").write_text('{"kind": "hint"}')
    (out / "5.json").symlink_to(place / "secret")
    events = list(reporter.read_outbox(out).values())
    assert len(events) == 5 and all(str(event["id"]).isprintable() for event in events)
    assert [set(event) for event in events if event["id"] in "1235"] == [{"id"}] * 4


def test_what_is_sent_is_taken_off_through_no_link(place: Path) -> None:
    """The outbox is swapped for a link between the reading and the removing."""
    out = place / "out"
    out.mkdir()
    (out / "secret").write_text("{}")
    (out / "secret").rename(out / "secret.json")
    batch = reporter.read_outbox(out)
    (place / "secret").rename(place / "secret.json")
    out.rename(place / "kept")
    out.symlink_to(place)
    reporter._forget(batch)
    assert (place / "secret.json").exists()


def test_the_number_of_the_last_order_may_be_anything(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word, a list, a link, a number below nought: then nothing has been carried out yet."""
    monkeypatch.setattr(reporter, "DONE", place / "done.json")
    for text in ('{"last": "x"}', '{"last": -1}', '{"last": []}', "[" * 4000, "7", ""):
        (place / "done.json").write_text(text)
        assert reporter._read_done() == {}
    (place / "done.json").write_text('{"last": 7}')
    assert reporter._read_done() == {"last": 7}
    (place / "done.json").rename(place / "other.json")
    (place / "done.json").symlink_to(place / "other.json")
    assert reporter._read_done() == {}


def test_what_is_written_goes_into_no_file_that_is_there(place: Path) -> None:
    """A link or a pipe under the name, or under the one that is written first, is not written to."""
    (place / "x").symlink_to(place / "secret")
    (place / f".x.{os.getpid()}.new").symlink_to(place / "secret")
    with files.folder(place) as folder:
        files.replace(folder, "x", b"new")
    assert (place / "secret").read_bytes() == SECRET and (place / "x").read_bytes() == b"new"


def test_a_log_of_a_terabyte_is_read_at_its_end(place: Path) -> None:
    """A learner's server writes into it as much as it likes."""
    with (place / "log").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 40)
        file.write(b"\x1b[2J the last words")
    assert logs.tail(place / "log").endswith("the last words") and len(logs.tail(place / "log")) <= 1 << 13
