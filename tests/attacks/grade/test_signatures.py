"""Results that somebody else has had in hand: --verify tells what was swapped, left out, added or changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netlab.checks.runner import CheckResult
from netlab.errors import BadInput
from netlab.grade import bundle, formats, naming
from netlab.grade.batch import Batch
from netlab.grade.bundle import Bundle
from netlab.grade.judge import Grade
from netlab.grade.naming import Known
from netlab.grade.submission import find, read
from netlab.grade.table import GRADES, STATEMENT, Table, find_changes
from netlab.lessons.content import lesson
from tests.attacks.grade.handed_in import KEY, honest, notebook

OTHER = b"another key of the teacher's, 32"
NAMES = ("ada", "bob", "cyd")


def step(points: int) -> CheckResult:
    return CheckResult("02.1", "A title", bool(points), points or 2, "start", "wanted", "found")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three signed results and their table, as a batch leaves them."""
    table = Table(tmp_path / "out", KEY)
    for number, name in enumerate(NAMES):
        grade = Grade(name, "02", f"{number}" * 64, "", (step(number),))
        Bundle(table.out / name).close(grade, None, KEY)
        table.add(formats.result(grade))
        table.write()
    return table.out


def edit(file: Path, **words: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **words}))


def table_changed(out: Path) -> None:
    (out / GRADES).write_text((out / GRADES).read_text().replace("ada,,,,0", "ada,,,,9"))
    (out / GRADES).write_text((out / GRADES).read_text() + "\n")


def swapped(out: Path) -> None:
    (out / "ada").rename(out / "x")
    (out / "cyd").rename(out / "ada")
    (out / "x").rename(out / "cyd")


def swapped_in_the_statement(out: Path) -> None:
    swapped(out)
    said = json.loads((out / STATEMENT).read_text())
    said["folders"][0]["files"], said["folders"][2]["files"] = (
        said["folders"][2]["files"],
        said["folders"][0]["files"],
    )
    (out / STATEMENT).write_text(json.dumps(said))


def without_a_manifest(out: Path) -> None:
    (out / "ada" / bundle.MANIFEST).unlink()
    edit(out / "ada" / bundle.RESULT, points=9)


def left_out(out: Path) -> None:
    bundle.shutil.rmtree(out / "ada")


def left_out_of_both(out: Path) -> None:
    left_out(out)
    said = json.loads((out / STATEMENT).read_text())
    edit(out / STATEMENT, folders=said["folders"][1:])


def added(out: Path) -> None:
    bundle.shutil.copytree(out / "ada", out / "dan")


def reordered(out: Path) -> None:
    said = json.loads((out / STATEMENT).read_text())
    edit(out / STATEMENT, folders=said["folders"][::-1])


def another_version(out: Path) -> None:
    edit(out / STATEMENT, netlab="99.9")


def no_statement(out: Path) -> None:
    (out / STATEMENT).unlink()


def not_signed(out: Path) -> None:
    edit(out / STATEMENT, signature=None)


def a_strange_signature(out: Path) -> None:
    edit(out / STATEMENT, signature=["\u00e9"])


def an_old_table(out: Path) -> None:
    Table(out, OTHER, *(lambda table: (table.results, table.files))(Table.read(out, KEY))).write()


@pytest.mark.parametrize(
    "change",
    [
        table_changed,
        swapped,
        swapped_in_the_statement,
        without_a_manifest,
        left_out,
        left_out_of_both,
        added,
        reordered,
        another_version,
        no_statement,
        not_signed,
        a_strange_signature,
        an_old_table,
    ],
    ids=lambda change: change.__name__,
)
def test_what_was_changed_is_told(out: Path, change: Callable[[Path], None]) -> None:
    """Nothing before it, and at least one sentence after."""
    assert list(find_changes(out, KEY)) == []
    change(out)
    assert list(find_changes(out, KEY))


@pytest.mark.parametrize("change", [swapped_in_the_statement, without_a_manifest, not_signed, no_statement])
def test_what_is_not_signed_is_not_believed_again(out: Path, change: Callable[[Path], None]) -> None:
    """A rerun into that folder looks at the signature before it takes a result from there."""
    assert list(Table.read(out, KEY).results) == list(NAMES)
    change(out)
    assert "ada" not in Table.read(out, KEY).results


def test_points_written_in_by_hand_are_graded_anew(tmp_path: Path) -> None:
    """Result and manifests made to fit, without the key: the notebook gets what it is worth."""
    file = notebook(tmp_path / "in/ada/02.ipynb", "02", ["print(1)"])
    batch = Batch(tmp_path / "out", key=KEY)
    assert batch.run([file])[0]["points"] == 0
    [folder] = [path.parent for path in batch.out.glob("*/result.json")]
    said = json.loads((folder / bundle.RESULT).read_text())
    for each in said["steps"]:
        each.update(passed=True, points=each["max_points"])
    edit(folder / bundle.RESULT, steps=said["steps"], points=said["max_points"])
    forged = Table.read(batch.out, None)
    forged.add(json.loads((folder / bundle.RESULT).read_text()))
    forged.write()
    assert batch.run([file])[0]["points"] == 0
    assert list(find_changes(batch.out, KEY)) == []


# -- names ------------------------------------------------------------------------------------------


def test_two_files_with_one_name_are_kept_apart_and_told(tmp_path: Path) -> None:
    """Each has a name of its own, and the teacher reads which is whose; nobody can take the other's."""
    files = [tmp_path / name for name in ("ada 04.ipynb", "ada_04.ipynb", "ada?04.ipynb", "Bob.ipynb")]
    found = naming.names(files)
    assert len(set(found)) == 4 and "ada_04" not in found and found[3] == "Bob"
    told = list(naming.collisions(files))
    assert len(told) == 3 and all(name in text for name, text in zip(found, told, strict=False))
    taken = [*files[:2], tmp_path / f"{found[0]}.ipynb", tmp_path / f"{found[1]}.ipynb"]
    assert len(set(naming.names(taken))) == 4


@pytest.mark.parametrize("start", ["=", "-", "+", "@", "\t", "\r", "-cmd|' /C calc'!A0"])
def test_no_cell_of_the_table_is_calculated(tmp_path: Path, start: str) -> None:
    """A spreadsheet takes what begins so for a formula."""
    [name] = naming.names([tmp_path / f"{start.replace('/', '')}1+1.ipynb"])
    rows = formats.csv_table([{**formats.result(Grade(name)), "lesson": f"{start}1"}]).splitlines()
    cells = [cell.strip('"') for row in rows for cell in row.split(",")]
    assert not any(cell[:1] in ("=", "-", "+", "@", "\t", "\r") for cell in cells)


def test_a_name_is_a_files_name_in_every_script(tmp_path: Path) -> None:
    """However long its folders are, and whatever stands beside the results."""
    files = [tmp_path / ("长" * 80) / f"{'长' * 80}.ipynb", tmp_path / "b" / f"{'长' * 80}.ipynb"]
    files += [tmp_path / name for name in ("grades.csv.ipynb", "grade.log.ipynb", "-.ipynb", "..ipynb")]
    found = naming.names(files)
    assert len(set(found)) == len(files) and not set(found) & naming.RESERVED
    assert all(0 < len(f".{name}.new".encode()) < 200 and name.isprintable() for name in found)


def test_a_link_out_of_the_hand_ins_is_refused(tmp_path: Path) -> None:
    """To a classmate's file, to a classmate's folder, to itself: none of it is read, and each is said."""
    ada = honest(tmp_path / "in/ada/02.ipynb")
    (tmp_path / "in/mallory").mkdir()
    (tmp_path / "in/mallory/02.ipynb").symlink_to(ada)
    (tmp_path / "in/eve").symlink_to(ada.parent)
    (tmp_path / "in/self").symlink_to("self")
    files = [tmp_path / f"in/{name}" for name in ("ada", "mallory", "eve", "self")]
    found = find(files)
    assert read(found[0]).lesson == "02" and len(found) == 4
    for file in found[1:]:
        with pytest.raises(BadInput, match="link"):
            read(file)


def test_a_teachers_own_link_above_the_folder_is_followed(tmp_path: Path) -> None:
    """Hand-ins lie on another disk, and a link is on the way to the folder, or to a notebook's."""
    honest(tmp_path / "disk/course/ada/02.ipynb")
    (tmp_path / "here").symlink_to(tmp_path / "disk")
    (tmp_path / "in").symlink_to(tmp_path / "disk/course")
    for named in ("here/course", "here/course/ada", "in/ada", "here/course/ada/02.ipynb", "in/ada/02.ipynb"):
        [file] = find([tmp_path / named])
        assert file.parent.name == "ada" and read(file).lesson == "02"


def test_a_link_below_the_folder_is_refused_and_told(tmp_path: Path) -> None:
    """To a classmate's folder, to one outside, to a file: each is a submission that is not graded, and none is
    read by way of its link, whether it is found or named."""
    ada = honest(tmp_path / "in/ada/02.ipynb")
    honest(tmp_path / "out/02.ipynb")
    (tmp_path / "in/mallory").symlink_to("ada")
    (tmp_path / "in/eve").symlink_to(tmp_path / "out")
    (tmp_path / "in/dan").mkdir()
    (tmp_path / "in/dan/02.ipynb").symlink_to("../ada/02.ipynb")
    found = find([tmp_path / "in"])
    assert [str(path.relative_to(tmp_path / "in")) for path in found] == [
        "ada/02.ipynb", "dan/02.ipynb", "eve", "mallory",
    ]  # fmt: skip
    named = find([tmp_path / f"in/{who}/02.ipynb" for who in ("mallory", "eve", "dan")])
    assert ada not in named
    for path in (*found[1:], *named):
        with pytest.raises(BadInput):
            read(path)


def test_a_folder_that_changes_into_a_link_leads_nowhere(tmp_path: Path) -> None:
    """What was a folder when it was searched is a link when it is read."""
    ada = honest(tmp_path / "in/ada/02.ipynb")
    honest(tmp_path / "in/mallory/02.ipynb")
    [_, file] = find([tmp_path / "in"])
    file.unlink()
    file.parent.rmdir()
    file.parent.symlink_to(ada.parent)
    with pytest.raises(BadInput):
        read(file)


def test_what_lies_beside_a_notebook_chooses_nothing(tmp_path: Path) -> None:
    """Neither a result handed in with it nor the seed that stands in it says which fault of the gym it has."""
    file = notebook(tmp_path / bundle.SUBMISSION, "10", [], seed="x1")
    Bundle(tmp_path / "x").close(Grade("x", "10", seed="x2"), None, None)
    for name in (bundle.RESULT, bundle.MANIFEST):
        (tmp_path / name).write_bytes((tmp_path / "x" / name).read_bytes())
    batch = Batch(tmp_path / "out")
    assert batch.known(file, "x") == Known("x", None, "")
    assert lesson("10").gym and batch._variant(read(file)) == ""
