"""A fault as an exercise: begun by name or by seed, remembered without its name, and mended."""

from __future__ import annotations

import random
import sys

import pytest

from netlab import faults
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import CAUSES
from netlab.errors import BadInput, UnknownName
from netlab.faults import gym
from netlab.faults.fault import INTERNET, Fault
from netlab.faults.measure import measure
from netlab.lab import Lab
from netlab.lessons.build import learners_seed
from netlab.lessons.content import lesson
from netlab.lessons.progress import Progress
from netlab.lessons.variant import Variant
from netlab.notebook.lesson_lab import LessonLab
from tests.kernel.cli.test_command_line import netlab
from tests.kernel.conftest import sh


def test_begun_by_name_it_is_remembered_until_a_reset(lab: Lab) -> None:
    """What the kernel holds decides: after a reset no fault is in the lab, whatever was written down."""
    assert gym.current(lab) is None
    begun = gym.begin(lab, name="veth-down")
    assert gym.current(lab) == begun
    lab.reset()
    assert gym.current(lab) is None


def test_a_fault_is_not_in_another_container_of_the_same_name(lab: Lab) -> None:
    """It counts as long as the if-test lives that it was made for; a new one has what it is given."""
    gym.begin(lab, name="veth-down")
    pid = "$(docker inspect -f '{{.State.Pid}}' if-test)"
    sh(lab, f"ip netns attach old {pid}; docker rm -f if-test; docker run -d --name if-test x sleep 1000")
    assert gym.current(lab) is None


def test_the_note_of_a_seeded_fault_does_not_name_it(lab: Lab) -> None:
    """Only the seed is written down, and what is said holds neither name nor cause."""
    begun = gym.begin(lab, seed=3)
    assert begun.fault == faults.pick(3) and gym.current(lab) == begun
    note = (lab.folder / gym.NOTE).read_text()
    assert begun.fault.name not in note and begun.fault.cause not in note
    done = netlab("--lab", lab.name, "fault", "random", "--seed", "3")
    assert done.returncode == 0 and begun.fault.story in done.stdout
    assert begun.fault.name not in done.stdout and CAUSES[begun.fault.cause].title not in done.stdout


def test_mending_runs_the_cure_once(lab: Lab) -> None:
    """The first time there is something to mend; the second time it works already."""
    fault = gym.begin(lab, name="blackhole-route").fault
    assert gym.mend(lab, fault)
    assert not gym.mend(lab, fault)


def test_on_the_command_line(lab: Lab) -> None:
    """list, inject, cure: each says what it did, and what is wrong with the words typed."""
    with_lab = ("--lab", lab.name, "fault")
    assert len(netlab(*with_lab, "list").stdout.splitlines()) == len(faults.catalogue())
    assert "No fault is known" in netlab(*with_lab, "cure").stderr
    assert "gets no answer to pings" in netlab(*with_lab, "inject", "masquerade-missing").stdout
    cured = netlab(*with_lab, "cure").stdout
    assert "masquerade-missing: no way back" in cured and "-j MASQUERADE" in cured
    assert "works already" in netlab(*with_lab, "cure").stdout
    unknown = netlab(*with_lab, "inject", "masquerade-mising")
    assert unknown.returncode == 1 and "Did you mean 'masquerade-missing'?" in unknown.stderr
    assert netlab(*with_lab).returncode == 2


def test_a_diagnosis_is_checked_on_the_command_line(lab: Lab) -> None:
    """The cause, the place, and whether it works again; another fault says that the first one goes."""
    with_lab = ("--lab", lab.name, "fault")
    assert "No fault is known" in netlab(*with_lab, "check", "no-route").stderr
    netlab(*with_lab, "inject", "ip-forward-off")
    wrong = netlab(*with_lab, "check", "no-route", "host eth0")
    assert wrong.returncode == 1 and wrong.stdout.count("✘") == 2 and "does not work yet" in wrong.stdout
    assert "Did you mean 'no-route'?" in netlab(*with_lab, "check", "no-rout").stderr
    again = netlab(*with_lab, "random", "--seed", "7").stdout
    assert "The fault that was on goes: " in again
    netlab(*with_lab, "inject", "ip-forward-off")
    sh(lab, "sysctl -w net.ipv4.ip_forward=1")
    right = netlab(*with_lab, "check", "forwarding-off", "docker0")
    assert right.returncode == 0 and right.stdout.count("✔") == 2 and "works again" in right.stdout


def test_inside_the_lab_internet_is_out_of_reach(lab: Lab) -> None:
    """What needs internet is refused with the way to do it; all else can be done from there."""
    with pytest.raises(BadInput, match="needs internet"):
        gym.begin(lab, name="far-input-drop", inside=True)
    code = "from netlab.faults import gym; from netlab.lab import Lab; lab = Lab.here()\n"
    code += "begun = gym.begin(lab, name='ip-forward-off', inside=True); assert gym.current(lab) == begun\n"
    code += "assert gym.mend(lab, begun.fault) and not gym.mend(lab, begun.fault)"
    done = lab.run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    with pytest.raises(UnknownName):
        gym.begin(lab, name="nosuch")


def test_any_number_is_an_exercise_that_the_lessons_checks_follow(lab: Lab) -> None:
    """Place, cause, proof and cure of the fault that the number stands for pass, and another's do not. The
    proof is run when it is given, and once more when the fault is gone: it is decided then."""
    seed = next(n for n in range(1000) if faults.pick(n, inside=True).name == "blackhole-route")
    learner = LessonLab(lab, lesson("10"), Progress(lab.folder / "progress.json"))
    report = str(learner.fault(seed))
    assert faults.pick(seed, inside=True).story in report and "route-refuses" not in report
    learner.answer("10.2", "docker0")
    learner.answer("10.3", "firewall-drop")
    assert learner.check("10.2").passed
    assert learner.check("10.3").hint_id == "wrong-cause"
    learner.answer("10.3", "route-refuses")
    assert "blackhole" in str(learner.answer("10.4", "ip route"))
    assert learner.check("10.3").passed
    assert learner.check("10.4").hint_id == "proof-again"
    assert learner.check("10.5").hint_id == "still-broken"
    assert gym.mend(lab, faults.pick(seed, inside=True))
    assert learner.check("10.5").passed and learner.check("10.4").passed
    learner.answer("10.4", "ip route show table local")
    assert learner.check("10.4").hint_id == "no-proof"


@pytest.mark.parametrize("name", ["blackhole-route", "arp-ignored", "masquerade-missing", "random-loss"])
def test_the_solution_is_that_of_the_fault_that_is_on(lab: Lab, name: str) -> None:
    """Whatever `lab.solution` prints for a step, typed as it is, passes; it is not the first fault's."""
    names = [faults.pick(n, inside=True).name for n in range(1000)]
    learner = LessonLab(lab, lesson("10"), Progress(lab.folder / "progress.json"))
    learner.fault(names.index(name))
    for step in ("10.1", "10.2", "10.3", "10.4"):
        (said,) = learner.solution(step).lines
        exec(said, {"lab": learner})
        assert learner.check(step).passed or step == "10.4", str(learner.check(step))
    for line in learner.solution("10.5").code.splitlines():
        node, _, words = line.rpartition(": ")
        assert lab.script(words, node=node or "host").returncode == 0, line
    assert learner.check("10.5").passed and learner.check("10.4").passed


@pytest.mark.parametrize("fault", faults.pairs()[::3], ids=lambda fault: fault.name)
def test_two_at_once_are_fixed_when_both_are(lab: Lab, fault: Fault) -> None:
    """The first is what a trace finds; with that alone gone, nothing gets through yet."""
    learner = LessonLab(lab, lesson("10"), Progress(lab.folder / "progress.json"))
    learner.fault(faults.number_of(fault, random.Random(1), inside=True))
    assert "First your own diagnosis" in str(learner.trace("if-test", INTERNET))
    learner.answer("10.3", fault.cause)
    learner.answer("10.2", faults.place(lab.snapshot(), fault))
    assert learner.check("10.2").passed and learner.check("10.3").passed
    assert trace(lab, "if-test", INTERNET).cause == fault.cause
    first, second = map(faults.find, fault.name.split("+"))
    faults.cure(lab, first)
    assert not learner.check("10.5").passed
    faults.cure(lab, second)
    assert learner.check("10.5").passed
    assert "✔" in str(learner.log()) and str(learner.explain("both of them")).count("Why:") == 2


def test_a_cure_of_a_moment_ago_is_not_called_broken(lab: Lab) -> None:
    """A neighbour that does not answer is asked once a second, three times: what is sent at the end of that
    is lost, though the cure is in. The check waits for it."""
    learner = LessonLab(lab, lesson("10"), Progress(lab.folder / "progress.json"))
    learner.fault([faults.pick(n, inside=True).name for n in range(1000)].index("arp-ignored"))
    # The end of the first three seconds, by when the probes of the check would be dropped.
    lab.script("ip neigh flush all; timeout 0.1 ping -c 1 172.17.0.1 || sleep 2.2", node="if-test")
    assert lab.script("ip link set docker0 arp on").returncode == 0
    assert learner.check("10.5").passed


def test_a_drawn_fault_is_taken_up_by_the_learners_notebook(lab: Lab) -> None:
    """What is put in for somebody to be judged is neither named in the lab nor put back by a notebook's first
    cell; the same is drawn when it is graded. After a reset the notebook has its own again."""
    seed = learners_seed("autumn", "ada")
    fault = faults.draw(b"autumn", seed)
    done = netlab("--lab", lab.name, "fault", "draw", "ada", "--seed", "autumn")
    assert done.returncode == 0 and "Measured" in done.stdout, done.stderr
    note = lab.run(["cat", str(gym.INSIDE / gym.TOLD)]).stdout
    for text in (note, done.stdout):
        assert not [word for word in (fault.name, fault.cause, fault.story) if word in text]
    code = f"from netlab import notebook; lab = notebook.start('10', seed={seed!r})\n"
    code += "print(lab.check('10.5')); print(lab.trace('host', '1.2.3.4'), lab.reach())"
    before = lab.snapshot()
    said = lab.run([sys.executable, "-c", code], timeout=60)
    assert "Measured" in said.stdout and "judged outside" in said.stdout, said
    assert said.stdout.count("The instrument is not in this lab") == 2
    assert [node.netns for node in lab.snapshot().nodes] == [node.netns for node in before.nodes]
    view = Variant.of(seed).view(lab)
    assert not measure(view, fault.symptom).healthy
    lab.reset()
    said = lab.run([sys.executable, "-c", code.splitlines()[0]], timeout=60)
    assert faults.find_reported(seed).story in said.stdout or "Bug report" in said.stdout
    assert gym.find_report(lab) == ""
