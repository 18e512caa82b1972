"""What learners stumble over when they type docker from a page: each is told what it is."""

from __future__ import annotations

import pytest

from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def test_an_images_name_that_is_almost_a_known_one(lab: Lab) -> None:
    """It is played all the same, and the likely one is named; another unknown one is left in peace."""
    assert "did you mean nginx?" in lab.script("docker run ngnix true").stderr
    assert "did you mean" not in lab.script("docker run mycompany/shop true; docker run nginx true").stderr


@pytest.mark.parametrize("line", ["docker run -d –name web nginx", "docker run -d --name “web” nginx"])
def test_a_printers_dash_or_quote_is_named(lab: Lab, line: str) -> None:
    """As pages have them; nothing is made."""
    done = lab.script(line)
    assert done.returncode == 125 and "printer's mark" in done.stderr and len(done.stderr.splitlines()) == 1
    assert sh(lab, "docker ps -aq") == ""


def test_services_need_not_be_started(lab: Lab) -> None:
    """systemctl start docker is well; of others it is said that there are none."""
    sh(lab, "systemctl start docker; service docker restart; sudo systemctl enable --now docker.service")
    done = lab.script("systemctl start nginx")
    assert done.returncode == 1 and "no services in a lab" in done.stderr


def test_the_third_ctrl_c_leaves_a_program_that_does_not_listen(lab: Lab) -> None:
    """The first says so; the container goes on, and docker stop ends it."""
    sh(lab, "docker run --name a x sleep 1000 >/tmp/said 2>&1 & echo $! >/tmp/pid; disown")
    assert eventually(lambda: sh(lab, "docker ps -q") != "")
    press = "kill -INT $(cat /tmp/pid)"
    for wanted in ("does not listen to Ctrl-C", "", "forcefully exiting"):
        sh(lab, press)
        assert eventually(lambda wanted=wanted: wanted in sh(lab, "cat /tmp/said"))
    assert sh(lab, "docker ps --format '{{.Names}}'; docker stop a") == "a\na\n"


def test_a_line_feed_in_a_template_is_gos(lab: Lab) -> None:
    r"""{{"\n"}} ends a line; what stands outside of braces is printed as it stands."""
    sh(lab, "docker run -d --name a x sleep 1000")
    listed = sh(lab, r"""docker network inspect bridge -f '{{range .Containers}}{{.Name}}{{"\n"}}{{end}}'""")
    assert listed == "a\n\n"
