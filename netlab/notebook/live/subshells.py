"""In which of the kernel's shells a page is heard: the one place that reaches into ipykernel."""

from __future__ import annotations

from typing import Any

CHOOSER = "_reply_subshell_for"  # a comm's, since ipykernel 7.4: (data, the shell the page chose) -> a shell


def hear_where_the_page_says(comm: Any) -> None:
    """Have this comm's messages come to the shell that the page chose.

    ipykernel 7.4 hands them to the shell that told the page something last. That is the cells' shell, which
    may be busy for long; the one that the page itself has chosen is not. Where there is no such choice, as
    before 7.4 or outside of a kernel, it is so already.
    """
    if hasattr(comm, CHOOSER):
        setattr(comm, CHOOSER, lambda data, chosen: chosen)
