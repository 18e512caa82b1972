"""Which docker commands the lab host's process 1 is asked to do."""

from __future__ import annotations

import argparse

import pytest

from netlab.engines.namespaces import fast_path
from netlab.engines.namespaces.docker import commands


@pytest.mark.parametrize(
    ("line", "handed_over"),
    [
        ("run -d --name a image sleep 10", True),
        ("run --name a --network none -e A=1 --detach image", True),
        ("exec -d a httpd", True),
        ("run --name -d image", False),
        ("run --name a image sh -d", False),
        ("run -it image", False),
        ("exec a ls -d", False),
        ("exec -it a sh", False),
    ],
)
def test_only_what_needs_no_terminal_is_handed_over(line: str, handed_over: bool) -> None:
    """The -d has to be docker's own, not a value's or the command's."""
    assert fast_path._is_detached(line.split()) is handed_over


def test_every_option_with_a_value_is_known() -> None:
    """What follows one of those is not an option: the parser's list is the list here."""
    parser = argparse.ArgumentParser(add_help=False)
    commands._container_options(parser)  # type: ignore[arg-type]
    wanted = {name for action in parser._actions if action.nargs != 0 for name in action.option_strings}
    assert wanted == set(fast_path.WITH_A_VALUE)
