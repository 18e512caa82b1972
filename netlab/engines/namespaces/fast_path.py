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
SANDBOXES = "/run/docker/netns"  # names of the containers' network namespaces
VOLUMES = "/var/lib/docker/volumes"
DOOR = "/run/netlab/docker"  # a FIFO: netlab.engines.namespaces.preloaded reads who asks
# Those that need nothing of the terminal, and come to an end by themselves; of others see `is_handed_over`.
HANDED_OVER = frozenset(
    "ps inspect create start stop restart kill rm logs images pull port top rename update pause unpause "
    "rmi tag history info version".split()
)
GROUPS = {
    "container": "run create exec attach ls list ps inspect logs port top stats start stop restart kill "
    "pause unpause rm rename wait update cp prune".split(),
    "image": "ls list pull rm inspect history tag prune".split(),
    "network": "ls list create inspect rm remove connect disconnect prune".split(),
    "volume": "ls list create inspect rm remove prune".split(),
    "system": "info df events prune".split(),
}
_OTHER_NAMES = {"container ls": "ps", "image ls": "images", "image rm": "rmi", "system info": "info"}
_OTHER_NAMES |= {"container ps": "ps", "system events": "events"}
_WITHOUT_A_GROUP = ("container", "image")
# Options of `docker run` and `create`, by letter or by name, behind which a value comes.
WITH_A_VALUE = frozenset(
    "--name --network --net --ip --ip6 -h --hostname -w --workdir -e --env -p --publish --cap-add --cap-drop "
    "-u --user --mac-address --stop-signal --cidfile --health-cmd "
    "--domainname --platform --pull --log-driver "
    "--entrypoint --restart --health-interval --health-retries --health-timeout --health-start-period "
    "--network-alias --net-alias --env-file --expose -v --volume --mount --tmpfs --volumes-from -l --label "
    "--link --dns --dns-search --add-host --sysctl --log-opt --security-opt".split()
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
{"|".join(sorted(HANDED_OVER | GROUPS.keys()))}) _ask=yes ;;
run|exec) case " $* " in *" -d"*|*" --detach"*|*" -"[itP]*d*) _ask=yes ;; esac ;;
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
    if record.get("is_paused"):
        return
    words = enter_words(record.get("pid", 0), record.get("capabilities", []), record.get("workdir", "/"))
    words += command
    os.execvpe(words[0], words, record.get("env", {}))


def canonical(words: list[str]) -> tuple[str, list[str]]:
    """(the command's one name, what follows it): `container ls -a` is `ps`, `image rm x` is `rmi`."""
    if len(words) > 1 and words[1] in GROUPS.get(words[0], ()):
        verb = {"list": "ls", "remove": "rm"}.get(words[1], words[1])
        name = _OTHER_NAMES.get(f"{words[0]} {verb}", "")
        if words[0] in _WITHOUT_A_GROUP and verb != "prune" and (words[0], verb) != ("image", "inspect"):
            name = name or verb
        return name or f"{words[0]} {verb}", words[2:]
    return (words[0], words[1:]) if words else ("", [])


def is_handed_over(words: list[str]) -> bool:
    """Whether process 1 of the lab host may do it: it comes to an end soon, and needs no terminal."""
    name, rest = canonical(words)
    if name in ("run", "exec"):
        return _is_detached(rest)
    if name == "logs":
        return not any(word == "--follow" or (word[:1] == "-" != word[1:2] and "f" in word) for word in rest)
    if name == "start":
        return not any(word[:1] == "-" for word in rest)
    if name.startswith(("network ", "volume ")):
        return not name.endswith(" prune")
    return name in HANDED_OVER


def _is_detached(rest: list[str]) -> bool:
    """Whether among the options of a `docker run` or `exec` there is a -d."""
    words = iter(rest)
    for word in words:
        if word in ("--detach", "--detach=true"):
            return True
        if not word.startswith("-"):
            return False
        if word.startswith("--"):
            if word in WITH_A_VALUE:
                next(words, "")
            continue
        for number, letter in enumerate(word[1:], 2):
            if letter == "d":
                return word[number : number + 1] != "=" or word[number:] == "=true"
            if f"-{letter}" in WITH_A_VALUE:
                if number == len(word):
                    next(words, "")
                break
    return False


def enter_words(pid: int, capabilities: Sequence[int] | None, folder: str = "/") -> list[str]:
    """The words that lead into that folder of the container of that process 1, with these capabilities or
    with all."""
    words = ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "--"]
    if capabilities is not None:
        kept = ",".join(["-all", *(f"+cap_{number}" for number in capabilities)])
        words += ["setpriv", f"--bounding-set={kept}", "--"]
    return [*words, "env", f"--chdir={folder}"] if folder != "/" else words


def entry(pid: int, capabilities: Sequence[int] | None, env: Mapping[str, str], folder: str) -> str:
    """Shell commands that become the command "$@" in a container, if its process 1 has not ended."""
    variables = [f"{name}={value}" for name, value in env.items()]
    words = " ".join(map(quote, ["env", "-i", *variables, *enter_words(pid, capabilities, folder)]))
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
