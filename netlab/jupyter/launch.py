"""Stands on the machine for one kernel in the lab host: python -m netlab.jupyter.launch LAB FOLDER COMMAND…

Jupyter signals this process and waits for it; signals and exit status are passed on as `exec` does. When
this process ends, the lab ends the kernel. A Jupyter that was killed must take its kernels along: ipykernel
watches its parent for that, but a kernel in the lab has another one, so Jupyter is watched from here.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Sequence

from netlab.errors import NetlabError
from netlab.lab import Lab
from netlab.terminal import execute

# To ipykernel parent 1 means that there is none to watch; without one it takes itself for started by hand.
NO_PARENT = ("env", "JPY_PARENT_PID=1")
EXIT_HUNG_UP = 128 + signal.SIGHUP


def main(arguments: Sequence[str]) -> int:
    name, folder, *command = arguments
    jupyter = os.environ.get("JPY_PARENT_PID")
    try:
        if jupyter:
            threading.Thread(target=_end_with, args=[os.pidfd_open(int(jupyter))], daemon=True).start()
        return execute(Lab.find(name), [*NO_PARENT, *command], cwd=folder)
    except ProcessLookupError:  # Jupyter has ended already
        return EXIT_HUNG_UP
    except NetlabError as error:
        print(f"netlab: {error}", file=sys.stderr)
        return 1


def _end_with(jupyter: int) -> None:
    """End this process when that one (a pidfd) has ended."""
    select.select([jupyter], [], [])
    os._exit(EXIT_HUNG_UP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
