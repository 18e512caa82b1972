"""Walkthroughs that were written for real hosts, as printed: on a plain lab host, or on one with Docker.

What this kernel or this machine does not have is an expected failure, with its reason; where it has, it has
to work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netlab.lab import Lab
from tests.support.need import tools
from tests.worlds.walkthrough import Walkthrough, is_as_printed, play, walkthroughs

ENGINES = {"plain": "plain", "docker": "namespaces"}


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Lab]]:
    """A lab of each kind."""
    labs = {host: Lab.up(f"w{os.getpid()}-{host}", engine=engine) for host, engine in ENGINES.items()}
    for lab in labs.values():
        lab.reset()  # the child that does it stays, and no test has left it behind
    yield labs
    for lab in labs.values():
        lab.down()


@pytest.mark.parametrize("one", walkthroughs(), ids=lambda one: one.name)
def test_a_walkthrough_works_as_printed(hosts: dict[str, Lab], one: Walkthrough) -> None:
    """Letter for letter, with what it prints; what the kernel refuses says why in the file."""
    if "tool" in one.fields:
        tools()
    lab = hosts[one.fields["host"]]
    try:
        failed = play(lab, one)
    finally:
        lab.reset()
    if failed and one.fields.get("refused", "\0") in failed:
        pytest.xfail(one.fields["why"])
    assert failed == ""


def test_what_is_printed_is_looked_for_in_order() -> None:
    """Else a walkthrough could not fail."""
    output = "a  b\nPING 10.0.0.2: time=3 ms\n"
    assert is_as_printed(output, ["a b", "PING … ms"])
    assert not is_as_printed(output, ["PING", "a b"])
    assert not is_as_printed(output, ["PING 10.0.0.3"])


def test_nine_of_ten_do_not_need_what_this_kernel_lacks() -> None:
    """There are forty and more, and those that may be refused are few."""
    refused = [one.name for one in walkthroughs() if "refused" in one.fields]
    assert len(walkthroughs()) - len(refused) >= 36 and len(refused) <= 8, refused
