"""A learner's day with the virtual machine. The tests follow each other, and share the machine."""

from __future__ import annotations

import os
import re
import subprocess

from playwright.sync_api import Page, expect

from netlab.lessons.build import notebook
from netlab.lessons.content import lesson
from tests.attacks.support import FRAMINGS, source
from tests.attacks.test_code import PICKLE
from tests.support.patience import eventually
from tests.vm.conftest import TAKEN
from tests.vm.hypervisor import Hypervisor
from tests.vm.machine import MINUTE, UP, URL, Machine, running

LABS = "/home/netlab/netlab/labs"
TAUGHT = "02"


def write(vm: Machine, name: str, text: str) -> None:
    """A file of the learner's beside the lessons."""
    vm.run(f"sudo -u netlab tee {LABS}/{name} >/dev/null", given=text)


def test_up_prints_one_url_on_the_loopback(vm: Machine, hypervisor: Hypervisor) -> None:
    """At the end of `up` there is one URL; its port, the next where the usual one is taken, is forwarded on
    127.0.0.1 alone."""
    assert len(URL.findall(vm.said)) == 1
    port = int(vm.url.split(":")[2].split("/")[0])
    assert hypervisor.listening()[port] == ["127.0.0.1"]
    assert port == TAKEN + 1


def test_the_software_emulation_was_chosen_by_booting(vm: Machine) -> None:
    """The machine runs with the driver with which a tiny guest really ran."""
    chosen = (vm.folder / "state/netlab-driver").read_text().split()[-1]
    domain = subprocess.run(
        vm.hypervisor.words("virsh", "dumpxml", "netlab-netlab"), capture_output=True, text=True, check=True
    )
    assert f"<domain type='{chosen}'" in domain.stdout


def test_a_lesson_runs_in_the_browser_on_real_docker(vm: Machine, page: Page) -> None:
    """The printed URL opens in Chromium, and a lesson with its solutions ends with all checks passed."""
    taught = lesson(TAUGHT)
    write(vm, "day.ipynb", notebook(taught, solution=True))
    page.set_default_timeout(5 * MINUTE * 1000)
    page.goto(vm.url, wait_until="commit")
    expect(page).to_have_url(re.compile("/lab/tree/00-start-here.ipynb$"))
    page.goto(vm.url.replace("/?", "/lab/tree/day.ipynb?reset&"))
    expect(page.get_by_text("netlab (lab host) | Idle")).to_be_visible(timeout=5 * MINUTE * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).last.click()
    passed = page.get_by_role("status").filter(has_text="✔ passed")
    expect(passed).to_have_count(len(taught.steps), timeout=15 * MINUTE * 1000)
    passed.last.scroll_into_view_if_needed()
    assert "engine docker" in vm.run("sudo -u netlab -H /home/netlab/netlab/run status")
    assert "containerd" in vm.run("ps -eo comm")


def test_halt_and_up_keep_what_the_learner_saved(vm: Machine, page: Page) -> None:
    """After `halt` and `up` the learner's notebooks are as he left them, and the URL is the same."""
    url = vm.url
    changed = vm.run(f"cat {LABS}/01-the-problem.ipynb").replace("The problem", "My problem")
    write(vm, "01-the-problem.ipynb", changed)
    write(vm, "my own.ipynb".replace(" ", "-"), changed)
    vm.vagrant("halt", seconds=10 * MINUTE)
    vm.up()
    assert vm.url == url
    assert vm.run(f"cat {LABS}/01-the-problem.ipynb") == changed
    assert vm.run(f"cat {LABS}/my-own.ipynb") == changed
    page.goto(vm.url.replace("/?", "/lab/tree/my-own.ipynb?reset&"))
    expect(page.get_by_role("heading", name="My problem").first).to_be_visible(timeout=5 * MINUTE * 1000)


def test_reload_mends_the_service_and_keeps_the_rest(vm: Machine) -> None:
    """After `reload` the URL and the learner's own file are as before, and a service that he broke works."""
    url = vm.url
    vm.run("sudo systemctl disable --now netlab.service")
    vm.said = vm.vagrant("reload", seconds=UP)
    assert vm.url == url
    assert "My problem" in vm.run(f"cat {LABS}/my-own.ipynb")
    assert vm.run("systemctl is-active netlab.service").strip() == "active"


def test_netem_delays_packets(vm: Machine) -> None:
    """What this project's other places may lack is there: netem delays a packet by what was asked for."""
    vm.lab("tc qdisc add dev lo root netem delay 300ms")
    said = vm.lab("ping -c 1 127.0.0.1")
    vm.lab("tc qdisc del dev lo root")
    assert float(re.search(r"time=([\d.]+)", said)[1]) >= 600  # type: ignore[index]  # there and back


def test_ipvlan_reaches_its_neighbour(vm: Machine) -> None:
    """Two ipvlans of one parent, in two namespaces, reach each other."""
    vm.lab(
        "sh -ec '"
        + "; ".join(
            (
                "ip link add parent type dummy || ip link add parent type veth peer name other",
                "ip link set parent up",
                *(
                    f"ip netns add iv{n}; ip link add iv{n} link parent type ipvlan mode l2; "
                    f"ip link set iv{n} netns iv{n}; ip -n iv{n} addr add 198.51.100.{n}/24 dev iv{n}; "
                    f"ip -n iv{n} link set iv{n} up"
                    for n in (1, 2)
                ),
                "ip netns exec iv1 ping -c 1 -W 5 198.51.100.2",
                "ip netns del iv1; ip netns del iv2; ip link del parent",
            )
        )
        + "'"
    )


def test_a_lab_in_the_machine_has_no_power_over_it(vm: Machine) -> None:
    """Whoever opens the page is root in the lab, and no more: neither its token nor the machine's files are
    theirs, and what they say for process 1 is executed nowhere."""
    marker, token = "/tmp/taken", vm.url.partition("token=")[2]
    assert token
    seen = vm.lab("sh -c 'cat /proc/[0-9]*/environ | tr \\\\0 \\\\n'")
    assert "NETLAB_LANG" in seen
    assert token not in seen
    other = "sudo -u nobody sh -c 'ls /tmp/netlab-*/*/door 2>&1; true'"
    assert "door" not in vm.run(other).replace("*/door", "")
    write(vm, "attack.py", source(PICKLE, marker=marker, framing=FRAMINGS[0]))
    vm.lab(f"python3 {LABS}/attack.py || true")  # it may cost the learner the lab, and nobody anything else
    assert vm.run(f"ls -d {marker} 2>/dev/null || echo nothing").strip() == "nothing"


def test_provision_says_what_fails_and_goes_on(vm: Machine) -> None:
    """What is missing and cannot be had is said, with a next step; then all is well, and goes on running."""
    started = "systemctl show --property ExecMainStartTimestampMonotonic netlab.service"
    before, url = vm.run(started), vm.url
    vm.run("sudo mv /usr/sbin/conntrack /root/")
    done = vm.try_vagrant("provision", seconds=10 * MINUTE)
    vm.run("sudo mv /root/conntrack /usr/sbin/")
    assert done.returncode != 0
    assert "These system packages are missing, and installing them needs root: conntrack" in done.stdout
    assert "Next: see that the machine around it is online" in done.stdout
    vm.said = vm.vagrant("provision", seconds=10 * MINUTE)
    assert vm.url == url
    assert vm.run(started) == before


def test_destroy_leaves_nothing(vm: Machine, hypervisor: Hypervisor) -> None:
    """After `destroy` there is no process, no domain and no disk of it; the rest ends with the hypervisor."""
    vm.vagrant("destroy", "--force")
    assert eventually(lambda: not list(running(hypervisor)), 30), list(running(hypervisor))
    listed = [("list", "--all", "--name"), ("vol-list", "--pool", "default")]
    for words in listed:
        done = subprocess.run(
            hypervisor.words("virsh", "-q", *words), capture_output=True, text=True, check=True
        )
        assert "netlab-netlab" not in done.stdout
    hypervisor.end()
    assert not os.path.exists(f"/proc/{hypervisor.first}")
