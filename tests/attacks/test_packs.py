"""Packs from somebody whom one does not trust: none runs a program, is followed as a path, or takes long."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netlab.cli.main import main
from netlab.errors import BadInput, LabNotFound, NetlabError
from netlab.lab import Lab
from netlab.model import codec, netpack, outside, pack
from netlab.model.netpack import MANIFEST, NETWORK

PROPER = pack.Pack("lab", 1, True, (outside.empty("host", "host"),))
SECONDS = 5.0  # that a refusal may take, on a busy machine


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, content in entries:
            file.writestr(name, content)
    return made.getvalue()


def manifest(**words: Any) -> bytes:
    return json.dumps({"format": netpack.FORMAT, "version": 1, **words}).encode()


def network(**words: Any) -> bytes:
    return json.dumps({**codec.to_plain(PROPER), **words}).encode()


def of_host(**words: Any) -> bytes:
    """A network whose host has that."""
    return network(nodes=[{**codec.to_plain(PROPER.nodes[0]), **words}])


def link(**words: Any) -> dict[str, Any]:
    return {"index": 2, "name": "eth0", "kind": "bridge", **words}


LINK_OUT = zipfile.ZipInfo(NETWORK)
LINK_OUT.external_attr = 0o120777 << 16
HOSTILE = {
    "nothing": b"",
    "no archive": b"PK\3\4" + b"x" * 100,
    "half an archive": netpack.write(PROPER)[:200],
    "bomb": archive((MANIFEST, manifest()), (NETWORK, b"[" + b"0," * (1 << 26))),
    "bomb in the manifest": archive((MANIFEST, b" " * (1 << 25)), (NETWORK, network())),
    "deep": archive((MANIFEST, manifest()), (NETWORK, b'{"nodes":' + b"[" * 100_000)),
    "many values": archive((MANIFEST, manifest()), (NETWORK, b"[" + b"[]," * (1 << 22) + b"0]")),
    "a third file": archive((MANIFEST, manifest()), (NETWORK, network()), ("../../evil", b"x")),
    "a path": archive((MANIFEST, manifest()), (f"/etc/{NETWORK}", network())),
    "a link": archive((MANIFEST, manifest()), (LINK_OUT, b"/etc/passwd")),
    "another way of packing": archive((MANIFEST, manifest()), (NETWORK, network()), compression=zipfile.ZIP_BZIP2),
    "of tomorrow": archive((MANIFEST, manifest(version=pack.VERSION + 1)), (NETWORK, network())),
    "no version": archive((MANIFEST, manifest(version="1")), (NETWORK, network())),
    "an unknown field": archive((MANIFEST, manifest()), (NETWORK, network(run="rm -rf /"))),
    "a wrong type": archive((MANIFEST, manifest()), (NETWORK, network(nodes={"a": 1}))),
    "a number of another size": archive((MANIFEST, manifest()), (NETWORK, of_host(links=[link(mtu=1 << 40)]))),
    "no host": archive((MANIFEST, manifest()), (NETWORK, network(nodes=[]))),
    "two hosts": archive((MANIFEST, manifest()), (NETWORK, network(nodes=codec.to_plain(PROPER)["nodes"] * 2))),
    "a host of another name": archive((MANIFEST, manifest()), (NETWORK, of_host(name="web"))),
    "a path for a node": archive((MANIFEST, manifest()), (NETWORK, of_host(aliases=["../../../etc/cron.d/x"]))),
    "a name with a command": archive((MANIFEST, manifest()), (NETWORK, of_host(links=[link(name="a;reboot x")]))),
    "a name with a line": archive((MANIFEST, manifest()), (NETWORK, of_host(links=[link(name="eth0\nroot")]))),
    "a link of no number": archive((MANIFEST, manifest()), (NETWORK, of_host(links=[link(index=0)]))),
    "one number twice": archive((MANIFEST, manifest()), (NETWORK, of_host(links=[link(), link(name="b")]))),
    "an end that is not there": archive(
        (MANIFEST, manifest()), (NETWORK, of_host(links=[link(kind="veth", other={"node": "x", "index": 1})]))
    ),
    "its own end": archive(
        (MANIFEST, manifest()), (NETWORK, of_host(links=[link(kind="veth", other={"node": "host", "index": 2})]))
    ),
    "a port of words": archive(
        (MANIFEST, manifest()),
        (NETWORK, network(nodes=[*codec.to_plain(PROPER)["nodes"],
                                 {"name": "web", "kind": "container", "container": {"ports": ["80:-1/tcp"]}}])),
    ),
    "a million rules": archive(
        (MANIFEST, manifest()),
        (
            NETWORK,
            of_host(tables=[{"family": "ip", "backend": "nft", "name": "filter",
                             "chains": [{"name": "INPUT", "rules": ["-j DROP"] * 1_000_000}]}]),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_one_line(name: str, tmp_path: Path) -> None:
    """Before anything is made, soon, and with a reason."""
    file = tmp_path / "hostile.netpack"
    file.write_bytes(HOSTILE[name])
    begun = time.monotonic()
    with pytest.raises(BadInput) as refused:
        Lab.unpack(file, "never")
    assert time.monotonic() - begun < SECONDS
    assert "\n" not in refused.value.what and len(refused.value.what) < 400
    with pytest.raises(LabNotFound):
        Lab.find("never")


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_compared_with_a_hostile_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], lab: Lab
) -> None:
    """`reach --against` refuses it with one line, before anything of it is made."""
    file = tmp_path / "hostile.netpack"
    file.write_bytes(HOSTILE[name])
    assert main(["--lab", lab.name, "reach", "host → *", "--against", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 2 and "Traceback" not in told.err


def test_what_a_compared_network_is_called_is_only_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lab: Lab
) -> None:
    """Names that are commands or options, and rules that are none: told, and neither obeyed nor run."""
    names = ("-rf", "$(touch /tmp/taken)", "a → b", "--json", "internet → * tcp 1")
    nodes = tuple(pack.Node(each, "netns", links=PROPER.nodes[0].links) for each in names)
    file = tmp_path / "odd.netpack"
    file.write_bytes(netpack.write(replace(PROPER, nodes=(*PROPER.nodes, *nodes))))
    for question in ("* → *", "$(touch /tmp/taken) → 10.0.0.1", "x\x1b[2J → *", "host → a;b"):
        main(["--lab", lab.name, "reach", question, "--against", str(file)])
        told = capsys.readouterr()
        assert "\x1b" not in told.out + told.err and "Traceback" not in told.err
    assert not Path("/tmp/taken").exists()
    assert [node for node, __ in lab.status().nodes] == ["host", "internet"]


@pytest.fixture
def twin_name(lab_name: str, folder: Path) -> Iterator[str]:
    """The name of a lab that is ended after the test."""
    yield lab_name
    with suppress(LabNotFound):
        Lab.find(lab_name).down()


def with_host(**words: Any) -> pack.Pack:
    """A network with that on its host."""
    return replace(PROPER, nodes=(replace(PROPER.nodes[0], **words),))


def table(*rules: str, name: str = "filter", chain: str = "INPUT") -> tuple[pack.Table, ...]:
    return (pack.Table("ip", "nft", name, (pack.Chain(chain, "ACCEPT", rules),)),)


def test_no_word_of_a_rule_starts_a_program(twin_name: str, tmp_path: Path) -> None:
    """iptables would run what it is told to load modules with, and read files: no such word gets to it."""
    marker = tmp_path / "taken"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    hostile = (
        f"-m nothing --modprobe={program}",
        f"-M {program} -m nothing",
        f"--modpr {program} -p tcp -m nothing",
        f'-m comment --comment "x" -M {program} -m nothing',
        "-j ACCEPT\n-A INPUT -j DROP",
        "-m ../../../../tmp/evil",
        f"-m bpf --object-pinned {program}",
        "-j ../../../../tmp/evil",
        "-t nat -j DROP",
        "-s $(reboot) -j DROP",
        "-s example.com -j DROP",
    )
    lab = Lab.unpack(with_host(tables=table(*hostile, "-s 10.0.0.1 -j DROP")), twin_name)
    assert not marker.exists()
    said = lab.run(["iptables", "-S", "INPUT"]).stdout.splitlines()
    assert said == ["-P INPUT ACCEPT", "-A INPUT -s 10.0.0.1/32 -j DROP"]
    assert len(lab.status().about) == 1 + len(hostile)


def test_no_object_of_nfts_includes_a_file(twin_name: str) -> None:
    """What is no table, chain, set, map or rule is not handed over; the rest is."""
    good = '{"table":{"family":"inet","name":"mine"}}'
    hostile = (
        '{"include":"/etc/passwd"}',
        '{"flush":{"ruleset":null}}',
        '{"table":{"family":"inet","name":"a\\nb"}}',
        '{"table":{"family":"inet"},"chain":{}}',
        "[" * 1000,
        "{",
    )
    lab = Lab.unpack(with_host(native=(*hostile, good)), twin_name)
    assert lab.run(["nft", "list", "tables"]).stdout == "table inet mine\n"
    assert len(lab.status().about) == 1 + len(hostile)


def test_no_setting_leads_out_of_its_folder(twin_name: str, tmp_path: Path) -> None:
    """A name of a setting is a path below /proc/sys/net, of small letters, and no other."""
    for name in (
        "net/ipv4/../../kernel/hostname",
        "kernel/core_pattern",
        "../../tmp/x",
        "net/ipv4/tcp_fastopen_key",
    ):
        with pytest.raises(NetlabError):
            Lab.unpack(with_host(settings={name: "|/tmp/evil"}), twin_name)
    lo = replace(PROPER.nodes[0].links[0], settings={"ipv4/conf/../../../x": "1", "kernel/x": "1"})
    lab = Lab.unpack(with_host(links=(lo,)), twin_name)
    assert any("there is no setting" in line for line in lab.status().about)


def test_names_are_only_names(twin_name: str) -> None:
    """A container or namespace whose name is a command, an option or a path's is just called that, or refused."""
    names = ("-rf", "$(reboot)", "a b; reboot", "--privileged")
    nodes = [pack.Node(name, "netns", links=PROPER.nodes[0].links) for name in names]
    nodes.append(pack.Node("--rm", "container", links=PROPER.nodes[0].links))
    lab = Lab.unpack(replace(PROPER, nodes=(*PROPER.nodes, *nodes)), twin_name)
    assert {*names, "--rm"} <= {node for node, __ in lab.status().nodes}


def test_a_pack_is_unpacked_by_the_owner_alone(lab: Lab) -> None:
    """From inside the lab nobody can have its keeper build another network, with another internet."""
    code = "from netlab.lab import Lab; lab = Lab('x'); lab.become(lab.pack())"
    done = lab.run(
        ["python3", "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); {code}"]
    )
    assert "cannot be asked for from inside" in done.stderr
