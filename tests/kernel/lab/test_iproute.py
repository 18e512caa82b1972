"""`lab.ip`: pyroute2 at a node's namespace, where no event loop runs and where one does, beside iproute2."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pyroute2 import NetlinkError

from netlab.errors import UnknownName
from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually

# What the lecture does with `ip`, in pyroute2's words; in a cell as well.
LECTURE = """
with lab.ip() as host, lab.ip("if-test") as box:
    host.link("add", ifname="veth_host", kind="veth", peer={"ifname": "eth0", "net_ns_fd": box.namespace})
    [port], [bridge] = host.link_lookup(ifname="veth_host"), host.link_lookup(ifname="docker0")
    host.link("set", index=port, master=bridge, state="up")
    [eth0] = box.link_lookup(ifname="eth0")
    box.addr("add", index=eth0, address="172.17.0.2", prefixlen=16)
    box.link("set", index=eth0, state="up")
    box.route("add", dst="default", gateway="172.17.0.1")
"""
CONTAINER = "docker run -d --name if-test --network none centos sleep 3600"


def shown(lab: Lab, words: str, node: str = "host") -> list[dict[str, Any]]:
    """What iproute2 says as JSON."""
    found: list[dict[str, Any]] = json.loads(sh(lab, words, node))
    return found


def check_lecture(lab: Lab) -> None:
    """iproute2 shows what the lecture made."""
    [port] = shown(lab, "ip -j -d link show veth_host")
    assert (port["master"], port["linkinfo"]["info_kind"]) == ("docker0", "veth")
    assert "UP" in port["flags"]
    [eth0] = shown(lab, "ip -j -4 addr show eth0", "if-test")
    [address] = eth0["addr_info"]
    assert (address["local"], address["prefixlen"]) == ("172.17.0.2", 16)
    assert "LOWER_UP" in eth0["flags"]
    [route] = shown(lab, "ip -j route show default", "if-test")
    assert (route["gateway"], route["dev"]) == ("172.17.0.1", "eth0")
    sh(lab, "ping -c 1 -W 5 172.17.0.1", "if-test")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_the_lecture_is_typed_in_python(lab: Lab) -> None:
    """A veth pair with an end in the container, addresses, a port of docker0, a route: `ip` shows them."""
    sh(lab, CONTAINER)
    exec(LECTURE, {"lab": lab})
    check_lecture(lab)


def test_what_it_reads_is_what_ip_shows(lab: Lab) -> None:
    """Links, addresses and routes of the lab host, in pyroute2's words and in iproute2's."""
    with lab.ip() as ip:
        links = {link.get("ifname"): link.get("mtu") for link in ip.link("dump")}
        addresses = {(a.get("local"), a["prefixlen"]) for a in ip.addr("dump", family=2)}
        routes = {r.get("gateway") for r in ip.route("dump", family=2, table=254)}
    assert links == {link["ifname"]: link["mtu"] for link in shown(lab, "ip -j link")}
    told = [a for link in shown(lab, "ip -j -4 addr") for a in link["addr_info"]]
    assert addresses == {(a["local"], a["prefixlen"]) for a in told}
    assert routes == {r.get("gateway") for r in shown(lab, "ip -j route")}


def test_it_works_where_an_event_loop_runs(lab: Lab, loop: asyncio.AbstractEventLoop) -> None:
    """pyroute2's own IPRoute says there: This event loop is already running."""

    async def names() -> list[str]:
        with lab.ip() as ip:
            return [link.get("ifname") for link in ip.link("dump")]

    assert loop.run_until_complete(names()) == ["lo", "eth0", "docker0"]


def test_errors_are_pyroute2s(lab: Lab) -> None:
    """What the kernel refuses comes as NetlinkError with its number, and the next order is done."""
    with lab.ip() as ip:
        with pytest.raises(NetlinkError, match="No such device") as refused:
            ip.link("set", index=4711, state="up")
        assert refused.value.code == 19
        assert ip.link_lookup(ifname="lo") == [1]


def test_a_node_that_is_not_there(lab: Lab) -> None:
    """The nodes that there are, are named."""
    with pytest.raises(UnknownName, match="nobody"):
        lab.ip("nobody")


def test_the_owner_may_change_the_internet(lab: Lab) -> None:
    """On the machine `internet` is a node as any other."""
    with lab.ip("internet") as ip:
        ip.link("add", ifname="far", kind="bridge")
        ip.link("del", index=ip.link_lookup(ifname="far")[0])


def test_a_learner_may_only_look_at_the_internet(lab: Lab) -> None:
    """From inside the kernel refuses each order there, and nobody gets the namespace itself."""
    code = f"""
from netlab.lab import Lab
from netlab.errors import BadInput
from pyroute2 import NetlinkError
with Lab("{lab.name}").ip("internet") as ip:
    print(*(link.get("ifname") for link in ip.link("dump")))
    for order in (
        lambda: ip.link("add", ifname="far", kind="bridge"),
        lambda: ip.link("set", index=1, state="down"),
        lambda: ip.addr("add", index=1, address="192.0.2.99", prefixlen=32),
        lambda: ip.namespace,
    ):
        try:
            print(order())
        except (NetlinkError, BadInput) as error:
            print(getattr(error, "code", error))
"""
    [seen, *refused, last] = lab.run([sys.executable, "-c", code]).stdout.splitlines()
    assert "lo" in seen.split()
    assert refused[:3] == ["1"] * 3, "EPERM"
    assert "internet" in " ".join([*refused[3:], last])


def test_nothing_is_left_behind(lab: Lab) -> None:
    """Threads and descriptors are gone with the block, and where somebody forgets it, with the object."""

    def at_work() -> bool:
        """Whether one of its threads is; what others have forgotten ends when somebody looks for it."""
        gc.collect()
        return any(thread.name.startswith("netlab-ip") for thread in threading.enumerate())

    with lab.ip():
        pass
    assert eventually(lambda: not at_work())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with lab.ip() as ip:
            ip.link("dump")
            assert at_work()
    assert lab.ip().link("dump"), "it is kept until it has answered"
    del ip
    assert eventually(lambda: not at_work() and len(os.listdir("/proc/self/fd")) == before)


def test_a_closed_one_says_so(lab: Lab) -> None:
    """As pyroute2's does: a bad file descriptor. It may be closed twice."""
    ip = lab.ip()
    ip.close()
    ip.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        ip.link("dump")


def test_it_hears_what_the_kernel_notifies(lab: Lab) -> None:
    """`bind` and `get` work as pyroute2 describes them."""
    with lab.ip() as ip:
        ip.bind()
        sh(lab, "ip link add heard type bridge")
        assert eventually(lambda: "heard" in [message.get("ifname") for message in ip.get()])


def test_to_close_it_ends_what_waits(lab: Lab) -> None:
    """Somebody else who waits for a notice that never comes is told."""
    ended: list[type] = []
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        try:
            ip.get()
        except BaseException as error:
            ended.append(type(error))

    with lab.ip() as ip:
        ip.bind()
        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait(5)
    thread.join(5)
    assert ended
    assert not thread.is_alive()


def test_polling_takes_the_methods_too(lab: Lab) -> None:
    """`poll` gets a method of the same object, and does not wait for itself."""
    with lab.ip() as ip:
        [found] = ip.poll(ip.link, "dump", ifname="docker0", timeout=5)
        assert found.get("ifname") == "docker0"
        assert "link" in dir(ip)
        assert "ifname" in ip.link.__doc__
