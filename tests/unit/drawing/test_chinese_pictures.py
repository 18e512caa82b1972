"""Pictures in Chinese: read like the English ones, without boxes where letters should be."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest

from netlab.drawing import fonts, latency_plot
from netlab.drawing.fonts import text_width, wrap
from netlab.drawing.loss_plot import plot
from netlab.drawing.timeline import timeline
from netlab.drawing.topology import draw
from netlab.i18n import speaking
from netlab.model.latency import Latency
from netlab.model.loss import Loss
from tests.unit.drawing.test_timeline import CAPTURES
from tests.worlds import builders as b
from tests.worlds.pictures import check_picture, words
from tests.worlds.topologies import WORLDS

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """All of it in Chinese; a letter that no typeface has is an error, as is a typeface that is not there."""
    with speaking("zh"), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", ["lecture", "thirty", "macvlan and vxlan", "many addresses", "broken"])
def test_a_topology_can_be_read(name: str) -> None:
    """Marks, states, the sentences below: all of it in place, all of it with letters."""
    snapshot = WORLDS[name]()
    before = replace(snapshot, nodes=tuple(replace(node, interfaces=()) for node in snapshot.nodes))
    figure = draw(snapshot, previous=before, title="一切都是新的", note="没有转发")
    check_picture(figure)
    said = words(figure)
    assert "启用" in said
    assert "与上一张图相比" in said
    assert not re.search(r"\b(up|down|no carrier|lab host|new)\b", said)


@pytest.mark.parametrize("name", ["lecture", "ping", "two hundred", "nothing"])
def test_a_timeline_can_be_read(name: str) -> None:
    """The packets' names, the legend and the remarks."""
    figure = timeline(CAPTURES[name]())
    check_picture(figure)
    said = words(figure)
    assert CHINESE.search(said)
    assert not re.search(r"\b(request|reply|echo|packet|seen)\b", said)


def test_a_loss_can_be_read() -> None:
    """The numbers and the legend of the figure of many probes."""
    figure = plot(Loss("if-test", "39.106.233.176", (True, False, True, True) * 10))
    check_picture(figure)
    assert CHINESE.search(words(figure))
    assert not re.search(r"\b(lost|probes|loss)\b", words(figure))


def test_latencies_can_be_read() -> None:
    """The figure that compares round trips."""
    found = (Latency("bridged", tuple(n / 500 for n in range(1, 200))), Latency("gone", ()))
    figure = latency_plot.plot("39.106.233.176", found)
    check_picture(figure)
    assert CHINESE.search(words(figure))
    assert not re.search(r"\b(round|trips|median|answers?)\b", words(figure))


def test_without_a_typeface_pictures_are_in_english_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Better English than boxes; what somebody else has written in Chinese is left out."""
    monkeypatch.setattr(fonts, "chinese_typeface", lambda: "")
    fonts._tell_once.cache_clear()
    for _ in range(2):
        figure = draw(b.lab(), title="标题")
        figure.canvas.draw()
    assert not CHINESE.search(words(figure))
    assert "lab host" in words(figure)
    assert capsys.readouterr().err.count("fonts-wqy-microhei") == 1
    fonts._tell_once.cache_clear()


def test_a_line_ends_between_two_letters_and_never_before_a_comma() -> None:
    """Chinese has no blanks between words; closing signs stay with what they close."""
    text = "请求到了 veth_host；应答走第一条路由（docker0），进了一个什么都没插的网桥。"
    for width in range(60, 200, 2):
        lines = wrap(text, width)
        assert len(lines) > 1
        assert max(text_width(line, 8.0) for line in lines) <= width
        assert not [line for line in lines if line[0] in "，。；）"]
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)


def test_english_lines_are_as_they_were() -> None:
    """A line of words with blanks between them ends at a blank."""
    assert wrap("one two three", 1000.0) == ["one two three"]
    assert wrap("  one  two ", 1000.0) == ["one two"]
