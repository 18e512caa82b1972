"""What a graded lab could tell: every file of netlab's in it, and the memory of every process, searched."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab import faults
from netlab.checks import CHECKS
from netlab.checks.expectations.answers import Answered
from netlab.grade import redacted
from netlab.grade.session import Session
from netlab.grade.submission import Cell
from netlab.i18n import gettext as _
from netlab.i18n import speaking
from netlab.keeper.address import HOME
from netlab.keeper.launch import Confinement
from netlab.lab import Lab
from netlab.lessons.content import LABS, lessons

SHORT = 20  # letters: what is shorter stands in many places
# Prints every text of at least so many letters that any process of the lab holds in its memory.
STRINGS = r"""
import os, re
seen = set()
for pid in os.listdir('/proc'):
    if not pid.isdecimal() or int(pid) == os.getpid(): continue
    try:
        with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb') as memory:
            for line in maps:
                start, end, mode = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+)', line).groups()
                if 'w' not in mode or int(end, 16) - int(start, 16) > 1 << 27: continue
                memory.seek(int(start, 16))
                try: held = memory.read(int(end, 16) - int(start, 16))
                except (OSError, ValueError): continue
                seen |= set(re.findall(rb'[\x20-\x7e]{20,300}', held))
    except OSError: pass
print(*(text.decode() for text in seen), sep='\n')
"""


def reasons() -> Iterator[str]:
    """Why a wrong option is wrong, for every question, as the checks say it."""
    for check in CHECKS.values():
        for each in check.expects:
            if isinstance(each, Answered):
                yield from each.reasons.values()


def telling() -> dict[str, list[str]]:
    """What must not be found, by its kind; in Chinese, too, where it is said to learners."""
    stories = [fault.story for fault in faults.catalogue()]
    with speaking("zh"):
        chinese = [_(text) for text in (*reasons(), *stories)]
    solutions = [
        line
        for lesson in lessons()
        for step in lesson.steps
        for line in step.solution.splitlines()
        if "vxlan" in line
    ]
    return {
        "reasons": [*reasons()],
        "stories": stories,
        "in Chinese": chinese,
        "solutions": solutions,
        "commands of faults": [
            " ".join(c.argv) for fault in faults.catalogue() for c in fault.inject if len(c.argv) > 6
        ],
    }


def found_in(content: str, kind: str) -> list[str]:
    """Which of those texts stand there. In a source long ones are written in pieces: so each is looked for by
    its first letters."""
    flat = re.sub(r'"\s+"|\s+', " ", content)
    return [text for text in telling()[kind] if len(text) >= SHORT and text[:40] in flat]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Confinement:
    """What a graded lab of lesson 05 is confined to."""
    place = tmp_path_factory.mktemp("shown")
    return Confinement(redacted.write("05", place / "labs"), redacted.package(place / "netlab"))


@pytest.mark.parametrize("kind", telling())
def test_the_search_would_find_it(kind: str) -> None:
    """In the package and the lessons as they are outside, each of them is there."""
    files = (*redacted.PACKAGE.rglob("*.py"), *redacted.PACKAGE.rglob("*.po"), *LABS.rglob("*.toml"))
    content = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert len(found_in(content, kind)) > len(telling()[kind]) / 2


@pytest.mark.parametrize("kind", telling())
def test_no_file_of_netlab_s_tells_an_answer(shown: Confinement, kind: str) -> None:
    """Sources, compiled modules, catalogues of translations and lessons: read as bytes."""
    files = [file for tree in (shown.package, shown.lessons) for file in tree.rglob("*") if file.is_file()]
    content = "\n".join(file.read_bytes().decode("utf-8", "replace").replace("\0", "\n") for file in files)
    assert len(files) > 100
    assert found_in(content, kind) == []


def test_no_lesson_has_a_right_answer_a_hint_or_a_wrong_turn(tmp_path: Path) -> None:
    """Of every lesson, in every language: nothing is left to compare with."""
    for each in lessons():
        folder = redacted.write(each.id, tmp_path / each.id)
        for file in folder.iterdir():
            [lesson] = tomllib.loads(file.read_text(encoding="utf-8"))["lesson"]
            for step in lesson["step"]:
                told = ("solution", "hints", "wrong_turn", "secret")
                assert not any(step.get(name) for name in told)
                for question in (step.get("prediction", {}), step.get("answer", {})):
                    assert not question.get("right") and not question.get("command")


def test_neither_checks_nor_faults_nor_the_instrument_can_be_imported(shown: Confinement) -> None:
    """And nothing that is there imports them when it is imported itself."""
    files = {str(f.relative_to(shown.package)) for f in shown.package.rglob("*.py*")}
    gone = ("checks/", "faults/", "workshop/", "diagnosis/judge", "grade/judge", "diagnosis/trace")
    assert [file for file in files if file.startswith(gone)] == []
    for file in files:
        if file.endswith(".py"):
            tree = ast.parse((shown.package / file).read_text(encoding="utf-8"))
            names = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
            assert not [n for n in names if n.startswith(("netlab.checks", "netlab.faults"))], file


def test_what_is_said_in_a_graded_lab_is_still_said_in_chinese(shown: Confinement) -> None:
    """The catalogue there has lost what is said elsewhere, and nothing else: plurals, too."""
    import gettext

    with (shown.package / "i18n/locale/zh/LC_MESSAGES/netlab.mo").open("rb") as file:
        theirs = gettext.GNUTranslations(file)
    with speaking("zh"):
        assert theirs.gettext("It is judged outside of this lab.") == _("It is judged outside of this lab.")
        assert theirs.gettext("You say: {meaning}.") == _("You say: {meaning}.") != "You say: {meaning}."
    with (redacted.PACKAGE / "i18n/locale/zh/LC_MESSAGES/netlab.mo").open("rb") as file:
        plurals = [key for key in gettext.GNUTranslations(file)._catalog if isinstance(key, tuple)]  # type: ignore[attr-defined]
    assert [key for key in plurals if key in theirs._catalog], "no plural is left"  # type: ignore[attr-defined]


def test_the_memory_of_a_graded_lab_tells_no_answer(
    shown: Confinement, lab_name: str, leakproof: None
) -> None:
    """Process 1, the one that runs the cells, and all others, after a lesson has been begun in it."""
    lab = Lab.up(lab_name, confined=shown)
    try:
        with Session(lab, "05") as session:
            for number, source in enumerate(
                (
                    "from netlab import notebook\nlab = notebook.start('05')",
                    "lab.answer('05.2')",
                    "lab.check('05.3')",
                ),
                1,
            ):
                assert session.run(number, Cell(source, ())).error == ""
            done = lab.run(["python3", "-c", STRINGS], timeout=60)
        listed = lab.run(["ls", str(HOME), str(HOME / "netlab")]).stdout.split()
    finally:
        lab.down()
    assert "lessons" in done.stdout and len(done.stdout) > 100_000, done.stderr
    assert "checks" not in listed and "faults" not in listed and "notebook" in listed
    for kind in telling():
        assert found_in(done.stdout, kind) == []
