"""Packs in which somebody has changed something, whatever it is: refused in one line, or built as far as it
makes sense; the keeper answers on, and the machine has noticed nothing."""

from __future__ import annotations

import copy
import json
import os
import random
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netlab.errors import LabNotFound, NetlabError
from netlab.keeper import address
from netlab.lab import Lab
from netlab.model import codec, pack
from netlab.model.netpack import NETWORK
from netlab.model.pack_check import check

FILE = Path(__file__).parents[1] / "worlds" / "first-schema.netpack"
TEXTS = (
    *("", "; reboot", "$(reboot)", "a\nb", "../../etc/passwd", "-rf", "--modprobe=/bin/sh", "\x00", "eth0"),
    *("255.255.255.255", "::/0", "fe80::1%lo", "0", "-1", "99999999999999999999", "on", "host", "%s%n"),
    *("\u202e", "A" * 5000, "é" * 15, '"', "[0:0]", "COMMIT", "*raw", "{", "0x0", "1 2 3"),
)
NUMBERS = (0, 1, 2, 3, 127, 128, 253, 254, 255, 256, 4094, 4095, 65535, 65536, (1 << 31) - 1, (1 << 32) - 1)
NUMBERS += (1 << 63, (1 << 64) - 1, -1)
SEEDS, AT_ONCE = int(os.environ.get("NETLAB_PACK_MUTANTS", "25")), 25
MORE: dict[str, Any] = {  # what the first schema did not have
    "ipsec": [{"direction": 1, "source": "10.0.0.0/8", "destination": "10.1.0.0/16", "templates": [
        {"source": "10.0.0.1", "destination": "10.1.0.1", "mode": 1}], "details": {"mark": "1 2"}}],
    "vlans": [{"index": 1, "first": 5, "last": 9}],
    "ip_sets": [{"name": "s", "type": "hash:net", "revision": 6, "options": {"maxelem": "9"},
                 "entries": [{"ip": "10.0.0.0", "cidr": "8"}]}],
}  # fmt: skip


@pytest.fixture
def twin(lab_name: str, folder: Path) -> Iterator[Lab]:
    """A lab that becomes one mutant after the other."""
    yield Lab.up(lab_name, bare=True)
    with suppress(LabNotFound):
        Lab.find(lab_name).down()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value of a network stands."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def mutate(plain: Any, dice: random.Random) -> None:
    """Change, double or take out one thing."""
    path = dice.choice([each for each in places(plain) if len(each) > 1])
    parent = plain
    for key in path[:-1]:
        parent = parent[key]
    last, value = path[-1], parent[path[-1]]
    if isinstance(value, str):
        parent[last] = dice.choice(TEXTS)
    elif isinstance(value, int) and not isinstance(value, bool):
        parent[last] = dice.choice(NUMBERS)
    elif isinstance(value, list) and value and dice.random() < 0.5:
        value.append(copy.deepcopy(dice.choice(value)))
    elif isinstance(parent, dict) and dice.random() < 0.5:
        parent[dice.choice(TEXTS[:8])] = value
    else:
        del parent[last]


def mutant(seed: int) -> Any:
    """A network with one to four changes."""
    dice = random.Random(seed)
    with zipfile.ZipFile(FILE) as archive:
        plain = json.loads(archive.read(NETWORK))
    plain["nodes"][2].update(copy.deepcopy(MORE))
    for __ in range(dice.randint(1, 4)):
        mutate(plain, dice)
    return plain


def attack(twin: Lab, seed: int) -> None:
    try:
        wanted = codec.from_plain(pack.Pack, mutant(seed))
        check(wanted)
    except codec.Malformed as error:
        assert "\n" not in str(error), seed
        return
    try:
        twin.become(wanted)
    except NetlabError as error:
        assert "\n" not in error.what and len(error.what) < 1000, seed
    about = twin.status().about
    assert twin.pack().node("host") and all(line.isprintable() for line in about), seed


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_a_mutant_is_refused_or_built_and_the_keeper_goes_on(twin: Lab, first: int) -> None:
    """Each time one line of an error, or a lab that packs again; NETLAB_PACK_MUTANTS plays more of them."""
    for seed in range(first, first + AT_ONCE):
        attack(twin, seed)
    log = (address.folder(twin.name) / address.LOG).read_text()
    assert "Traceback" not in log, f"what nobody had thought of ended a child: {log}"
