"""The learner's desk, the kernel's side: what JupyterLab shows of a lesson beside its notebook.

The page (netlab/jupyter/labextensions/netlab-desk) opens a comm to the target "netlab-desk". It is told the
lesson's steps, which of them are passed, what is still missing, and which live view is the last; and it hands
in predictions and answers. Where no page asks, all of this does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlab.notebook.desk.desk import AtLesson, Desk

TARGET = "netlab-desk"


def register(shell: Any) -> None:
    """Have that shell's kernel answer pages that ask; nothing where there is no kernel, or where it does."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None or getattr(shell.meta, "netlab_desk", None) is not None:
        return

    def welcome(comm: Any, message: Any) -> None:
        desk_of(shell).welcome(comm, message["content"].get("data", {}))

    kernel.comm_manager.register_target(TARGET, welcome)


def desk_of(shell: Any) -> Desk:
    """The one desk of that shell."""
    from netlab.notebook.desk.desk import Desk

    if getattr(shell.meta, "netlab_desk", None) is None:
        shell.meta.netlab_desk = Desk()
        shell.events.register("post_run_cell", lambda _result: shell.meta.netlab_desk.look())
    found: Desk = shell.meta.netlab_desk
    return found


def of_this_kernel() -> Desk | None:
    """That of the kernel in which this runs; None outside of one."""
    from IPython import get_ipython

    shell = get_ipython()
    return desk_of(shell) if getattr(shell, "kernel", None) is not None else None


def begin(lab: AtLesson) -> None:
    """A lesson has begun: from now on the desk shows it."""
    if desk := of_this_kernel():
        desk.begin(lab)
