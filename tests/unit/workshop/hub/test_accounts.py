"""Who comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.workshop.hub.accounts import Accounts, read_roll


def accounts(folder: Path, **roll: str) -> Accounts:
    return Accounts(folder / "learners.sqlite", "kelp", "teachers-word", roll or None)


def test_a_name_belongs_to_whom_took_it_first(tmp_path: Path) -> None:
    """With the class code once; then with his password, and with no other."""
    known = accounts(tmp_path)
    assert known.sign_in("ada", "adas-word", "kelp")
    assert known.sign_in("ada", "adas-word") and not known.sign_in("ada", "bobs-word", "kelp")
    assert known.sign_in("张三", "张三的密码啊", "kelp")
    assert known.learners() == {"ada": 1, "张三": 2} and known.number("ada") == 1


@pytest.mark.parametrize("name", ["", "a/b", "../x", "x" * 33, "a b", ".hidden"])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    """Names become parts of addresses; it says so."""
    with pytest.raises(BadInput, match="name"):
        accounts(tmp_path).sign_in(name, "long-enough", "kelp")


def test_a_prepared_list_is_who_may_come(tmp_path: Path) -> None:
    """Each with his own code, or the class's where the list has none; nobody else."""
    known = accounts(tmp_path, ada="adas-code", bob="")
    for name, code in (("ada", "kelp"), ("carol", "kelp"), ("bob", "adas-code")):
        with pytest.raises(BadInput, match="not the code"):
            known.sign_in(name, "long-enough", code)
    assert known.sign_in("ada", "long-enough", "adas-code") and known.sign_in("bob", "long-enough", "kelp")


def test_the_instructor_is_in_no_list(tmp_path: Path) -> None:
    """His password is the one that was made at the first start."""
    known = accounts(tmp_path)
    assert known.sign_in("instructor", "teachers-word")
    assert not known.sign_in("instructor", "guessed", "kelp") and "instructor" not in known.learners()


def test_a_list_is_read_and_its_mistakes_named(tmp_path: Path) -> None:
    """Commas or tabs, comments, empty lines; a name twice is told with its line."""
    file = tmp_path / "names"
    file.write_text("# autumn\nAda,one\n\n张三\ttwo\nbob\n", encoding="utf-8")
    assert read_roll(file) == {"ada": "one", "张三": "two", "bob": ""}
    file.write_text("ada\nADA\n")
    with pytest.raises(BadInput, match="line 2"):
        read_roll(file)
    with pytest.raises(BadInput, match="cannot be read"):
        read_roll(tmp_path / "none")
