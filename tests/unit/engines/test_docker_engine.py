"""What the docker engine decides without a Docker: versions, users, command lines, the image's archive."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from netlab.engines.docker import client, image, rootlesskit, tools, users
from netlab.engines.docker.api import _Connection
from netlab.engines.docker.offline import parse_name
from netlab.engines.docker.tools import Version
from netlab.errors import SandboxRefused, ToolMissing
from netlab.linux.sandbox.unshare import Identity, _map
from tests.support.need import missing


@pytest.mark.parametrize(
    ("said", "numbers", "text"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", (20, 10, 24), "20.10.24+dfsg1"),
        ("Docker version 28.2.2, build e6534b4", (28, 2, 2), "28.2.2"),
        ("Docker version 29.0.0-rc.1, build 1234567", (29, 0, 0), "29.0.0-rc.1"),
        ("26.1", (26, 1, 0), "26.1"),
    ],
)
def test_a_version_is_read_from_what_docker_says(said: str, numbers: tuple[int, int, int], text: str) -> None:
    """Debian's, Docker's own, and a release candidate."""
    assert tools.parse(said) == Version(numbers, text)


def test_from_28_on_the_daemon_is_told_that_ports_need_no_help(tmp_path: Path) -> None:
    """It is answered over the socket that it looks for, as long as it starts; older ones are told nothing."""
    (tmp_path / "run").mkdir()
    old, new = tools.parse("27.5.1"), tools.parse("28.5.2")
    assert old and new
    with rootlesskit.stand_in(str(tmp_path), old) as more:
        assert more == {}
    with rootlesskit.stand_in(str(tmp_path), new) as more:
        path = f"{more['ROOTLESSKIT_STATE_DIR']}/api.sock"
        where = tmp_path / path.lstrip("/")
        asked = _Connection(str(tmp_path), 5, path)
        asked.request("GET", "/v1/info")
        assert json.loads(asked.getresponse().read())["portDriver"] == {"driver": "none"}
        asked.close()
    assert not where.exists()


def test_what_is_no_version_is_none() -> None:
    """Something else that is called dockerd."""
    assert tools.parse("usage: dockerd") is None


@pytest.mark.parametrize(
    ("version", "firewall", "words"),
    [
        ("20.10.24", "", []),
        ("27.5.1", "iptables", []),
        ("28.0.0", "iptables", ["MAC", "raw"]),
        ("29.1.0", "iptables", ["MAC", "raw"]),
        ("29.1.0", "nftables", ["MAC", "raw", "nft list table"]),
        ("29.1.0", "nftables+firewalld", ["MAC", "raw", "nft list table"]),
    ],
)
def test_a_docker_that_changes_the_lessons_is_recognised(
    version: str, firewall: str, words: list[str]
) -> None:
    """28 has drops in the table raw, 29 may keep its rules in nftables; older ones are as the lessons say."""
    parsed = tools.parse(version)
    assert parsed
    notes = tools.differences(parsed, firewall)
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


@pytest.mark.parametrize(
    ("found", "said", "why"),
    [
        ({"docker": "/usr/local/bin/docker"}, "", r"dockerd, containerd, .*runc is not installed"),
        (dict.fromkeys(tools.PROGRAMS, "/bin/true"), "Docker version 19.03.15, build 1", "too old"),
        (dict.fromkeys(tools.PROGRAMS, "/bin/true"), "hello", "does not say which version"),
    ],
)
def test_a_docker_that_will_not_do_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, str], said: str, why: str
) -> None:
    """A client alone, one that is too old, and something else of that name."""
    monkeypatch.setattr(tools, "find", lambda name: found.get(name, ""))
    monkeypatch.setattr(
        tools.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": said, "stderr": ""})
    )
    with pytest.raises(ToolMissing, match=why) as raised:
        tools.require()
    assert "namespaces engine does without" in raised.value.next_step


SUBUID = "somebody:100000:65536\nlearner:10:5\nlearner:165536:65536\n1001:400000:200000\n"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"learner", "1002"}, (165536, 65536)),
        ({"other", "1001"}, (400000, 65536)),
        ({"nobody", "9"}, None),
    ],
)
def test_a_range_of_subordinate_ids_is_found_by_name_or_number(
    names: set[str], found: tuple[int, int] | None
) -> None:
    """The first that is large enough; a large one is not taken whole."""
    assert users.parse(SUBUID, names) == found


def test_a_user_without_subordinate_ids_is_told_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file and the command for the administrator."""
    monkeypatch.setattr(users.os, "geteuid", lambda: 54321)
    monkeypatch.setattr(users.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(SandboxRefused, match="/etc/subuid") as raised:
        users.identity()
    assert "usermod --add-subuids" in raised.value.next_step


def test_maps_put_ranges_one_behind_the_other() -> None:
    """The user himself as 0, his subordinate ids from 1 on."""
    assert _map(((1001, 1), (100000, 65536))) == "0 1001 1\n1 100000 65536\n"
    assert not Identity(((1001, 1), (100000, 65536)), ((1001, 1),)).is_single
    assert Identity(((1001, 1),), ((1001, 1),)).is_single


@pytest.mark.parametrize(
    ("verb", "words", "options", "rest"),
    [
        ("run", "-d --name a --network none x sleep 1", "-d --name a --network none", "x sleep 1"),
        ("run", "-it --rm x sh -c true", "-it --rm", "x sh -c true"),
        ("run", "-itp 80:80 x", "-itp 80:80", "x"),
        ("run", "-p8080:80 -eA=t x", "-p8080:80 -eA=t", "x"),
        ("run", "--network=none --tty=true x", "--network=none --tty=true", "x"),
        ("exec", "-it -e A=1 -w / a ls -l", "-it -e A=1 -w /", "a ls -l"),
        ("exec", "-- a ls", "", "-- a ls"),
        ("run", "", "", ""),
    ],
)
def test_options_are_told_from_what_follows(verb: str, words: str, options: str, rest: str) -> None:
    """Docker's command line, as far as the name of the image or container."""
    found, behind = client.split(words.split(), client.VALUED[verb])
    assert " ".join(word for option in found for word in option) == options
    assert " ".join(behind) == rest


@pytest.mark.parametrize(
    ("options", "without"),
    [
        ("-it", ""),
        ("-i", "-i"),
        ("-t", ""),
        ("-i -t --rm", "--rm"),
        ("--interactive --tty -e A=t", "-e A=t"),
        ("-itu root", "-u root"),
        ("-ite=it", "-e=it"),
        ("--name it -t", "--name it"),
    ],
)
def test_a_terminal_is_taken_out_of_the_options_and_nothing_else(options: str, without: str) -> None:
    """-t in every spelling, and the -i with it; -i alone stays, and so do values."""
    split, _ = client.split(options.split(), client.VALUED["run"])
    kept = client.without_terminal(split, client.VALUED["run"])
    assert " ".join(word for option in kept for word in option) == without


@pytest.mark.parametrize(
    ("words", "detached"), [("-itd", True), ("--detach -t", True), ("-it --name d", False)]
)
def test_a_detached_container_keeps_its_terminal(words: str, detached: bool) -> None:
    """`docker run -dt` needs no terminal here."""
    options, _ = client.split(words.split(), client.VALUED["run"])
    assert client.is_detached(options, client.VALUED["run"]) is detached


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("centos:8.1.1911", ("centos", "8.1.1911")),
        ("alpine", ("alpine", "latest")),
        ("localhost:5000/x", ("localhost:5000/x", "latest")),
        ("quay.io/a/b:1", ("quay.io/a/b", "1")),
    ],
)
def test_an_images_name_is_repository_and_tag(name: str, parts: tuple[str, str]) -> None:
    """A registry's port is no tag."""
    assert parse_name(name) == parts


def test_the_image_is_made_once_whole_and_without_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second lab takes the same archive; another version's is removed; programs have their libraries."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    try:
        image.collect()
    except ToolMissing as error:
        missing(str(error))
    image.cache_folder().mkdir(parents=True)
    (image.cache_folder() / "old.tar").write_text("")
    said: list[str] = []
    os.close(image.provide(said.append))
    fd = image.provide(said.append)
    assert len(said) == 1
    (archive,) = image.cache_folder().iterdir()
    with open(fd, "rb") as file, tarfile.open(fileobj=file) as tar:
        names = set(tar.getnames())
        assert {"usr/bin/bash", "usr/bin/ping", "usr/bin/busybox", "usr/bin/wget", "etc/passwd"} <= names
        assert any("libc.so" in name for name in names)
        assert {(entry.mtime, entry.uid) for entry in tar} == {(0, 0)}
    assert archive.name != "old.tar"
