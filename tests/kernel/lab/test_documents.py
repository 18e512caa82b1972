"""What the document on Python shows works as it stands there, in both languages."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from netlab.lab import Lab
from tests.support.ordinary import ROOT


@pytest.mark.parametrize("file", ["docs/python.md", "docs/zh/python.md"])
def test_the_documents_python_runs(file: str, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """The shortest path leads by the bridge, the MTU is set, and scapy's packets name their points."""
    text = (ROOT / file).read_text(encoding="utf-8")
    [code] = re.findall(r"(?m)^    import networkx\n(?:(?:    .*)?\n)+", text)
    begins = next(line for line in code.splitlines() if "Lab.up()" in line)
    exec(dedent(code).replace(begins.strip(), "").replace("lab.down()", ""), {"lab": lab})
    printed = capsys.readouterr().out
    assert "'if-test eth0', 'host " in printed
    assert "'host docker0', 'host', 'host eth0', 'internet " in printed
    assert "39.106.233.176" in printed
    assert lab.snapshot().node("if-test").interface("eth0").mtu == 1400
