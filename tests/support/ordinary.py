"""The tests once more as somebody who is not root, as most people are; root alone can arrange that."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BESIDE = "NETLAB_TESTS_BESIDE_ROOTS"
ROLE = ("unit", "kernel", "attacks", "docker")  # the tiers in which it matters who one is
# What does not ask who one is, and takes long, that user does for root as well: the same lab is laid out,
# read and judged for both. (Root's are: how a sandbox is made and held, who may enter and knock, what runs in
# it as whom, files that others may write, and a grader's own user.)
ALONE = (
    "unit",  # no kernel
    "kernel/faults/test_catalogue.py",  # what a trace says of a network, in labs alone: root's trace of the
    "kernel/faults/test_gym.py",  # machine itself is kernel/diagnosis/test_here.py
    "kernel/faults/test_proof.py",
    "kernel/diagnosis/test_healthy.py",
    "kernel/diagnosis/test_more_kinds.py",
    "kernel/diagnosis/test_reach.py",
    "kernel/diagnosis/test_search.py",
    "kernel/diagnosis/test_trace.py",
    "kernel/diagnosis/test_worlds.py",
    "kernel/diagnosis/test_worlds_found.py",
    "kernel/engines/test_compose.py",  # what the stand-in makes of lines written elsewhere
    "kernel/engines/test_tutorials.py",
    "kernel/engines/test_walkthroughs.py",
    "kernel/grade/test_grade.py",  # root's grader is that user's, in a jail: attacks/grade/test_batch.py
    "kernel/twin/test_documented.py",  # what a text or a file holds, and what is built from it
    "kernel/twin/test_faults.py",
    "kernel/twin/test_paste.py",
    "attacks/grade/test_gym.py",  # what a judge believes, who is nobody for root as well
    "attacks/grade/test_points.py",
    "attacks/test_fuzz_decoders.py",  # bytes that are read or refused
    "attacks/test_mutated_packs.py",
    "attacks/test_packs.py",
    "docker/test_catalogue.py",
    "docker/test_lessons.py",
)
SUBORDINATE = 65535  # ids that real Docker needs
# Outside of the range in which useradd gives subordinate ids by itself.
RANGE = "2000000000-2000065535"


def tiers(chosen: Sequence[str]) -> list[str]:
    """Which of the chosen tiers that user runs."""
    if os.geteuid() != 0:
        return []
    found = [tier for tier in ROLE if tier in chosen]
    if "docker" in found and not _user_of_docker():
        found.remove("docker")
        print("Docker is tried as root alone: no ordinary user here has subordinate ids (/etc/subuid).")
    return found if set(found) - {"unit"} else []  # by itself it is not worth a copy and an environment


def alone(chosen: Sequence[str]) -> tuple[str, ...]:
    """What of its tiers that user does for root as well."""
    return tuple(name for name in ALONE if name.partition("/")[0] in chosen)


def command(chosen: Sequence[str], words: Sequence[str]) -> list[str]:
    """What runs those tiers as that user."""
    user = _user_of_docker() if "docker" in chosen else ""
    setting = ["env", f"NETLAB_TEST_UID={user}"] if user else []
    return [
        *setting,
        f"{ROOT}/.ci/as-ordinary-user",
        "env",
        f"{BESIDE}=yes",
        "./run",
        "test",
        *chosen,
        *words,
    ]


def is_beside() -> bool:
    """Whether this is that user's half, while root's is at work."""
    return BESIDE in os.environ


@cache
def _user_of_docker() -> str:
    """The number of an ordinary user with subordinate ids, "" if there is none; on CI one is made."""
    for line in Path("/etc/subuid").read_text().splitlines():
        name, _, count = line.split(":")
        with suppress(KeyError):
            number = pwd.getpwnam(name).pw_uid
            if number and int(count) >= SUBORDINATE:
                return str(number)
    if not os.environ.get("CI"):
        return ""
    with suppress(subprocess.CalledProcessError):
        words = ["useradd", "--no-create-home", "--user-group", "--uid", "61234", "netlab-test"]
        subprocess.run(words, check=True)
    subprocess.run(["usermod", "--add-subuids", RANGE, "--add-subgids", RANGE, "netlab-test"], check=True)
    return str(pwd.getpwnam("netlab-test").pw_uid)
