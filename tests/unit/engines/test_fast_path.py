"""Which docker commands the lab host's process 1 is asked to do."""

from __future__ import annotations

import argparse

import pytest

from netlab.engines.namespaces import fast_path
from netlab.engines.namespaces.docker import commands, options


@pytest.mark.parametrize(
    ("line", "handed_over"),
    [
        ("run -d --name a image sleep 10", True),
        ("run --name a --network none -e A=1 --detach image", True),
        ("exec -d a httpd", True),
        ("run --name -d image", False),
        ("run --name a image sh -d", False),
        ("run -it image", False),
        ("run -dit --name a image sh", True),
        ("run -itd image", True),
        ("run -tip 80:80 -d image", True),
        ("run -pd image", False),
        ("run -ed image -d", False),
        ("run --detach=true image", True),
        ("run -d=false image", False),
        ("container run -d image", True),
        ("container ls -a", True),
        ("image ls", True),
        ("logs a", True),
        ("logs --tail 5 a", True),
        ("logs -f a", False),
        ("logs --follow a", False),
        ("start a", True),
        ("start -ai a", False),
        ("network create a", True),
        ("network prune", False),
        ("attach a", False),
        ("wait a", False),
        ("events", False),
        ("exec a ls -d", False),
        ("exec -it a sh", False),
    ],
)
def test_only_what_needs_no_terminal_is_handed_over(line: str, handed_over: bool) -> None:
    """The -d has to be docker's own, not a value's or the command's."""
    assert fast_path.is_handed_over(line.split()) is handed_over


def test_every_option_with_a_value_is_known() -> None:
    """What follows one of those is not an option: the parser's list is the list here."""
    parser = argparse.ArgumentParser(add_help=False)
    options.container(parser)
    wanted = {name for action in parser._actions if action.nargs != 0 for name in action.option_strings}
    assert wanted == set(fast_path.WITH_A_VALUE)


def test_every_command_of_a_group_is_one() -> None:
    """Whatever `docker container …` and the like are said to have, there is something that does it."""
    for group, verbs in fast_path.GROUPS.items():
        for verb in verbs:
            assert fast_path.canonical([group, verb])[0] in commands.COMMANDS, f"{group} {verb}"
