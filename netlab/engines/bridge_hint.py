"""One line in a terminal when the first port is on a bridge that is not Docker's: on a host with Docker its
packets meet iptables, which walkthroughs of bridges do not speak of."""

from __future__ import annotations

from contextlib import suppress

from netlab.engines import quote
from netlab.i18n import gettext as _

BASHRC = "/root/.bashrc"  # of the lab host: every terminal's bash reads it
# What bash does itself, since it is done before each prompt; iptables is asked where there is such a bridge.
LOOK = """#!/bin/bash
_netlab_look() {{
    local port bridge shown policy
    [ -z "$_netlab_told" ] || return
    for port in /sys/class/net/*/brif/*; do
        bridge=${{port#/sys/class/net/}} bridge=${{bridge%%/*}}
        case $bridge in docker0|br-????????????|'*') continue ;; esac
        _netlab_told=yes
        read -r shown 2>/dev/null </proc/sys/net/bridge/bridge-nf-call-iptables
        policy=$(iptables -S FORWARD 2>/dev/null)
        case "$shown $policy" in "1 -P FORWARD DROP"*) printf {said} "$bridge" "$bridge" "$bridge" ;; esac
        return
    done
}}
PROMPT_COMMAND=_netlab_look
"""


def write() -> None:
    """Have terminals of the lab host look, unless somebody has settings of their own for them."""
    said = _(
        "(lab: as Docker is here, iptables sees the packets of %s, and FORWARD drops them. They pass after "
        "iptables -I FORWARD -i %s -o %s -j ACCEPT; a host without Docker: ./run up --plain)"
    )
    with suppress(OSError), open(BASHRC, "x", encoding="utf-8") as file:
        file.write(LOOK.format(said=quote(f"{said}\n".replace("\n", "\\n"))))
