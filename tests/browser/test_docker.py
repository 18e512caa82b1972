"""The live view of a lab with real Docker: its tests once more, with that engine's JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlab.engines.docker import tools, users
from netlab.errors import NetlabError
from tests.support.need import missing
from tests.support.server import Server

from .conftest import serving
from .test_live import (
    test_each_command_of_the_lecture_shows_by_itself,
    test_keyboard_words_and_a_lab_that_is_put_back,
)

__all__ = [
    "test_each_command_of_the_lecture_shows_by_itself",
    "test_keyboard_words_and_a_lab_that_is_put_back",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`./run --engine docker`; where Docker is not installed, said so by name."""
    try:
        tools.require()
        users.identity()
    except NetlabError as error:
        missing(str(error))
    with serving("browser-docker", tmp_path_factory.mktemp("docker"), "--engine", "docker") as running:
        yield running
