"""What `docker` does with next to no imports: `docker exec [-i] CONTAINER COMMAND…`, the command that is
typed most, and to have others done by a process that has loaded what they take.

A Python that has loaded argparse, dataclasses and the rest has used 0.1 s of the processor before it begins.
"""

from __future__ import annotations

import os

from netlab.engines import NO, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FOLDER = "/run/netlab/containers"
DOOR = "/run/netlab/docker"  # a FIFO: netlab.engines.namespaces.preloaded reads who asks
# Those that need nothing of the terminal; of run and exec what is put in the background by a plain -d.
HANDED_OVER = "ps inspect create start stop restart kill rm logs network images".split()
WITH_A_VALUE = (
    "--name --network --net --ip -h --hostname -w --workdir -e --env -p --publish --cap-add".split()
)
ENTRY = "enter."  # with a container's name, in its folder: what the shell below does for `docker exec`
# What the program `docker` does and asks before it becomes a Python: a shell is there in a tenth of the time.
ASK = f"""\
enter() {{ # FILE, how many words come before the command, all words
    _file=$1 _before=$2
    shift 2
    [ -f "$_file" ] && [ $# -gt "$_before" ] || return
    shift "$_before"
    . "$_file"
}}
_ask= _name=
case "${{1-}}" in
{"|".join(HANDED_OVER)}) _ask=yes ;;
run|exec) case " $* " in *" -d "*|*" --detach "*) _ask=yes ;; esac ;;
esac
case "${{1-}} ${{2-}}" in
"exec -i") _name=${{3-}} _before=3 ;;
"exec "*) _name=${{2-}} _before=2 ;;
esac
case "$_name" in
""|-*|*[!A-Za-z0-9_.-]*) ;;
*) for _file in {FOLDER}/*/{ENTRY}"$_name"; do enter "$_file" "$_before" "$@"; done ;;
esac
if [ "$_ask" ] && [ -p {DOOR} ] && mkfifo -m 600 "{DOOR}.$$" 2>/dev/null; then
    exec 3<>"{DOOR}.$$" 4<&0 5>&1  # while it asks, a shell has other streams at 0 and 1
    echo $$ >{DOOR}
    read -r _status <&3
    case "$_status" in {NO.decode()}) exec 3>&- 4<&- 5>&- ;; *) exit "$_status" ;; esac
fi
"""


def execute(words: list[str]) -> None:
    """Become that command in that container. Comes back, having done nothing, when there is more to it."""
    interactive = words[:1] == ["-i"]
    name, *command = words[interactive:] or [""]
    if name.startswith("-") or not command:
        return
    record = _record(name)
    if not record or not is_alive(record.get("pid", 0)):
        return
    if not interactive:
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    words = [*enter_words(record.get("pid", 0), record.get("capabilities", [])), *command]
    os.execvpe(words[0], words, record.get("env", {}))


def is_handed_over(words: list[str]) -> bool:
    """Whether process 1 of the lab host may do it."""
    return bool(words[:1]) and (words[0] in HANDED_OVER or _is_detached(words))


def _is_detached(words: list[str]) -> bool:
    """Whether a `docker run` or `exec` has a plain -d among its own options."""
    if words[0] not in ("run", "exec"):
        return False
    rest = iter(words[1:])
    for word in rest:
        if word in ("-d", "--detach"):
            return True
        if not word.startswith("-") or word in ("-i", "-t"):
            return False
        if word in WITH_A_VALUE:
            next(rest, "")
    return False


def enter_words(pid: int, capabilities: Sequence[int] | None) -> list[str]:
    """The words that lead into the container of that process 1, with these capabilities or with all."""
    words = ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "--"]
    if capabilities is None:
        return words
    kept = ",".join(f"+cap_{number}" for number in capabilities)
    return [*words, "setpriv", f"--bounding-set=-all,{kept}", "--"]


def entry(pid: int, capabilities: Sequence[int] | None, env: Mapping[str, str]) -> str:
    """Shell commands that become the command "$@" in a container, if its process 1 has not ended."""
    variables = [f"{name}={value}" for name, value in env.items()]
    words = " ".join(map(quote, ["env", "-i", *variables, *enter_words(pid, capabilities)]))
    return (
        f"{{ read -r _state </proc/{pid}/stat; }} 2>/dev/null || return 0\n"
        f'case "$_state" in *") Z "*) return 0 ;; esac\n'
        f'[ "$_before" = 3 ] || exec <>/dev/null\nexec {words} "$@"\n'
    )


def is_alive(pid: int) -> bool:
    """Whether there is such a process and it has not ended, by the kernel's word."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return pid > 0 and state != "Z"


def _record(name: str) -> dict[str, Any] | None:
    """What config.json holds of the container with that name or first digits; None if it is not plain."""
    import json

    found: list[tuple[float, dict[str, Any]]] = []
    try:
        for entry in os.scandir(FOLDER):
            with open(f"{entry.path}/config.json") as file:
                record = json.load(file)
            if name == record["name"] or (len(name) >= 3 and record["id"].startswith(name)):
                found.append((record["created"], record))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return min(found, key=lambda each: each[0])[1] if found else None
