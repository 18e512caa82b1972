"""In which language netlab speaks, and what it says then."""

from __future__ import annotations

import re

import pytest

from netlab.cli.main import main
from netlab.display import pad
from netlab.errors import BadInput, NetlabError, UnknownName, check_language
from netlab.i18n import decide, gettext, language, ngettext, speaking
from netlab.jupyter.provisioner import find_or_make


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


def test_the_language_may_be_another_each_time() -> None:
    """A text is translated when it is said: in one thread Chinese and English follow each other."""
    with speaking("zh"):
        assert language() == "zh"
        assert gettext("no route") == "没有路由"
        with speaking("en"):
            assert gettext("no route") == "no route"
        assert ngettext("{count} request", "{count} requests", 1) == "{count} 个请求"
    assert gettext("no route") == "no route"
    assert ngettext("{count} request", "{count} requests", 1) == "{count} request"


def test_a_text_that_is_not_known_is_said_in_english() -> None:
    """Somebody's own hidden check, say, has no translation, and needs none."""
    with speaking("zh"):
        assert gettext("never heard of") == "never heard of"


def test_errors_are_said_in_the_language_that_is_spoken() -> None:
    """What, why and what next, with the names that exist."""
    with speaking("zh"):
        said = str(UnknownName(gettext("lesson"), "3", ["03", "04"]))
    assert said.startswith("没有名为 '3' 的课。")
    assert "03" in said
    with speaking("zh"):
        assert "\n  下一步：" in str(NetlabError("a", "b"))


def test_a_language_that_there_is_not_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--lang and NETLAB_LANG are checked before anything is done."""
    with pytest.raises(BadInput, match="'fr'"):
        check_language("fr")
    assert main(["--lang", "fr", "status"]) == 2
    monkeypatch.setenv("NETLAB_LANG", "tlh")
    assert main(["status"]) == 2
    with pytest.raises(BadInput, match="'tlh'"):  # a notebook's kernel
        find_or_make("nobody's")
    assert "Languages: en, zh" in capsys.readouterr().err


def test_the_help_is_in_the_language_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """argparse's own words too, and its complaints."""
    monkeypatch.setenv("NETLAB_LANG", "en")
    with pytest.raises(SystemExit):
        main(["--lang", "zh", "--help"])
    said = capsys.readouterr().out
    assert "用法" in said
    assert not re.search(r"usage|options:|positional|show this", said)
    assert main(["--lang", "zh", "goto"]) == 2
    assert "缺少这些参数" in capsys.readouterr().err


def test_chinese_letters_take_two_columns() -> None:
    """What stands in columns on a terminal stays in columns."""
    assert pad("ab", 4) == "ab  "
    assert pad("起点", 7) == "起点   "
