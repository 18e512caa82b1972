"""`docker` in the lab host of the namespaces engine: the program that is started.

`docker exec` is typed all the time. It is done here, without what all other commands import; most of the
others the lab host's process 1 has done before it comes to this (`quick.ASK`).
"""

from __future__ import annotations

import sys

from netlab.engines.namespaces import fast_path


def main(arguments: list[str] | None = None) -> int:
    """Run one docker command; its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["exec"]:
        fast_path.execute(words[1:])
    from netlab.engines.namespaces.docker import commands

    return commands.main(words)
