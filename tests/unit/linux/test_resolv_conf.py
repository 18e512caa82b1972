"""What resolv.conf(5) says: whom one asks, and for which names."""

from __future__ import annotations

import pytest

from netlab.linux.resolv_conf import ResolvConf


def test_lines_are_read_as_the_c_library_reads_them() -> None:
    """Three servers at most, the last search line, options; comments and what is no address are nothing."""
    text = """# nameserver 192.0.2.1
nameserver 198.51.100.53
nameserver 127.\x1b]0;owned\x07
nameserver
search org
search com net
options timeout:1 ndots:2
nameserver fd00::53
nameserver 10.0.0.1
nameserver 10.0.0.2
"""
    found = ResolvConf.parse(text)
    assert found == ResolvConf(("198.51.100.53", "fd00::53", "10.0.0.1"), ("com", "net"), 2)


@pytest.mark.parametrize(
    ("settings", "name", "names"),
    [
        ("", "example", ["example"]),
        ("search com", "example", ["example.com", "example"]),
        ("search com", "a.example", ["a.example", "a.example.com"]),
        ("search com\noptions ndots:2", "a.example", ["a.example.com", "a.example"]),
        ("domain com.", "example", ["example.com", "example"]),
        ("search com", "example.", ["example"]),
        ("options ndots:0", "example", ["example"]),
    ],
)
def test_a_short_name_is_tried_with_what_stands_in_search(settings: str, name: str, names: list[str]) -> None:
    """And as it is first, where it has dots enough."""
    assert ResolvConf.parse(settings).names(name) == names
