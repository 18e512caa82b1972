"""`docker` in the lab host: the real client, with three things put right.

In a notebook's cell there is no terminal, and `docker exec -it` is what everybody types: -it is left out
there, with a note (-i as well, or the client would swallow the rest of the cell, which is its input).
Where no registry is in reach, an image's name is answered by the lab's own image, with a note.
And `docker run -d` is back a moment before runc has become the container's program, so that the lecture's
`ps -ef | grep "sleep 36000"` in the same cell may find nothing: that moment is waited for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from netlab.engines.docker import tools
from netlab.i18n import gettext as _
from netlab.linux import polling

NAMING = ("run", "create", "pull")  # commands that name an image
# Long options that take no value of their own, and the short ones that take one.
SWITCHES = {
    *("detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck", "oom-kill-disable"),
    *("privileged", "publish-all", "quiet", "read-only", "rm", "sig-proxy", "tty", "use-api-socket"),
}
SECONDS_OF_RUNC = 2.0
VALUED = {"run": "acehlmpuvw", "create": "acehlmpuvw", "exec": "euw", "pull": ""}


def main() -> int:
    """Become the real client; a status only where that is not to be had."""
    arguments = sys.argv[1:]
    path = tools.find("docker")
    if not path:
        print(_("docker: the client is not installed on this machine."), file=sys.stderr)
        return 127
    if not _is_listening():
        print(_("(lab: Docker's daemon has ended; this starts it again: ./run reset)"), file=sys.stderr)
    else:
        arguments = _put_right(path, arguments)
        if _starts_detached(arguments):
            status = subprocess.call([path, *arguments])
            _wait_for_runc()
            return status
    os.execv(path, ["docker", *arguments])


def _starts_detached(arguments: Sequence[str]) -> bool:
    words = arguments[1:] if arguments[:1] == ["container"] else arguments
    return words[:1] == ["run"] and is_detached(split(words[1:], VALUED["run"])[0], VALUED["run"])


def _wait_for_runc() -> None:
    """Until no process is still runc becoming a container's program: of an execve(2) nobody hears."""
    for _look in polling.looks(SECONDS_OF_RUNC, pause=0.005):
        if not any(_is_runc(folder) for folder in Path("/proc").iterdir()):
            break


def _is_runc(folder: Path) -> bool:
    try:
        return folder.name.isdigit() and (folder / "comm").read_text().startswith("runc:[")
    except OSError:  # it ended in the meantime
        return False


def _is_listening() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(tools.SOCKET) == 0


def _put_right(path: str, arguments: list[str]) -> list[str]:
    group = arguments[:1] if arguments[:1] in (["container"], ["image"]) else []
    verb, words = (arguments[len(group) :] or [""])[0], arguments[len(group) + 1 :]
    if verb not in VALUED:
        return arguments
    options, rest = split(words, VALUED[verb])
    if verb in NAMING and rest:
        from netlab.engines.docker import offline  # costs more than all the rest here

        if offline.answer_for(path, rest[0], pull=verb == "pull") and verb == "pull":
            return ["image", "inspect", "--format", "{{.Id}}", rest[0]]
    if verb in ("run", "exec") and not sys.stdin.isatty() and not is_detached(options, VALUED[verb]):
        fewer = without_terminal(options, VALUED[verb])
        if fewer != options:
            print(_("(lab: the input is not a terminal here, so -it is left out)"), file=sys.stderr)
        options = fewer
    return [*group, verb, *(word for option in options for word in option), *rest]


Option = list[str]  # ["--rm"], ["-it"], ["--name", "a"]


def split(words: Sequence[str], valued: str) -> tuple[list[Option], list[str]]:
    """(the options, each with its value; what comes behind them). `valued` are the short ones with one."""
    options, rest = [], list(words)
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "--"):
        word = rest[0]
        if word.startswith("--"):
            takes_next = "=" not in word and word[2:] not in SWITCHES
        else:
            letters = _letters(word, valued)
            takes_next = letters[-1] in valued and len(letters) == len(word) - 1
        options.append(rest[: 1 + takes_next])
        rest = rest[1 + takes_next :]
    return options, rest


def _letters(word: str, valued: str) -> str:
    """The short options in a word such as -itp8080:80: up to the first that takes the rest as its value."""
    if word.startswith("--"):
        return ""
    first = next((at for at, letter in enumerate(word) if at and letter in valued), len(word))
    return word[1 : first + 1]


def is_detached(options: Sequence[Option], valued: str) -> bool:
    """Whether one of the options is -d; `valued` as in `split`."""
    return any(o[0] in ("--detach", "--detach=true") or "d" in _letters(o[0], valued) for o in options)


def without_terminal(options: Sequence[Option], valued: str) -> list[Option]:
    """The options without those that ask for a terminal and its input; the same ones if -t is not there."""
    if not any(o[0] in ("--tty", "--tty=true") or "t" in _letters(o[0], valued) for o in options):
        return list(options)
    kept = []
    for word, *value in options:
        letters = _letters(word, valued)
        if letters:
            word = f"-{letters.translate({ord('i'): None, ord('t'): None})}{word[1 + len(letters) :]}"
        if word not in ("-", "--tty", "--tty=true", "--interactive", "--interactive=true"):
            kept.append([word, *value])
    return kept
