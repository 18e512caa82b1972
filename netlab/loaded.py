"""A notebook's kernel without a new Python: a process that has loaded all that it takes becomes one.

A Python of its own uses a second of the processor to load it, and has it in memory once more. In a workshop
the lab host's process 1 has it loaded, by way of the learner's server from the nursery.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress

from netlab import syscalls

KERNEL, MODULE = ["-m", "ipykernel_launcher"], "ipykernel.kernelapp"
UNKNOWN = 1  # exit status of a program that failed


def become(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """In a fresh child, before its exec: return if that is no such program, else never."""
    words = [word for word in argv[1:] if not word.startswith("-X")]  # they are for a new Python alone
    if argv[0] != sys.executable or words[:2] != KERNEL or MODULE not in sys.modules:
        return
    status = UNKNOWN
    try:
        _like_a_new_one(environment, words[1:])
        sys.modules[MODULE].launch_new_instance()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else UNKNOWN if error.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _like_a_new_one(environment: Mapping[str, str], words: Sequence[str]) -> None:
    gc.freeze()  # what is left over from before must close nobody's descriptors
    syscalls.set_name("ipykernel")
    syscalls.set_title(" ".join(words))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(words)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
