"""How errors look in a lesson's notebook: what, why, what next, and no traceback."""

from __future__ import annotations

import re
import subprocess
from types import TracebackType
from typing import Any

from netlab.errors import NetlabError
from netlab.i18n import gettext as _

INTERRUPTED = (-2, 130)  # by ■ or Ctrl-C
NO_ANSWER = 1  # of ping, when nothing came back


def load_ipython_extension(shell: Any) -> None:
    """What a kernel of netlab's does when it starts (--ext): netlab's own errors, failed %%bash cells, and a
    notebook whose first cell has not run are told in a few words."""
    shell.set_custom_exc((NetlabError, subprocess.CalledProcessError, NameError), _show)


def short_errors() -> None:
    """The same in a notebook of any other kernel. Elsewhere nothing."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        load_ipython_extension(shell)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> list[str]:
    if isinstance(error, NameError) and error.name != "lab":
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return []
    lines = message(error).splitlines()
    shell._showtraceback(kind, error, lines)
    return lines


def message(error: BaseException) -> str:
    """The error in a few words."""
    if isinstance(error, NameError):
        return _(
            "There is no lab in this notebook yet.\n  Next: run the notebook's first cell. After a restart "
            "of the kernel, lab.resume() then types what you had done."
        )
    if not isinstance(error, subprocess.CalledProcessError):
        return str(error)
    if error.returncode in INTERRUPTED:
        return _("You have interrupted the cell.")
    if error.returncode == NO_ANSWER and _is_ping(str(error.cmd)):
        return _("No answer came, says ping with its status 1. If that is what you wanted to see, go on.")
    return _(
        "The last command of the cell ended with status {returncode}.\n  Next: its own "
        "message is above. Correct the line, and run the cell again."
    ).format(returncode=error.returncode)


def _is_ping(cell: str) -> bool:
    lines = [line for line in cell.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and re.search(r"\bping6? ", lines[-1]) is not None
