"""Hidden checks: read from a file, and handed to other graders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from netlab.checks.expectations.bridge import PortOf
from netlab.checks.expectations.links import IsUp
from netlab.errors import BadInput, NetlabError
from netlab.grade import hidden_checks, nbgrader, otter
from netlab.lessons.content import lesson

HIDDEN = """
[[check]]
lesson = "04"
title = "still a port"
points = 2
needs = ["04.2"]
expect = [{ PortOf = { bridge = "docker0" } }, { IsUp = {} }]
"""


def test_hidden_checks_are_read_from_a_file(tmp_path: Path) -> None:
    """Each is a check of its own, and says in Python for other graders what it stands for."""
    file = tmp_path / "hidden.toml"
    file.write_text(HIDDEN)
    [found] = hidden_checks.read(file)
    assert (found.check.id, found.check.needs, found.check.step.points) == ("04.h1", ("04.2",), 2)
    assert found.check.expects == (PortOf("docker0"), IsUp())
    assert hidden_checks.digest([found]) != hidden_checks.digest([]) == ""
    compile(found.as_test(), "cell", "exec")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PortOf", "PortsOf", "Did you mean 'PortOf'"),
        ("bridge =", "brigde =", "brigde"),
        ("04.2", "04.9", "There is no step '04.9'"),
        ('"04"', '"44"', "There is no lesson '44'"),
        ("points = 2", "", "points"),
        ('[{ PortOf = { bridge = "docker0" } }, { IsUp = {} }]', "[]", "expects nothing"),
        ("[[check]]", "check", "hidden checks"),
    ],
)
def test_a_mistake_in_a_file_of_hidden_checks_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Its author is told which word, not given a KeyError."""
    file = tmp_path / "hidden.toml"
    file.write_text(HIDDEN.replace(old, new))
    with pytest.raises(NetlabError) as caught:
        hidden_checks.read(file)
    assert said in str(caught.value)
    with pytest.raises(BadInput):
        hidden_checks.read(tmp_path / "nosuch.toml")


@pytest.mark.parametrize("write", [nbgrader.write, otter.write])
def test_an_assignment_has_every_step_and_the_hidden_checks(tmp_path: Path, write: Any) -> None:
    """For both graders: one test for each step with its points, and those for what is hidden behind them."""
    (tmp_path / "hidden.toml").write_text(HIDDEN)
    text = write(lesson("04"), tmp_path, hidden_checks.read(tmp_path / "hidden.toml")).read_text()
    nbformat.validate(nbformat.reads(text, 4))
    tests = [step.id for step in lesson("04").steps if f'lab.check(\\"{step.id}\\")' in text]
    assert tests == [step.id for step in lesson("04").steps]
    assert text.index('lab.check(\\"04.4\\")') < text.index("hidden.require(")
    assert ("notebook.attach" in text) == (write is otter.write)
