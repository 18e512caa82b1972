"""The workshop's command line."""

from __future__ import annotations

import argparse
import os

import pytest

from netlab.cli import workshop
from netlab.errors import BadInput


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    workshop.options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cert", "a.pem"], "belong together"),
        (["--cert", "none.pem", "--key", "none.pem"], "cannot be used"),
        (["--listen", "everywhere"], "not an address"),
        (["--listen", "0.0.0.0"], "could read the learners' passwords"),
        (["--port", "0"], "no port"),
        (["--open", "01,99"], "no lesson '99'"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    """Each with what to do instead."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(BadInput, match=said):
        workshop._check(asked(*words))


def test_a_workshop_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can give each learner a user of his own; it says so, and what else to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BadInput, match="only root can"):
        workshop.run(asked())
