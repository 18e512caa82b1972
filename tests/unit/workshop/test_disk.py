"""A learner's folder."""

from __future__ import annotations

from pathlib import Path

from netlab.workshop import disk


def test_a_learners_folder_gets_what_is_open_and_keeps_what_is_his(tmp_path: Path) -> None:
    """Closed lessons do not come, changed notebooks stay, the rest is brought up to date."""
    source, labs = tmp_path / "source", tmp_path / "labs"
    for name in (
        "00-here.ipynb",
        "01-one.ipynb",
        "02-two.ipynb",
        "lessons.toml",
        "src/01.md",
        ".hidden",
        "zh/01-one.ipynb",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("given")
    labs.mkdir()
    disk.lay_out(labs, source, frozenset({"01"}))
    found = {str(file.relative_to(labs)) for file in labs.rglob("*") if file.is_file()}
    assert found == {"00-here.ipynb", "01-one.ipynb", "lessons.toml", "zh/01-one.ipynb"}
    (labs / "01-one.ipynb").write_text("mine")
    (labs / "lessons.toml").write_text("mine")
    disk.lay_out(labs, source, None)
    assert (labs / "01-one.ipynb").read_text() == "mine" and (labs / "02-two.ipynb").exists()
    assert (labs / "lessons.toml").read_text() == "given"
