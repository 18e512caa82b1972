"""What others may rely on: the names that `import netlab` hands out."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import netlab

ROOT = Path(__file__).parents[2]
PUBLIC = {
    *("Lab", "Machine", "trace", "reach", "Verdict", "check", "draw", "timeline", "journeys"),
    *("Snapshot", "Capture", "NetlabError", "notebook"),
}


def test_these_names_are_public_and_no_others() -> None:
    """A name that is added or taken away is a decision, and stands in the changelog."""
    assert set(netlab.__all__) == PUBLIC
    assert set(dir(netlab)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_is_there_and_says_what_it_is(name: str) -> None:
    """It is imported when it is asked for, and documented; so is what it does."""
    found = getattr(netlab, name)
    assert inspect.getdoc(found)
    if inspect.isclass(found):
        own = [value for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
        assert [method.__name__ for method in own if not inspect.getdoc(method)] == []


def test_another_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Labor'"):
        netlab.Labor  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    """Every `docker` that a learner types pays for it."""
    code = "import sys, netlab; print(*(name for name in sys.modules if name.startswith('netlab.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == [], done.stderr


def test_the_package_says_that_it_is_typed() -> None:
    """For the type checkers of those who use it (PEP 561)."""
    assert (ROOT / "netlab/py.typed").is_file()
