"""What is typed behind `docker run`: ports, mounts, filters, times, images' names."""

from __future__ import annotations

import time

import pytest

from netlab.engines.namespaces import capabilities, images, mounts, ports
from netlab.engines.namespaces.docker import checks, commands, filters, logs, options
from netlab.engines.namespaces.docker.refused import Refused
from netlab.errors import EngineError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8080:80", ["8080:80/tcp"]),
        ("80", [":80/tcp"]),
        ("53:53/udp", ["53:53/udp"]),
        ("127.0.0.1:8080:80", ["127.0.0.1:8080:80/tcp"]),
        ("127.0.0.1::80", ["127.0.0.1::80/tcp"]),
        ("[::1]:8080:80", ["[::1]:8080:80/tcp"]),
        ("7000-7002:80-82", ["7000:80/tcp", "7001:81/tcp", "7002:82/tcp"]),
        ("9000-9002:95", ["9000-9002:95/tcp"]),
        ("90-91", [":90/tcp", ":91/tcp"]),
    ],
)
def test_published_ports_are_read_in_every_way(text: str, found: list[str]) -> None:
    """With and without an address, a port of the host's, a range, a protocol."""
    assert [ports.join(*port) for port in ports.parse(text)] == found
    assert all(ports.join(*ports.split(port)) == port for port in found)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "",
        ":",
        "80:",
        "0:80",
        "70000:80",
        "80:80/icmp",
        "1.2.3:80:80",
        "80-70",
        "1-3:1-2",
        "1-9999",
        "٣",
    ],
)
def test_ports_that_are_none_are_refused(text: str) -> None:
    """Never a traceback, never a rule."""
    with pytest.raises(ports.BadPort):
        ports.parse(text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("/a:/b", ("/b", "/a", "bind", "", False)),
        ("/a:/b:ro", ("/b", "/a", "bind", "", True)),
        ("data:/b", ("/b", "/var/lib/docker/volumes/data/_data", "volume", "data", False)),
        ("/a:/b/../c/", ("/c", "/a", "bind", "", False)),
    ],
)
def test_mounts_are_read(text: str, fields: tuple[object, ...]) -> None:
    """Folders, volumes, read-only ones."""
    mount = mounts.parse_volume(text)
    assert (mount.target, mount.source, mount.kind, mount.volume, mount.read_only) == fields


@pytest.mark.parametrize(
    "text",
    ["rel/x:/y", "a:b", "/a:/", "/a:/b:odd", "..:/b", "a/../b:/c", "/a:/b:ro:x", ":/b", "-x:/b", "/a:/.."],
)
def test_mounts_that_are_none_are_refused(text: str) -> None:
    """A volume's name is no path, and nothing is mounted on the root."""
    with pytest.raises(EngineError):
        mounts.parse_volume(text)


@pytest.mark.parametrize(
    "text", ["type=bind,source=/no/such,target=/x", "type=odd,target=/x", "type=volume", "a=b"]
)
def test_long_mounts_that_are_none_are_refused(text: str) -> None:
    """In Docker's words."""
    with pytest.raises(EngineError):
        mounts.parse_mount(text)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nginx", ("nginx", "latest")),
        ("docker.io/library/nginx:1.2", ("nginx", "1.2")),
        ("localhost:5000/x", ("localhost:5000/x", "latest")),
        ("a/b@sha256:" + "0" * 64, ("a/b", "latest")),
    ],
)
def test_images_have_names_and_tags(name: str, parts: tuple[str, str]) -> None:
    """A registry's port is no tag; Docker's own registry goes without saying."""
    assert images.is_name(name)
    assert images.split(name) == parts


@pytest.mark.parametrize(
    "name", ["", "UPPER", "../x", "a b", "a:b:c", "/abs", "-x", "x" * 300, "a\n", "a;b", "é"]
)
def test_what_is_no_image_is_refused(name: str) -> None:
    """Paths and commands above all."""
    assert not images.is_name(name)


def test_every_known_image_has_a_name_that_is_one() -> None:
    """And ports that are."""
    for name, image in images.IMAGES.items():
        assert images.is_name(name) and image.argv
        assert all(ports.parse(f"1:{port}") for port in image.ports)


def test_an_unknown_image_answers_where_it_is_published() -> None:
    """So that what somebody types from a tutorial of their own works, too."""
    assert images.image("some/thing", ["3000/tcp"]).program == "web"
    assert images.image("some/thing").argv == ("/bin/bash",)


def test_capabilities_are_added_and_dropped_as_docker_does() -> None:
    """--cap-drop ALL --cap-add X leaves X alone; another user has none."""
    net_raw, net_admin = capabilities.NAMES.index("NET_RAW"), capabilities.NAMES.index("NET_ADMIN")
    assert capabilities.of(False, ["NET_RAW"], ["ALL"], "") == (net_raw,)
    assert net_raw not in capabilities.of(False, [], ["cap_net_raw"], "")
    assert net_admin in capabilities.of(False, ["net_admin"], [], "root")
    assert capabilities.of(False, [], [], "1000") == ()
    assert len(capabilities.of(True, [], [], "")) == len(capabilities.NAMES)
    with pytest.raises(EngineError, match="CAP_FOO"):
        capabilities.of(False, ["FOO"], [], "")


def test_filters_are_read_and_a_pattern_cannot_hang() -> None:
    """Unknown ones are refused; a name's pattern is bounded."""
    assert filters.parse(["name=a", "name=b"], filters.OF_CONTAINERS) == {"name": ["a", "b"]}
    for word in ("odd=1", "name", "status=odd"):
        with pytest.raises(Refused):
            filters.parse([word], filters.OF_CONTAINERS)
    assert filters.fits("^web$", "web") and not filters.fits("^web$", "web2") and filters.fits("eb", "web")
    began = time.process_time()
    filters.fits("(a+)+" * 20 + ".*" * 20, "a" * 128)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "word", ["10m", "1h30m", "2s", "1700000000", "2026-11-30T12:00:00", "2026-11-30T12:00:00Z"]
)
def test_moments_are_read(word: str) -> None:
    """Of logs and events."""
    assert logs.moment(word).endswith("Z")


@pytest.mark.parametrize("word", ["soon", "10x", "9" * 40, "2026-13-45"])
def test_moments_that_are_none_are_refused(word: str) -> None:
    """In one line."""
    with pytest.raises(Refused):
        logs.moment(word)


@pytest.mark.parametrize(("word", "seconds"), [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600)])
def test_durations_are_read(word: str, seconds: float) -> None:
    """Of health checks."""
    assert checks.seconds(word) == seconds


def test_switches_may_be_said_to_be_on_or_off() -> None:
    """`-d=true`, `--rm=false`: of the options, and not of what the container is to run."""
    parser = commands.parser("run")
    words = options.plain(
        ["-d=true", "--rm=false", "--name", "x", "-it=false", "image", "cmd", "-d=true"], parser
    )
    assert words == ["-d", "--name", "x", "-it=false", "image", "cmd", "-d=true"]


@pytest.mark.parametrize("verb", sorted(commands.COMMANDS))
def test_every_command_has_help_and_refuses_an_odd_flag(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the flag is named."""
    if verb == "compose":
        return
    with pytest.raises(SystemExit):
        commands.parser(verb).parse_args(["--help"])
    assert f"docker {verb}" in capsys.readouterr().out
    with pytest.raises(Refused, match=r"odd|requires"):
        commands.parser(verb).parse_args(["--odd", "a", "b", "c", "d"])


@pytest.mark.parametrize(("word", "meant"), [("rnu", "run"), ("contianer", ""), ("comit", "")])
def test_a_misspelled_command_is_named(word: str, meant: str) -> None:
    """With the one that was meant, if there is one."""
    with pytest.raises(Refused) as raised:
        commands.choose([word])
    assert word in str(raised.value) and meant in str(raised.value) and "\n" not in str(raised.value)
