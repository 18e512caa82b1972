"""How errors look in a lesson's notebook: what, why, what next, and no traceback."""

from __future__ import annotations

import subprocess
from types import TracebackType
from typing import Any

from netlab.errors import NetlabError
from netlab.i18n import gettext as _


def short_errors() -> None:
    """In a notebook, show netlab's own errors and failed %%bash cells in a few words. Elsewhere nothing."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((NetlabError, subprocess.CalledProcessError), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> list[str]:
    lines = message(error).splitlines()
    shell._showtraceback(kind, error, lines)
    return lines


def message(error: BaseException) -> str:
    """The error in a few words."""
    if isinstance(error, subprocess.CalledProcessError):
        return _(
            "The last command of the cell ended with status {returncode}.\n  Next: its own "
            "message is above. Correct the line, and run the cell again."
        ).format(returncode=error.returncode)
    return str(error)
