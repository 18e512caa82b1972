"""Compose files: what is read, and how the rest is refused."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from netlab.engines.namespaces.compose import plan, yaml
from netlab.engines.namespaces.compose.project import BadCompose, Project, in_order
from netlab.engines.namespaces.compose.reader import Reader

FILE = """
version: "3.8"
x-anything: {a: 1}
services:
  web:
    image: "nginx:${TAG:-alpine}"   # a comment
    command: ["nginx", "-g", 'daemon off;']
    ports:
      - "8080:80"
      - target: 90
        published: 9090
        protocol: udp
    environment:
      - A=1
      - PRICE=$$5
    depends_on: [db]
    networks:
      front:
      back:
        aliases: [shop]
        ipv4_address: 10.5.0.9
    volumes:
    - ./html:/html:ro
    - data:/data
  db:
    image: redis
    environment:
      MODE: |
        two
        lines
      EMPTY:
    healthcheck:
      test: redis-cli ping
      interval: 2s
    networks: [back]
    deploy: {replicas: 2}
networks:
  front:
  back:
    internal: true
    ipam: {config: [{subnet: 10.5.0.0/24}]}
volumes:
  data:
"""


def read(content: str) -> Project:
    return Reader(Path("/srv/shop/compose.yml"), {"TAG": ""}).read(content)


def test_a_file_is_read() -> None:
    """Texts, lists and mappings in both ways of writing; variables; what belongs to which."""
    project = read(FILE)
    web, db = project.services
    assert project.name == "shop" and web.image == "nginx:alpine" and web.command[-1] == "daemon off;"
    assert web.networks[1].aliases == ("web", "shop") and web.networks[1].address == "10.5.0.9"
    assert web.volumes == ("/srv/shop/html:/html:ro", "data:/data")
    assert web.options == (
        "--env",
        "A=1",
        "--env",
        "PRICE=$5",
        "--publish",
        "8080:80",
        "--publish",
        "9090:90/udp",
    )
    assert db.options == ("--env", "MODE=two\nlines\n", "--env", "EMPTY")
    assert db.health == ("2s", "3", "/bin/sh", "-c", "redis-cli ping") and db.scale == 2
    assert [network.full_name for network in project.networks] == ["shop_front", "shop_back"]
    assert project.networks[1].words == ("--internal", "--subnet", "10.5.0.0/24")
    assert [service.name for service in in_order(project.services)] == ["db", "web"]
    assert "shop_data:/data" in plan.words(project, web, 1)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("services:\n  a:\n    build: .\n", 3, "services.a.build"),
        ("services:\n  a:\n    image: x\n    secrets: [a]\n", 4, "secrets"),
        ("secrets:\n  a: b\nservices: {}\n", 1, "secrets"),
        ("services:\n  a:\n    image: x\n   b: y\n", 4, "indented"),
        ("services:\n  a: &x\n    image: x\n", 2, "anchors"),
        ("services:\n  a:\n    <<: x\n", 3, "merges"),
        ("services:\n  a:\n    image: x\n    image: y\n", 4, "twice"),
        ("services:\n\ta: x\n", 2, "tab"),
        ("services:\n  a:\n    image: [x\n", 3, "no end"),
        ("services:\n  a:\n    image: x\n    depends_on: [b]\n", 2, "undefined service"),
        ("services:\n  a:\n    image: x\n    networks: [b]\n", 4, "undefined network"),
        ("services:\n  a:\n    image: x\n    volumes: ['b:/c']\n", 4, "undefined volume"),
        ("services:\n  a:\n    image: ${NO:?please}\n", 3, "please"),
        ("services:\n  a:\n    image: x\n    tty: maybe\n", 4, "true or false"),
        ("services:\n  a:\n    image: x\n    scale: 99999999999\n", 4, "number up to"),
        ("services: [a]\n", 1, "mapping"),
        ("services:\n  a/b:\n    image: x\n", 2, "invalid service name"),
        ("", 1, "there are none"),
    ],
)
def test_what_is_not_there_is_refused_with_its_line(content: str, line: int, words: str) -> None:
    """`compose.yml:3: …`, in one line."""
    with pytest.raises(BadCompose) as raised:
        read(content)
    assert str(raised.value).startswith(f"compose.yml:{line}: ") and words in str(raised.value), raised.value
    assert "\n" not in str(raised.value)


def test_services_that_need_each_other_are_refused() -> None:
    """A circle has no order."""
    project = read(
        "services:\n  a:\n    image: x\n    depends_on: [b]\n  b:\n    image: x\n    depends_on: [a]\n"
    )
    with pytest.raises(BadCompose, match="cycle"):
        in_order(project.services)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 5000,
        "{a: " * 5000,
        "- " * 5000 + "x",
        "".join(f"{' ' * n}a:\n" for n in range(400)),
        "a: '" + "x" * 200_000,
        "x" * 400_000,
        'a: "' + "\\" * 9999,
        "a: [" + "b, " * 30_000 + "c]",
        "a:\n  " + "b " * 90_000,
    ],
)
def test_no_file_takes_long(content: str) -> None:
    """Depth and length are bounded, whatever is in it."""
    began = time.process_time()
    try:
        yaml.parse(content)
    except yaml.BadYaml as error:
        assert error.line >= 1
    assert time.process_time() - began < 3


def test_any_text_is_a_project_or_is_refused() -> None:
    """Lines of a good file in any order, with letters changed: no other error comes."""
    lot, lines = random.Random(25), FILE.splitlines()
    for _ in range(1500):
        some = lot.sample(lines, lot.randrange(len(lines)))
        text = list("\n".join(sorted(some, key=lines.index) if lot.random() < 0.7 else some))
        for _change in range(lot.randrange(4) if text else 0):
            text[lot.randrange(len(text))] = lot.choice("\t :-[]{}'\"#&*|>\nx$")
        try:
            in_order(read("".join(text)).services)
        except BadCompose:
            continue
