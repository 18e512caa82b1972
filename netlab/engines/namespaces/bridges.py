"""The bridge of a network that somebody has made, and its firewall rules: those that Docker 20.10 adds."""

from __future__ import annotations

import ipaddress
import secrets
import subprocess
from collections.abc import Sequence

from netlab.engines.namespaces.networks import ICC, MASQUERADE, Network
from netlab.errors import EngineError
from netlab.linux.netlink.route import RouteSocket

STAGE_1, STAGE_2 = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"
FIRST = ("DOCKER-USER", STAGE_1)  # Docker keeps these at the head of FORWARD

Rule = tuple[str, str, str]  # table, chain, what follows


def make(network: Network) -> None:
    """The bridge, up, with its address and its rules. EngineError, with nothing left behind."""
    try:
        with RouteSocket() as host:
            host.add_bridge(network.bridge, f"02:42:{secrets.token_bytes(4).hex(':')}", txqlen=0)
            host.add_address(network.bridge, network.gateway, network.prefixlen)
            if network.subnet6:
                prefixlen = ipaddress.ip_network(network.subnet6).prefixlen
                host.add_address(network.bridge, network.gateway6, prefixlen)
            host.set_up(network.bridge)
    except OSError as error:
        remove_link(network.bridge)
        raise EngineError(
            f"failed to create the bridge {network.bridge}: {error.strerror or error}"
        ) from error
    try:
        change("-I", reversed_rules(network))
        if not network.has(ICC) and not network.is_internal:
            change("-A", [("filter", "FORWARD", f"-i {network.bridge} -o {network.bridge} -j DROP")])
    except EngineError:
        remove_link(network.bridge)
        raise


def rules(network: Network) -> list[Rule]:
    """Those that come first in their chains, in the order in which they stand there."""
    bridge, subnet = network.bridge, network.subnet
    within = ("filter", "FORWARD", f"-i {bridge} -o {bridge} -j ACCEPT")
    if network.is_internal:
        return [
            within,
            ("filter", STAGE_1, f"! -s {subnet} -o {bridge} -j DROP"),
            ("filter", STAGE_1, f"! -d {subnet} -i {bridge} -j DROP"),
        ]
    found = [
        ("filter", "FORWARD", f"-o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
        ("filter", "FORWARD", f"-o {bridge} -j DOCKER"),
        ("filter", "FORWARD", f"-i {bridge} ! -o {bridge} -j ACCEPT"),
        *([within] if network.has(ICC) else []),
        ("filter", STAGE_1, f"-i {bridge} ! -o {bridge} -j {STAGE_2}"),
        ("filter", STAGE_2, f"-o {bridge} -j DROP"),
        ("nat", "DOCKER", f"-i {bridge} -j RETURN"),
    ]
    if network.has(MASQUERADE):
        found.append(("nat", "POSTROUTING", f"-s {subnet} ! -o {bridge} -j MASQUERADE"))
    return found


def reversed_rules(network: Network) -> list[Rule]:
    """Those rules so that each may be put before what is there, behind what Docker keeps at the head."""
    place = _place_in_forward()
    return [
        (table, f"{chain} {place}" if chain == "FORWARD" else chain, rule)
        for table, chain, rule in reversed(rules(network))
    ]


def _place_in_forward() -> int:
    done = subprocess.run(["iptables", "-w", "-S", "FORWARD"], capture_output=True, text=True)
    place = 1
    for line in done.stdout.splitlines()[1:]:
        if not line.endswith(tuple(f"-j {chain}" for chain in FIRST)):
            break
        place += 1
    return place


def remove(network: Network) -> None:
    """Take the bridge and its rules away; what somebody has removed already is no matter."""
    every = rules(network)
    if not network.has(ICC) and not network.is_internal:
        every.append(("filter", "FORWARD", f"-i {network.bridge} -o {network.bridge} -j DROP"))
    withdraw(every)
    remove_link(network.bridge)


def remove_link(name: str) -> None:
    """Delete a link of the lab host's, if it is there."""
    try:
        with RouteSocket() as host:
            host.delete_link(name)
    except OSError:
        return


def change(action: str, wanted: Sequence[Rule]) -> None:
    """-A or -I these rules, all or none of a table. EngineError if iptables refuses."""
    done = _restore(action, wanted)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise EngineError(
            f"Failed to program the firewall: iptables failed: {said[0] if said else 'no word why'}"
        )


def withdraw(wanted: Sequence[Rule]) -> None:
    """Delete these rules: all at once or, where one is not there any more, one after the other."""
    if wanted and _restore("-D", wanted).returncode:
        for table, chain, rule in wanted:
            words = ["iptables", "-w", "-t", table, "-D", chain, *rule.split()]
            subprocess.run(words, capture_output=True, check=False)


def _restore(action: str, wanted: Sequence[Rule]) -> subprocess.CompletedProcess[str]:
    text = ""
    for table in dict.fromkeys(rule[0] for rule in wanted):
        lines = "".join(f"{action} {chain} {rule}\n" for t, chain, rule in wanted if t == table)
        text += f"*{table}\n{lines}COMMIT\n"
    words = ["iptables-restore", "-w", "--noflush"]
    return subprocess.run(words, input=text, capture_output=True, text=True)
