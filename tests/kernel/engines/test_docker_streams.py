"""What containers print and are told in the namespaces engine: logs, input, attach."""

from __future__ import annotations

from netlab.lab import Lab
from tests.kernel.conftest import sh


def test_what_a_container_prints_is_kept_also_in_the_foreground(lab: Lab) -> None:
    """docker logs, of both streams, with --tail, --since and -f; and a large output comes whole."""
    done = lab.script("docker run --name a x sh -c 'echo out; echo err >&2; printf end; exit 3'")
    assert (done.stdout, done.returncode) == ("out\nend", 3) and "err" in done.stderr
    logs = lab.script("docker logs a")
    assert logs.stdout == "out\nend" and logs.stderr == "err\n"
    assert lab.script("docker logs --tail 1 --since 1h a").stdout == "end"
    assert sh(lab, "docker logs --until 1h a") == ""
    sh(lab, "docker run -d --name b x sh -c 'echo first; sleep 0.5; echo last'")
    assert sh(lab, "docker logs -f b") == "first\nlast\n"
    many = lab.script("docker run --rm x seq 200000").stdout
    assert many.splitlines() == [str(number) for number in range(1, 200001)]


def test_input_goes_through_and_ends(lab: Lab) -> None:
    """-i: what is piped in, more than a pipe holds, and then its end."""
    done = lab.script("seq 100000 | docker run --rm -i x wc -l")
    assert done.stdout.strip() == "100000"


def test_a_shell_in_the_background_can_be_attached_to_and_left(lab: Lab) -> None:
    """-dit, attach, Ctrl-P Ctrl-Q; the shell goes on, and ends when somebody types exit."""
    sh(lab, "docker run -dit --name a alpine sh")
    answered = "until grep -q ^42 /tmp/typed; do sleep 0.05; done"
    keys = f"(echo 'echo 4$((1+1))'; {answered}; printf '\\020\\021'; sleep 0.3)"
    seen = sh(lab, f"touch /tmp/typed; {keys} | script -qfec 'docker attach a' /tmp/typed")
    assert "42" in seen and "read escape sequence" in seen
    assert sh(lab, "docker inspect -f '{{.State.Running}} {{.Config.Tty}}' a") == "true true\n"
    sh(lab, "(echo exit; sleep 0.3) | script -qec 'docker attach a' /dev/null")
    assert sh(lab, "docker wait a") == "0\n" and "42" in sh(lab, "docker logs a")
