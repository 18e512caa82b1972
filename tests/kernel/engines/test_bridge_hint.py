"""A bridge of one's own beside Docker: a terminal says in one line why its pings are lost, and what helps."""

from __future__ import annotations

from netlab.lab import Lab
from tests.kernel.conftest import sh

BRIDGE = "ip link add br9 type bridge; ip link add v9 type veth peer name w9; ip link set v9 master br9"


def terminal(lab: Lab, typed: str) -> str:
    """What an interactive bash prints when that is typed."""
    done = lab.run(["script", "-qec", "bash -i", "/dev/null"], input=f"{typed}exit\n", timeout=20)
    return done.stdout


def test_the_first_port_on_a_bridge_of_ones_own_brings_one_line(lab: Lab) -> None:
    """Once, with the rule that helps; nothing of docker0 or of a network that docker made."""
    assert "as Docker is here" not in terminal(lab, "docker run -d alpine sleep 9\ndocker network create n\n")
    seen = terminal(lab, f"{BRIDGE}\ntrue\ntrue\n")
    assert seen.count("as Docker is here") == 1 and "-i br9 -o br9 -j ACCEPT" in seen
    sh(lab, "iptables -P FORWARD ACCEPT")
    assert "as Docker is here" not in terminal(lab, "true\n")


def test_a_learners_own_settings_stay(lab: Lab) -> None:
    """A .bashrc that was changed is theirs, also after a reset."""
    assert "_netlab_look" in sh(lab, "cat /root/.bashrc; echo '# mine' >>/root/.bashrc")
    lab.reset()
    assert sh(lab, "tail -n 1 /root/.bashrc") == "# mine\n"
