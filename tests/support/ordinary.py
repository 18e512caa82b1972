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
# What takes long and does not ask who one is, that user does for root as well.
ALONE = (
    "unit",
    "kernel/faults/test_catalogue.py",
    "kernel/diagnosis/test_worlds.py",
    "kernel/engines/test_compose.py",
    "kernel/engines/test_walkthroughs.py",
    "kernel/diagnosis/test_worlds_found.py",
    "kernel/grade/test_grade.py",
    "kernel/twin/test_faults.py",
    "attacks/test_fuzz_decoders.py",
    "docker/test_lessons.py",
    "docker/test_catalogue.py",
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
