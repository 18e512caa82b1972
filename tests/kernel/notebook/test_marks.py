"""A notebook goes back: a real kernel's cells, in a lab host, with a mark before each."""

from __future__ import annotations

import sys
from pathlib import Path

from netlab.lab import Lab
from netlab.notebook.marks import Steps
from tests.kernel.conftest import sh


class Undoing(Steps):
    """A notebook's lab, as far as it goes back."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self._previous = lab, None


CELLS = """
import sys; sys.path.insert(0, {home!r})
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
run = lambda code: shell.run_cell(code, store_history=True).raise_error()
run("from netlab import notebook; lab = notebook.start('04')")
run("lab.script('ip link add br7 type bridge')")
run("lab.script('ip addr add 10.7.7.7/24 dev br7')")
run("a = lab.undo()")
run("b = lab.script('ip -o addr show dev br7').stdout")
run("c = lab.at(2)")
run("d = lab.snapshot().node('host').has_interface('br7')")
print([shell.user_ns[name] for name in "abcd"])
"""


def test_cells_are_undone(lab: Lab) -> None:
    """undo leads to before the last cell that changed something, at to before any; both say what changed."""
    done = lab.run([sys.executable, "-c", CELLS.format(home=str(Path(__file__).parents[3]))], timeout=120)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()[-1]
    assert "10.7.7.7" in said and "inet " not in said and said.endswith("False]"), done.stdout
    assert "br7" not in sh(lab, "ip -o link")


def test_nothing_to_undo_is_said_and_stops_no_notebook(lab_name: str) -> None:
    """A card with the reason, in a lab that has no past: whoever runs all cells gets to the end."""
    lab = Lab.up(lab_name)
    try:
        assert "nothing to undo" in repr(Undoing(lab).undo())
    finally:
        lab.down()


REACH = (
    CELLS[: CELLS.index("run(\"lab.script('ip link")]
    + """
run("lab.script('sysctl -qw net.ipv4.icmp_echo_ignore_all=1')")
run("print(lab.reach('internet → host', since=2))")
"""
)


def test_a_cell_is_told_what_it_closed(lab: Lab) -> None:
    """From inside of the lab, against how it was before that cell."""
    done = lab.run([sys.executable, "-c", REACH.format(home=str(Path(__file__).parents[3]))], timeout=120)
    assert done.returncode == 0, done.stderr
    told = "- after the change 192.0.2.10 ping is closed from internet: net.ipv4.icmp_echo_ignore_all = 1"
    assert told in done.stdout, done.stdout
