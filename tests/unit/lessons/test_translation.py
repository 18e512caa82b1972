"""A translation beside its original: cells by their place, texts by their ids; a slip is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.i18n import speaking
from netlab.lessons import content
from netlab.lessons.content import Lesson
from netlab.lessons.translation import Piece, pieces, translate

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
