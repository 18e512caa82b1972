"""How a container is made, and what `docker` means in the lab host: one package per engine.

What a lab does the same way with every engine knows only the `Engine` of protocol.py. Every `docker` that a
learner types imports this package, so it imports nothing before it has to.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netlab.engines.protocol import Engine

ENGINES = ("namespaces", "docker", "plain")
# What `docker` is replied where it asks process 1 of the lab host, but for an exit status.
KILLED = b"137"  # as a status: what it asked for did not come to its end
NO = b"-"  # it has to do it itself


def engine(name: str) -> Engine:
    """The engine of that name; BadInput with those that there are."""
    if name not in ENGINES:
        from netlab.errors import BadInput
        from netlab.i18n import gettext as _

        raise BadInput(
            _("There is no engine {name!r}.").format(name=name),
            _("Known engines: {engines}.").format(engines=", ".join(ENGINES)),
        )
    import importlib

    module = importlib.import_module(f"netlab.engines.{name}.engine")
    made: Engine = module.ENGINE
    return made


def script(python: str, home: str, module: str, before: str = "") -> str:
    """A program that runs `main` of a module of netlab, with that interpreter and nothing of its site's.

    It is a shell's, which does `before`, lines of its own, first.
    """
    code = f"import sys; sys.path.insert(0, {home!r}); import {module} as it; sys.exit(it.main())"
    return f'#!/bin/sh\n{before}exec {quote(python)} -IS -c {quote(code)} "$@"\n'


def quote(text: str) -> str:
    """The text as one word of a shell's."""
    return "'" + text.replace("'", "'\\''") + "'"
