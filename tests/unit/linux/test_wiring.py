"""Fields of a pack as bytes for a kernel, and back; words of rules, taken apart and put together anew."""

from __future__ import annotations

import json

import pytest

from netlab.linux.netlink import messages as rt
from netlab.linux.ruleset import iptables, native
from netlab.linux.wiring import fields, kinds, settings
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (kinds.BRIDGE, {"ageing_time": "30000", "mcast_snooping": "off", "mcast_query_interval": "12500"}),
        (kinds.PORT, {"cost": "2", "hairpin": "on", "mcast_router": "1"}),
        (
            kinds.VXLAN,
            {"id": "42", "group": "192.0.2.1", "dstport": "4789", "port_range": "1 2", "ttl": "64"},
        ),
        (kinds.MACVLAN, {"mode": "bridge", "bcqueuelen": "1000"}),
        (kinds.PORT_STATE, {"state": "blocking"}),
    ],
)
def test_details_come_back_from_their_bytes(table: fields.Table, values: dict[str, str]) -> None:
    """Numbers of every width, switches, choices, addresses, ports in the network's order."""
    assert fields.read(table, rt.attributes(fields.write(table, values))) == values


@pytest.mark.parametrize(
    ("table", "word", "value"),
    [
        (kinds.BRIDGE, "ageing_time", "-1"),
        (kinds.BRIDGE, "priority", "65536"),
        (kinds.BRIDGE, "mcast_snooping", "yes"),
        (kinds.BRIDGE, "shell", "reboot"),
        (kinds.VXLAN, "group", "example.com"),
        (kinds.VXLAN, "group", "fe80::1"),
        (kinds.MACVLAN, "mode", "everything"),
    ],
)
def test_what_is_no_such_value_is_refused(table: fields.Table, word: str, value: str) -> None:
    """And named."""
    with pytest.raises(Unfit, match=word):
        fields.write(table, {word: value})


RULES = (
    "-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
    "! -s 10.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP",
    "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --clamp-mss-to-pmtu",
    '-m comment --comment "a \\"quoted\\" word" -j LOG --log-prefix "dropped: "',
    '-m comment --comment "--modprobe=x" -j ACCEPT',
    "-m u32 --u32 0x0>>0x16&0x3c=0x1 -j OWN",
    "-m owner --uid-owner 0-1000 -j RETURN",
)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_put_together_as_it_was(rule: str) -> None:
    """Word by word, as iptables-save prints it."""
    again = iptables.check(rule, {"OWN"})
    assert iptables.split(again) == iptables.split(rule)


@pytest.mark.parametrize(
    "rule",
    [
        *(
            "-j ACCEPT --modprobe=/bin/sh",
            "--modp /bin/sh",
            "-M /bin/sh",
            "-t nat -j DROP",
            "-A INPUT -j DROP",
        ),
        *(
            "-j NOTHING",
            "-m ../x -j DROP",
            "-p ../../x",
            "-s example.com -j DROP",
            '-s "1.2.3.4',
            "-j ACC\x1bEPT",
        ),
        *("-I INPUT", "-w 100000 -j DROP", "--line-numbers", "-m bpf --object-pinned /x"),
    ],
)
def test_a_word_that_is_not_known_is_refused(rule: str) -> None:
    """Whatever it would have been to iptables."""
    with pytest.raises(Unfit):
        iptables.check(rule, {"OWN"})


def test_rules_of_a_bridge_have_words_of_their_own() -> None:
    """ebtables' are put together as they were; those of iptables are none of its, nor is a program's path."""
    for rule in ("-p IPv4 -i docker0 --ip-proto icmp -j DROP", "-s 02:00:00:00:00:01 -j OWN",
                 "-i a -j dnat --to-dst 02:00:00:00:00:99 --dnat-target ACCEPT"):  # fmt: skip
        assert iptables.check(rule, {"OWN"}, "bridge") == rule
    for rule in ("-m tcp -j DROP", "--atomic-file /tmp/x", "-t nat -j DROP", "-M /bin/sh", "-j MASQUERADE"):
        with pytest.raises(Unfit):
            iptables.check(rule, {"OWN"}, "bridge")


def test_a_refused_rule_leaves_the_others() -> None:
    """And is told, with its chain."""
    table = pack.Table("ip", "nft", "filter", (pack.Chain("INPUT", "DROP", ("-j ACCEPT", "-M x")),))
    refused: list[str] = []
    text = iptables.restore_text([table], refused)
    assert text.splitlines() == ["*filter", ":INPUT DROP [0:0]", "-A INPUT -j ACCEPT", "COMMIT"]
    assert refused == ["-A INPUT -M x: '-M' is no option of a rule"]


def test_a_comment_that_looks_like_a_token_is_left_out() -> None:
    """Of what iptables-save printed; others stay."""
    text = (
        '*filter\n:INPUT ACCEPT [1:2]\n-A INPUT -m comment --comment "api key of web" -j DROP\n'
        "-A INPUT -m comment --comment c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0 -j DROP\n"
        '-A INPUT -m comment --comment "cali:accept" -j DROP\nCOMMIT\n'
    )
    (table,) = iptables.parse(text, "ip", "nft")
    comments = [iptables.split(rule)[3] for rule in table.chains[0].rules]
    assert comments == [iptables.SECRET, iptables.SECRET, "cali:accept"]


LISTED = {
    "nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "ip", "name": "filter", "handle": 1}},
        {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "handle": 1}},
        {"table": {"family": "netdev", "name": "guard", "handle": 2}},
        {"chain": {"family": "netdev", "table": "guard", "name": "gate", "handle": 3}},
        {"rule": {"family": "netdev", "table": "guard", "chain": "gate", "handle": 4,
                  "expr": [{"counter": {"packets": 5, "bytes": 9}}, {"drop": None}]}},
    ]
}  # fmt: skip


def test_nfts_own_tables_are_taken_without_what_was_counted() -> None:
    """iptables' are left out, handles too; a device that nft did not list is put in."""
    found = native.parse(json.dumps(LISTED), {("ip", "filter")}, {("netdev", "guard", "gate"): ["eth0"]})
    table, chain, rule = map(json.loads, found)
    assert table == {"table": {"family": "netdev", "name": "guard"}}
    assert chain["chain"]["dev"] == "eth0"
    assert rule["rule"]["expr"][0] == {"counter": {"packets": 0, "bytes": 0}} and "handle" not in rule["rule"]
    assert [native.check(each)[0] for each in found] == ["table", "chain", "rule"]


def test_settings_that_hang_together_are_all_in_a_pack() -> None:
    """Who writes conf/all/forwarding changes each link's: so each stands there, also where it is as usual."""
    fresh = {
        "net/ipv4/ip_forward": "0",
        "net/ipv4/conf/all/forwarding": "0",
        "net/ipv4/conf/default/forwarding": "0",
    }
    fresh |= {"net/ipv4/tcp_ecn": "2", "net/ipv6/conf/all/forwarding": "0"}
    now = {**fresh, "net/ipv4/ip_forward": "1", "net/ipv4/conf/all/forwarding": "1"}
    assert set(settings.changes(now, fresh)) == set(fresh) - {
        "net/ipv4/tcp_ecn",
        "net/ipv6/conf/all/forwarding",
    }
    assert settings.changes(fresh, fresh) == {}
    assert settings.differences(now, {}, fresh)[:1] == [("net/ipv4/conf/all/forwarding", "0")]
