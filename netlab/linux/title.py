"""What `ps` shows of this process: its command line, which nobody has typed."""

from __future__ import annotations

import ctypes

from netlab.linux import syscalls

_ARGUMENTS, _ARGUMENTS_END, _ENVIRONMENT_END = (
    45,
    46,
    48,
)  # in /proc/self/stat behind the name: proc_pid_stat(5)


def set_title(words: str, name: str = "", *, starts_others: bool = True) -> None:
    """Have /proc/self/cmdline be these words, as far as there is room, and the short name `name`. OSError.

    A process that starts no others has room for more: in what was its environment.
    """
    with open("/proc/self/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end, last = (int(fields[at]) for at in (_ARGUMENTS, _ARGUMENTS_END, _ENVIRONMENT_END))
    text = words.encode()
    if 0 < start < end <= last:
        if len(text) < end - start or starts_others:
            text = text.replace(b" ", b"\0")[: end - start - 1].ljust(end - start, b"\0")
        else:  # beyond its end the kernel reads on to the next zero byte
            text = text[: last - start - 1] + b"\0"
        ctypes.memmove(start, text, len(text))
    syscalls.set_name((name or words.split()[0]).rpartition("/")[2][:15])
