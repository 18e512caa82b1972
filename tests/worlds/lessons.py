"""Worlds as the lessons make them, step by step, and what a learner says of them."""

from __future__ import annotations

from netlab.model import Chain, Route, Rule
from tests.worlds.stories import World


def bare() -> World:
    """if-test with --network none."""
    return World().container()


def wired() -> World:
    """Lesson 03 after step 4: cable inside, address, up, default route."""
    world = bare().cable().address("if-test", "eth0", "172.17.1.2/16")
    return world.route("if-test", Route("172.17.0.0/16", "eth0"), Route("default", "eth0", "172.17.0.1"))


def plugged() -> World:
    """Lesson 05's start: the cable's outer end is a port of docker0, FORWARD accepts."""
    world = wired().change("host", "veth_host", master="docker0")
    return world.chain(
        Chain("ip", "filter", "FORWARD", "ACCEPT", rules=(Rule("-j DOCKER-USER", "DOCKER-USER"),))
    )


def reaches_all(node: str, destination: str) -> bool:
    return True


SAID = {"03.5": "lost", "04.2": "answered", "04.4": "lost", "05.1": "docker0", "05.4": "192.0.2.10"}
CONCLUDED = {"04.3": "source", "04.4": "host only", "05.1": "docker0", "05.2": "sysctl", "05.4": "192.0.2.10"}


def docker_made() -> World:
    """Lesson 01's container, as Docker connects it."""
    return (
        World()
        .container()
        .cable(outside="veth12ab", master="docker0")
        .address("if-test", "eth0", "172.17.0.2/16")
    )
