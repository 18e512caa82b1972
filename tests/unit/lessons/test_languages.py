"""Two languages, one lesson: the same cells, the same steps, and nothing left in English."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab import engines
from netlab.errors import BadInput
from netlab.grade import nbgrader, otter, redacted
from netlab.i18n import LANGUAGES, decide, speaking
from netlab.lessons import build, content
from netlab.lessons.content import LABS, TEXTS, Lesson
from netlab.lessons.translation import Piece, comments, pieces, translate
from netlab.lessons.variant import Variant

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMAND = re.compile(r"(docker|ip|iptables|lab\.|sysctl|echo|ln|mkdir|pid=|cat|tcpdump|curl|for|tc|bridge) ?")
TAUGHT = content.lessons()
WRITTEN = [lesson for lesson in TAUGHT if build.source(lesson, "zh").is_file()]
PAGES = [content.LANDING, *WRITTEN]
# The lessons that may still lack a Chinese source.
NOT_YET: set[str] = set()
each_lesson = pytest.mark.parametrize("lesson", WRITTEN, ids=lambda lesson: lesson.id)
each_page = pytest.mark.parametrize("lesson", PAGES, ids=lambda lesson: lesson.id)

ENGLISH = """# 03 · A cable

Some prose.

```bash tags=["type", "03.1"]
# your turn: make the pair
# --- solution ---
ip link add name veth_host type veth peer name veth_container
```

## 03.1 More

```python
lab.draw()
```

The end.
"""
OTHER = """# 03 · 一根网线

一些文字。

```bash tags=["type", "03.1"]
# 轮到你了：创建这一对
```

## 03.1 还有

```python
```

完。
"""


def both(other: str) -> list[Piece]:
    return list(translate(list(pieces(ENGLISH)), list(pieces(other)), "zh/03.md"))


def test_the_code_stands_once_and_its_comments_in_each_language() -> None:
    """Prose and comments are the translation's, every command is the English source's."""
    made = both(OTHER)
    assert [piece.kind for piece in made] == ["markdown", "code", "markdown", "code", "markdown"]
    assert made[1].source.splitlines() == [
        "%%bash",
        "# 轮到你了：创建这一对",
        "# --- solution ---",
        "ip link add name veth_host type veth peer name veth_container",
    ]
    assert made[1].tags == ["type", "03.1"]
    assert made[3].source == "lab.draw()"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("## 03.1 还有", "## 03.2 还有", "cell 3"),
        ('tags=["type", "03.1"]', 'tags=["type", "03.2"]', "cell 2"),
        ("```bash", "```python", "cell 2"),
        ("# 轮到你了：创建这一对", "ip link", "more than comments"),
        ("# 轮到你了：创建这一对\n", "", "0 comments"),
        ("\n完。\n", "", "4 cells"),
    ],
)
def test_a_translation_that_is_out_of_step_is_named(was: str, becomes: str, said: str) -> None:
    """Its author is told which cell differs and how."""
    assert was in OTHER
    with pytest.raises(BadInput, match=said):
        both(OTHER.replace(was, becomes))


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
        if key == "step":
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


def test_the_chinese_readme_is_a_whole_one() -> None:
    """The same sections, tables, pictures and folders, and every command that the English one names."""
    english = (LABS.parent / "README.md").read_text(encoding="utf-8")
    chinese = (LABS / "zh/README.md").read_text(encoding="utf-8")

    def form(text: str) -> list[str]:
        begins = r"(?m)^(?:## |\| |!\[| {4,8}[.a-z][\w./]*| {4}\./run \w*)"
        return [found.strip() for found in re.findall(begins, text)]

    assert form(chinese) == form(english)
    commands = r"`(\./run [^`A-Z]*|[A-Z_]+=[^`]*|lab\.[^`]*)`"
    assert set(re.findall(commands, english)) <= set(re.findall(commands, chinese))


def test_the_virtual_machines_readme_is_a_whole_one_too() -> None:
    """The same sections, rows of tables and remarks, and every command, setting and path in both."""
    folder = LABS.parent / "vagrant"
    both = [(folder / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]

    def form(text: str) -> list[str]:
        return re.findall(r"(?m)^(?:#+ |\||- | {4}[\w=/.-]+)", text)

    english, chinese = both
    assert form(chinese) == form(english)
    assert set(re.findall(r"`[^`]+`", chinese)) == set(re.findall(r"`[^`]+`", english))


SHELL_WORDS = {"say": (0,), "give_up": (0, 2), "without_network": (0,)}  # where an English text stands
COMMANDS = ("", "sudo", "vagrant", "./run")


@pytest.mark.parametrize("script", ["run", "vagrant/provision.sh"])
def test_what_a_script_says_it_says_in_both_languages(script: str) -> None:
    """Behind each English text of a message stands the Chinese one, or a command that needs none."""
    said = 0
    text = (LABS.parent / script).read_text(encoding="utf-8")
    for call in re.finditer(r"(?m)(?:^|\|\| |&& |\{ )\s*(say|give_up|without_network) +(?=[\"'])", text):
        words = shlex.split(_arguments(text[call.end() :]).replace("\\\n", " "))
        for place in SHELL_WORDS[call[1]]:
            english, chinese = (*words[place : place + 2], "", "")[:2]
            if english.partition(" ")[0] not in COMMANDS and not english.startswith("$"):
                said += 1
                assert re.search(r"[\u4e00-\u9fff]", chinese), (english, chinese)
    assert said > 5


def _arguments(text: str) -> str:
    """A shell command's words up to its end: an unquoted end of line, ; or ||."""
    found = re.match(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\\n|[^"'\n;|&])*""", text)
    return found[0] if found else ""


def test_what_vagrant_says_it_says_in_both_languages() -> None:
    """Each problem and each notice of netlab.rb is a pair of texts."""
    text = (LABS.parent / "vagrant/netlab.rb").read_text(encoding="utf-8")
    said = re.findall(r"(?:Problem\.new|ui\.(?:warn|success))\((.{6})", text)
    assert len(said) > 8 and set(said) == {"words("}
    pairs = len(re.findall(r"\bwords\(", text)) - 1  # its definition
    assert len(re.findall(r"[\u4e00-\u9fff][^\n]*", text)) >= pairs


def test_the_engines_differ_in_chinese_as_in_english() -> None:
    """The same table, with the same patterns, and as many remarks behind it."""
    folder = Path(engines.__file__).parent
    both = [(folder / name).read_text(encoding="utf-8") for name in ("DIFFERENCES.md", "DIFFERENCES.zh.md")]

    def form(text: str) -> tuple[list[list[str]], int]:
        rows = [re.split(r"(?<!\\)\|", line)[2:4] for line in text.splitlines() if line.startswith("|")]
        return rows, len(re.findall(r"(?m)^- ", text))

    english, chinese = map(form, both)
    assert len(english[0]) > 5
    assert chinese == english


LESSONS = """
[[lesson]]
id = "01"
slug = "a"
title = "A title"
minutes = 10
start = ""
[[lesson.step]]
id = "01.1"
title = "A step"
points = 1
begin = "nothing"
hints = ["a", "b", "c"]
wrong_turn = []
[lesson.step.prediction]
question = "What?"
options = { yes = "it does", no = "it does not" }
right = "yes"
"""
CHINESE_TEXTS = """
[[lesson]]
id = "01"
title = "标题"
[[lesson.step]]
id = "01.1"
hints = ["一", "二", "三"]
[lesson.step.prediction]
question = "什么？"
options = { yes = "会", no = "不会" }
"""


def read(folder: Path, texts: str) -> Lesson:
    (folder / "lessons.toml").write_text(LESSONS)
    (folder / "lessons.zh.toml").write_text(texts)
    with speaking("zh"):
        return content.lessons(folder / "lessons.toml")[0]


def test_texts_are_found_by_their_ids(tmp_path: Path) -> None:
    """What is translated is Chinese; what is not yet stays as it is."""
    lesson = read(tmp_path, CHINESE_TEXTS)
    step = lesson.steps[0]
    assert (lesson.title, step.title, step.hints) == ("标题", "A step", ("一", "二", "三"))
    assert step.prediction and step.prediction.options == {"yes": "会", "no": "不会"}
    assert step.prediction.right == "yes"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('id = "01.1"', 'id = "01.7"', "01.7"),
        ('id = "01"\n', 'id = "17"\n', "17"),
        ('"三"]', '"三", "四"]', "hints"),
        ("no = ", "maybe = ", "选项"),
        ("question = ", "asked = ", "asked"),
        ('title = "标题"', 'title = "标题"\nstart = "ip link"', "start"),
    ],
)
def test_texts_without_a_place_are_named(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    """A translator's slip is told with the lesson or step, not swallowed."""
    assert was in CHINESE_TEXTS
    with pytest.raises(BadInput, match=said):
        read(tmp_path, CHINESE_TEXTS.replace(was, becomes))


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "NETLAB_NOTEBOOK_LANG": "en"}, "en"),
        ({"NETLAB_NOTEBOOK_LANG": "zh"}, "zh"),
        ({"NETLAB_LANG": "en", "NETLAB_NOTEBOOK_LANG": "zh", "LANG": "zh_CN"}, "en"),
        ({"NETLAB_LANG": "zh", "NETLAB_NOTEBOOK_LANG": "en"}, "zh"),
        ({"NETLAB_LANG": "fr", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_who_decides_the_language(environment: dict[str, str], language: str) -> None:
    """NETLAB_LANG, then the notebook's own language, then the locale, then English."""
    assert decide(environment) == language


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
