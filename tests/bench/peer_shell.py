"""The base lab as a shell script of `ip` and `iptables`."""

from __future__ import annotations

from tests.bench import base_lab
from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve

SCRIPT = base_lab.script()
NEW = "ip netns add internet; ip netns add host\n"
AWAY = "ip netns del internet; ip netns del host\n"


def build() -> float:
    """The namespaces are there; milliseconds until all is in them."""
    run(["bash", "-e"], NEW)
    taken = milliseconds(_fill)
    run(["bash", "-e"], AWAY)
    return taken


def _fill() -> None:
    run(["ip", "netns", "exec", "internet", "bash", "-e"], SCRIPT)


def up() -> float:
    """From nothing to a command that has run in the host."""

    def all_of_it() -> None:
        run(["bash", "-e"], NEW)
        _fill()
        run(["ip", "netns", "exec", "host", "true"])

    taken = milliseconds(all_of_it)
    run(["bash", "-e"], AWAY)
    return taken


def rebuild() -> float:
    """A lab that is there is ended and made anew."""
    run(["bash", "-e"], NEW)
    _fill()

    def again() -> None:
        run(["bash", "-e"], AWAY + NEW)
        _fill()

    taken = milliseconds(again)
    run(["bash", "-e"], AWAY)
    return taken


if __name__ == "__main__":
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    run(["mkdir", "-p", "/run/netns", "/run/lock"])
    serve({"build": build, "up": up, "rebuild": rebuild})
