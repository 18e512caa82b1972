"""What an engine has to be able to do, and what only some can."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

from netlab.engines import ENGINES, engine
from netlab.engines.protocol import Daemonless


def test_only_the_engine_without_a_daemon_is_daemonless() -> None:
    """A reset, and what keeps account of containers, depend on it."""
    assert [name for name in ENGINES if isinstance(engine(name), Daemonless)] == ["namespaces", "plain"]


def does_nothing(line: ast.stmt) -> bool:
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))


@pytest.mark.parametrize("name", ENGINES)
def test_no_engine_has_a_method_that_does_nothing(name: str) -> None:
    """What an engine has no use for belongs in a protocol of its own."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(type(engine(name)))))
    methods = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert methods and [node.name for node in methods if all(map(does_nothing, node.body))] == []
