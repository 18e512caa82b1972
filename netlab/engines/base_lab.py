"""The base lab: what is there before the learner types, and again after a reset.

internet   uplink 192.0.2.1/24, and 39.106.233.176 on lo
host       eth0 192.0.2.10/24 with the default route, net.ipv4.ip_forward=0;
           and from the engine docker0 172.17.0.1/16 and Docker's firewall rules
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress

from netlab.errors import CommandFailed
from netlab.i18n import gettext as _
from netlab.linux import sysctl
from netlab.linux.netlink import xfrm
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter

INTERNET_ADDRESS = "39.106.233.176"
UPLINK_ADDRESS, HOST_ADDRESS, UPLINK_PREFIX = "192.0.2.1", "192.0.2.10", 24
LO, CABLE = 1, 2  # the indexes of lo, and of both ends of the uplink
DOCKER0 = 3  # its index: the first that is free beside them
LINKS = (LO, CABLE, DOCKER0)
BRIDGE, BRIDGE_ADDRESS, BRIDGE_PREFIX, BRIDGE_MAC = "docker0", "172.17.0.1", 16, "02:42:5e:0c:a7:01"

# What a fresh namespace takes over from the machine is set to the kernel's defaults, so that every lab is
# alike. Written in this order: ip_forward first, since it changes others.
SYSCTLS = {
    "net/ipv4/ip_forward": "0",
    "net/ipv4/icmp_echo_ignore_all": "0",
    **{
        f"net/ipv4/conf/{scope}/{name}": value
        for scope in ("all", "default")
        for name, value in (
            ("forwarding", "0"),
            ("rp_filter", "0"),
            ("proxy_arp", "0"),
            ("arp_ignore", "0"),
            ("arp_announce", "0"),
            ("accept_local", "0"),
            ("route_localnet", "0"),
            ("ignore_routes_with_linkdown", "0"),
        )
    },
    "net/ipv6/conf/all/disable_ipv6": "0",
    "net/ipv6/conf/default/disable_ipv6": "0",
    "net/ipv6/conf/all/forwarding": "0",
}
BASELINE_FOLDERS = (
    *(f"net/ipv{v}{rest}" for v in (4, 6) for rest in ("", "/conf/all", "/conf/default", "/conf/lo")),
    *("net/ipv4/neigh/lo", "net/ipv6/neigh/lo", "net/bridge", "net/netfilter"),
    *("net/ipv4/route", "net/ipv6/route", "net/ipv6/icmp"),
)


def build(host: int, *, links: bool = True) -> None:
    """Lay out what is the same with every engine: this process's namespace is `internet`, descriptor `host`
    the lab host's. Both hold nothing but lo; without `links` the cable is there, too, and has nothing either.
    OSError or CommandFailed names what was refused.
    """
    for namespace in (None, host):
        sysctl.write_sysctls(SYSCTLS, namespace)
    with RouteSocket() as internet, internet.batch():
        internet.set_up("lo")
        internet.add_address(LO, INTERNET_ADDRESS, 32)
        if links:
            internet.add_veth("uplink", "eth0", host, index=CABLE, peer_index=CABLE)
        internet.add_address(CABLE, UPLINK_ADDRESS, UPLINK_PREFIX)
        internet.set_up("uplink")
    with RouteSocket(host) as lab_host, lab_host.batch():
        lab_host.set_up("lo")
        lab_host.add_address(CABLE, HOST_ADDRESS, UPLINK_PREFIX)
        lab_host.set_up("eth0")
        lab_host.add_default_route(UPLINK_ADDRESS)


def clear(host: int, baseline: Mapping[str, str], internets: Mapping[str, str]) -> None:
    """Take everything out of both namespaces again: links, addresses, routes, rules, changed settings."""
    for namespace in (host, None):
        with RouteSocket(namespace) as kernel:
            kernel.clear()
        clear_firewall(namespace)
        clear_ipsec(namespace)
    sysctl.write_sysctls(baseline, host)
    sysctl.write_sysctls(internets, None)


def clear_firewall(namespace: int | None) -> None:
    """Take out every rule and set, and what is known of connections."""
    with Netfilter(namespace) as netfilter:
        netfilter.flush()
        with suppress(OSError):  # nothing has loaded it yet
            netfilter.forget_connections()
    clear_legacy(namespace)
    with Netfilter(namespace) as netfilter:  # rules that were deleted have ended when the first was closed
        netfilter.destroy_sets()


def clear_ipsec(namespace: int | None) -> None:
    """No policies and no states any more."""
    if xfrm.is_there(namespace):
        with xfrm.Xfrm(namespace) as socket:
            socket.flush()


def clear_legacy(namespace: int | None) -> bool:
    """Empty what iptables-legacy has in the tables that were used; whether there was one.

    An unused one is not even made.
    """
    found = False
    for command, names in (("iptables", "ip_tables_names"), ("ip6tables", "ip6_tables_names")):
        for table in _lines_in(namespace, f"/proc/thread-self/net/{names}"):
            found = True
            for action in ("-F", "-X"):
                run_in(namespace, [f"{command}-legacy", "-t", table, action], check=False)
            for chain in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"):
                run_in(namespace, [f"{command}-legacy", "-t", table, "-P", chain, "ACCEPT"], check=False)
    return found


def baseline(namespace: int | None) -> dict[str, str]:
    """The settings of a namespace (None: our own) that do not belong to one device, by file below
    /proc/sys."""
    found: dict[str, str] = {}
    with enter(namespace if namespace is not None else "/proc/thread-self/ns/net"):
        for folder in BASELINE_FOLDERS:
            with suppress(FileNotFoundError):  # not in this kernel
                found |= sysctl.in_folder(folder)
    return found


def _lines_in(namespace: int | None, path: str) -> list[str]:
    """Of a file which that network namespace may not have."""
    with (
        enter(namespace if namespace is not None else "/proc/thread-self/ns/net"),
        suppress(FileNotFoundError),
        open(path) as file,
    ):
        return file.read().splitlines()
    return []


def run_in(namespace: int | None, argv: list[str], text: str = "", *, check: bool = True) -> None:
    """Run a command in a network namespace (None: our own), with that input; CommandFailed."""
    with enter(namespace if namespace is not None else "/proc/thread-self/ns/net"):
        done = subprocess.run(
            argv, input=text, capture_output=True, encoding="utf-8", errors="backslashreplace", check=False
        )
    if check and done.returncode:
        raise CommandFailed(
            _("{command} failed while the lab was laid out: {said}").format(
                command=" ".join(argv), said=done.stderr.strip()
            ),
            _("Look at: ./run doctor"),
        )
