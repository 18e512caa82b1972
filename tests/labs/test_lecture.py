"""The lecture's commands as printed, as a script, twice in a row."""

from __future__ import annotations

from pathlib import Path

from netlab.lab import Lab

SCRIPT = (Path(__file__).parent / "lecture.sh").read_text()


def test_the_lecture_runs_as_printed_twice(lab: Lab) -> None:
    """Same script, same lab, no clean-up in between but the lecture's own: the same results both times."""
    lab.reset()
    for _ in range(2):
        printed = lab.run(["bash"], input=SCRIPT, timeout=240)  # half a minute on a machine at rest
        out = printed.stdout
        assert losses(out) == [
            "0%",  # the host reaches the internet
            "100%",  # the container on Docker's network does not
            "100%",  # 172.17.1.1: two equal routes
            "0%",  # its gateway
            "100%",  # the internet, with everything built
            "0%",  # the internet, with ip_forward=1
        ], out + printed.stderr
        assert "inet 172.17.0.2/16" in out
        assert "MASQUERADE" in out
        assert "RTNETLINK" not in printed.stderr
        requests = [line for line in out.splitlines() if "ICMP echo request" in line]
        seen = {line.split(": ")[0] for line in requests}
        assert seen == {"container eth0", "veth_host", "docker0"}, out


def losses(out: str) -> list[str]:
    """The packet loss of each ping, in order."""
    return [line.split(",")[2].split()[0] for line in out.splitlines() if "packet loss" in line]
