"""Two languages, one lesson: the same cells, the same steps, and nothing left in English."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab.grade import nbgrader, otter, redacted
from netlab.i18n import LANGUAGES, speaking
from netlab.lessons import build, content
from netlab.lessons.content import LABS, TEXTS, Lesson
from netlab.lessons.translation import comments
from netlab.lessons.variant import Variant

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMAND = re.compile(
    r"(docker|ip|iptables|lab\.|host\.|box\.|sysctl|echo|ln|mkdir|pid=|cat|tcpdump|curl|for|tc|bridge|ps"
    r"|readlink) ?"
)
TAUGHT = content.lessons()
WRITTEN = [lesson for lesson in TAUGHT if build.source(lesson, "zh").is_file()]
PAGES = [content.LANDING, *WRITTEN]
# The lessons that may still lack a Chinese source.
NOT_YET: set[str] = set()
each_lesson = pytest.mark.parametrize("lesson", WRITTEN, ids=lambda lesson: lesson.id)
each_page = pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.id)


def test_every_lesson_has_a_chinese_source() -> None:
    """Nobody who reads Chinese finds a lesson in English only."""
    assert {lesson.id for lesson in TAUGHT} - {lesson.id for lesson in WRITTEN} <= NOT_YET


def cells(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["cells"]
    return found


def code(text: str) -> list[str]:
    """Each code cell of a notebook, without comments."""
    made = ("".join(cell["source"]) for cell in cells(text) if cell["cell_type"] == "code")
    return ["\n".join(line for line in cell.splitlines() if line not in comments(cell)) for cell in made]


@each_page
def test_the_chinese_notebook_is_built_from_its_source(lesson: Lesson) -> None:
    """Nobody edits a notebook by hand, in no language; it says itself which one it is in."""
    committed = (LABS / "zh" / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")
    assert committed == build.notebook(lesson, language="zh")
    metadata = json.loads(committed)["metadata"]
    assert metadata["netlab"] == {"language": "zh"}
    assert metadata["kernelspec"]["name"] == "netlab-zh"


@each_page
@pytest.mark.parametrize("solution", [False, True], ids=["learner's", "solved"])
def test_both_notebooks_hold_the_same_cells(lesson: Lesson, solution: bool) -> None:
    """The same cells under the same ids in the same order; the code is equal but for its comments."""
    english = build.notebook(lesson, solution=solution)
    chinese = build.notebook(lesson, solution=solution, language="zh")
    assert [(c["id"], c["metadata"]) for c in cells(english)] == [
        (c["id"], c["metadata"]) for c in cells(chinese)
    ]
    assert code(english) == code(chinese)


@each_page
def test_no_cell_is_left_in_english(lesson: Lesson) -> None:
    """Each piece of prose and each comment in the code is Chinese, and another one than the English."""
    for ours, theirs in build.cells_of(lesson, "zh"):
        if ours.kind == "markdown":
            assert CHINESE.search(theirs.source), theirs.source
            assert ours.source != theirs.source
        else:
            assert not [line for line in comments(theirs.source) if not CHINESE.search(line)]


@each_lesson
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_step_has_one_title(lesson: Lesson, language: str) -> None:
    """What the overview links to is a heading of the notebook, word for word."""
    source = build.source(lesson, language).read_text(encoding="utf-8")
    with speaking(language):
        titles = [f"{step.id} {step.title}" for step in content.lesson(lesson.id).steps]
    assert re.findall(r"(?m)^## (\d\d\.\d .*)$", source) == titles


def texts(entry: dict[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """(where, text) of all that learners read in a lesson's or a step's entry."""
    for key in (key for key in TEXTS if key in entry):
        value, here = entry[key], f"{place} {key}"
        if key in ("step", "recall"):
            for step in value:
                yield from texts(step, step["id"])
        elif key in ("prediction", "answer"):
            yield from texts(value, here)
        elif key == "options":
            yield from ((f"{here} {option}", text) for option, text in value.items())
        elif key == "hints":
            yield from ((f"{here} {number}", text) for number, text in enumerate(value, 1))
        else:
            yield here, value


def entries(file: str) -> dict[str, dict[str, Any]]:
    found = LABS / file
    return {e["id"]: e for e in tomllib.loads(found.read_text("utf-8"))["lesson"]} if found.is_file() else {}


@each_lesson
def test_every_text_of_a_lesson_is_translated(lesson: Lesson) -> None:
    """lessons.zh.toml has a Chinese text for each that lessons.toml has; only what is a command stays."""
    english = dict(texts(entries("lessons.toml")[lesson.id]))
    chinese = dict(texts(entries("lessons.zh.toml")[lesson.id]))
    assert english.keys() == chinese.keys()
    left = [
        place
        for place, text in chinese.items()
        if not CHINESE.search(text) and not (text == english[place] and COMMAND.match(text))
    ]
    assert left == []


def test_the_translated_lessons_differ_in_their_texts_alone() -> None:
    """Whoever learns in Chinese does the same steps, with the same commands, for the same points."""
    with speaking("zh"):
        chinese = content.lessons()
    for ours, theirs in zip(TAUGHT, chinese, strict=True):
        assert (ours.id, ours.slug, ours.start) == (theirs.id, theirs.slug, theirs.start)
        for step, other in zip(ours.steps, theirs.steps, strict=True):
            assert (step.id, step.points, step.solution) == (other.id, other.points, other.solution)
            assert step.wrong_turns == other.wrong_turns


def test_a_variant_is_made_in_the_language_that_is_spoken(tmp_path: Path) -> None:
    """Its learner's names and addresses are in Chinese prose as in the commands; it starts by its seed."""
    with speaking("zh"):
        files = build.build_for(["li.na"], "autumn", tmp_path)
    text = next(file for file in files if file.name.startswith("03")).read_text(encoding="utf-8")
    seed = build.learners_seed("autumn", "li.na")
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "netlab-zh"
    assert f"seed={seed!r}" in text
    assert "veth_host" not in text
    assert Variant.of(seed).exchange("veth_host") in text
    assert CHINESE.search(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_a_learners_folder_every_link_leads_somewhere(tmp_path: Path, language: str) -> None:
    """It holds one language and what the lessons link to, and can be handed out by itself."""
    with speaking(language):
        files = build.build_for(["ada"], "autumn", tmp_path)
    links = {link for file in files for link in re.findall(r"\]\(([^)#]+)", file.read_text(encoding="utf-8"))}
    assert {"glossary.md", "causes.md"} <= links
    assert [link for link in links if "://" not in link and not (tmp_path / "ada" / link).is_file()] == []


def test_names_beside_chinese_letters_are_exchanged() -> None:
    """A variant's words are found whether or not there is a blank between them and the Chinese."""
    variant = Variant.of("a")
    said = variant.exchange("把veth_host接到docker0，再看172.17.1.2。")
    assert said == f"把{variant.exchange('veth_host')}接到docker0，再看{variant.exchange('172.17.1.2')}。"
    assert "veth_host" not in said


def test_an_assignment_is_written_in_the_language_that_is_spoken(tmp_path: Path) -> None:
    """For nbgrader and for otter-grader: Chinese prose, the same tests, and a kernel that knows."""
    with speaking("zh"):
        lesson = content.lesson("02")
        ours = nbgrader.write(lesson, tmp_path / "nbgrader")
        others = otter.write(lesson, tmp_path / "otter")
    text = ours.read_text(encoding="utf-8")
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "netlab-zh"
    assert "轮到你" in text
    assert "notebook.attach(\\\"02\\\", language='zh')" in others.read_text(encoding="utf-8")


def test_a_graded_edition_holds_one_lesson_in_every_language(tmp_path: Path) -> None:
    """The lesson's own texts, Chinese too, and none of another's; no solutions."""
    folder = redacted.write("03", tmp_path)
    with speaking("zh"):
        found = content.lessons(folder / "lessons.toml")
    assert [lesson.id for lesson in found] == ["03"]
    assert CHINESE.search(found[0].title)
    assert not any(step.solution for step in found[0].steps)
