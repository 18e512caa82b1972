"""What public tutorials type works in the namespaces engine; what does not is listed.

python -m tests.kernel.engines.test_tutorials        how much of it does, and what the rest says
"""

from __future__ import annotations

import os
import subprocess

import pytest

from netlab.lab import Lab
from tests.worlds.tutorials import FAMILIES, Family, fits

NOT_HERE = ("swarm, overlay networks", "build")  # real Docker's alone


def failure(lab: Lab, family: Family) -> str:
    """The first line that does not do what it should, with what it said; "" if all do."""
    for line, pattern in family.lines:
        try:
            done = lab.run(["bash", "-c", line], timeout=20)
        except subprocess.TimeoutExpired:
            return f"{line}: no end after 20 s"
        if not fits(done.stdout.strip(), done.returncode, pattern):
            return f"{line}: {done.returncode} {done.stdout[-400:]}{done.stderr[-400:]}"
    return ""


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_tutorials_lines_work_as_printed(lab: Lab, family: Family) -> None:
    """Letter for letter; what is real Docker's alone is refused in one line."""
    failed = failure(lab, family)
    if family.name not in NOT_HERE:
        assert failed == ""
    else:
        line = family.lines[0][0]
        done = lab.run(["bash", "-c", line])
        assert done.returncode and len(done.stderr.strip().splitlines()) == 1, done.stderr


def main() -> None:
    """Play all, and say how many of the files' uses work."""
    engine = os.environ.get("NETLAB_ENGINE", "namespaces")
    lab = Lab.up(f"tutorials-{os.getpid()}", engine=engine)
    works = 0
    try:
        for family in FAMILIES:
            lab.reset()
            failed = failure(lab, family)
            works += 0 if failed else family.files
            print(f"{family.files:4} {'works' if not failed else 'fails'}  {family.name}  {failed!r:.300}")
    finally:
        lab.down()
    total = sum(family.files for family in FAMILIES)
    print(f"{works} of {total} uses work")


if __name__ == "__main__":
    main()
