"""Commands of ip(8) that a lesson begins with are put together, and nothing else of it is touched."""

from __future__ import annotations

import pytest

from netlab.lessons.content import lessons
from netlab.lessons.ip_batch import batch

SCRIPT = """\
docker run -d --name a image
ip link add v type veth peer name w
ip addr add 10.0.0.1/24 dev v
ip -n blue link set w up
ip -n blue route add default via 10.0.0.1
nsenter -t $pid -n ip link set eth0 up
nsenter -t $pid -n ip addr add 10.0.0.2/24 dev eth0
ip link set v up > /dev/null
ip link set v up || true
"""
TOGETHER = """\
docker run -d --name a image
ip -batch - <<END-OF-BATCH
link add v type veth peer name w
addr add 10.0.0.1/24 dev v
END-OF-BATCH
ip -n blue -batch - <<END-OF-BATCH
link set w up
route add default via 10.0.0.1
END-OF-BATCH
nsenter -t $pid -n ip -batch - <<END-OF-BATCH
link set eth0 up
addr add 10.0.0.2/24 dev eth0
END-OF-BATCH
ip link set v up > /dev/null
ip link set v up || true"""


def test_neighbouring_commands_of_one_namespace_are_one_call() -> None:
    """What the shell has more to do with (redirections, operators) stays as it is typed."""
    assert batch(SCRIPT) == TOGETHER


def test_a_here_document_is_left_alone() -> None:
    """Commands that a script only writes down are not run by it."""
    script = (
        "cat > later <<'END'\nip link set a up\nip link set b up\nEND\nip link set c up\nip link set d up"
    )
    assert batch(script) == script


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
def test_every_lesson_begins_with_the_same_words_as_before(lesson) -> None:  # type: ignore[no-untyped-def]
    """Of each line of a lesson's start all words are there, in their order."""
    said = [
        word
        for line in batch(lesson.start).splitlines()
        if "<<END-OF-BATCH" not in line
        for word in line.split()
    ]
    typed = iter(lesson.start.split())
    assert all(word in typed for word in said if word != "END-OF-BATCH")
