"""A watch tells of each change in words, and what it holds is what the kernel holds."""

from __future__ import annotations

import random

import pytest

from netlab.errors import LabNotFound
from netlab.keeper.watch import essence
from netlab.lab import Lab
from netlab.lab.watch import Change, Watch
from tests.support.patience import eventually

SECONDS = 20.0
OPERATIONS, BATCH = 500, 25


def told(watch: Watch, words: str) -> bool:
    """Whether that was said, at the latest in a while."""
    return eventually(lambda: any(words in str(change) for change in list(watch.changes)), SECONDS)


def test_the_lectures_commands_are_told_as_they_happen(lab: Lab) -> None:
    """A container, a cable, its way inside, a port, a setting, a rule, a namespace with nothing in it."""
    heard: list[Change] = []
    with lab.watch(heard.append) as watch:
        for command, words in (
            ("docker run -d --name if-test --network none x sleep 36000", "if-test"),
            ("ip link add veth_host type veth peer name veth_container", "veth_container appeared in host"),
            (
                "ip link set veth_container netns $(docker inspect -f '{{.State.Pid}}' if-test)",
                "moved to if-test",
            ),
            ("ip link add mv1 link eth0 type macvlan mode bridge", "mv1 appeared in host"),
            (
                "ip link set mv1 netns $(docker inspect -f '{{.State.Pid}}' if-test) name eth0",
                "mv1 moved to if-test",
            ),
            ("ip link set veth_host master docker0 up", "veth_host became a port of docker0"),
            ("echo 1 > /proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward went from 0 to 1 in host"),
            ("iptables -P FORWARD ACCEPT", "policy of FORWARD went from DROP to ACCEPT"),
            ("ip netns add blue", "blue appeared"),
            ("ip netns delete blue", "is gone"),
        ):
            assert lab.script(command).returncode == 0
            assert told(watch, words), [str(change) for change in watch.changes]
        assert eventually(lambda: essence(watch.snapshot) == essence(lab.snapshot()), SECONDS)
    assert heard == list(watch.changes)


def operation(dice: random.Random) -> str:
    """A command that may well fail: what it was to change may not be there."""
    number, name = dice.randint(0, 9), f"v{dice.randint(0, 5)}"
    place = dice.choice(["", f"-n ns{dice.randint(0, 2)} "])
    return dice.choice(
        [
            f"ip {place}link add {name} type veth peer name p{name}",
            f"ip {place}link add {name} type bridge",
            f"ip {place}link del {name}",
            f"ip {place}link set {name} up",
            f"ip {place}link set p{name} down",
            f"ip {place}link set {name} master {dice.choice(['docker0', 'v1'])}",
            f"ip {place}link set {name} nomaster",
            f"ip link set p{name} netns ns{dice.randint(0, 2)}",
            f"ip {place}link set {name} mtu {1400 + number}",
            f"ip {place}addr add 10.{number}.0.1/24 dev {name}",
            f"ip {place}addr flush dev {name}",
            f"ip {place}route add 10.99.{number}.0/24 dev {name}",
            f"ip {place}route flush 10.99.{number}.0/24",
            f"ip netns add ns{dice.randint(0, 2)}",
            f"ip netns del ns{dice.randint(0, 2)}",
        ]
    )


@pytest.mark.parametrize("seed", [1])
def test_after_any_operations_it_holds_what_the_kernel_holds(lab: Lab, seed: int) -> None:
    """500 random ones, on links, addresses, routes, bridges and namespaces; compared after every 25."""
    dice = random.Random(seed)
    with lab.watch() as watch:
        for _ in range(OPERATIONS // BATCH):
            lab.run(["bash"], input="\n".join(operation(dice) for _ in range(BATCH)))
            assert eventually(lambda: essence(watch.snapshot) == essence(lab.snapshot()), SECONDS)
    assert len(watch.changes) > OPERATIONS // BATCH


def test_two_watches_agree_and_the_labs_end_is_noticed(lab_name: str, leakproof: None) -> None:
    """What one is told, the other is; when the lab ends, both have the last snapshot still."""
    lab = Lab.up(lab_name)
    with lab.watch() as one, lab.watch() as other:
        lab.script("ip link add seen type bridge")
        assert told(one, "seen appeared in host") and told(other, "seen appeared in host")
        lab.down()
        assert eventually(lambda: one.has_ended and other.has_ended, SECONDS)
        assert one.snapshot.node("host").has_interface("seen")
    with pytest.raises(LabNotFound), lab.watch():
        pass


def test_a_reset_is_followed(lab: Lab) -> None:
    """The lab is put back, and the watch goes on with it."""
    with lab.watch() as watch:
        lab.script("ip link add seen type bridge; docker run -d --name if-test x sleep 1000")
        assert told(watch, "seen appeared in host")
        assert eventually(lambda: watch.snapshot.has_node("if-test"), SECONDS)
        lab.reset()
        assert eventually(lambda: not watch.snapshot.has_node("if-test"), SECONDS)
        assert eventually(lambda: essence(watch.snapshot) == essence(lab.snapshot()), SECONDS)
