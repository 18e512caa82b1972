"""The private method of ipykernel's that the live view takes the place of."""

from __future__ import annotations

import inspect

import ipykernel
from ipykernel.comm.comm import BaseComm
from ipykernel.kernelbase import Kernel

from netlab.notebook.live.subshells import CHOOSER, hear_where_the_page_says

CHANGED = (
    f"ipykernel {ipykernel.__version__} no longer asks a comm's {CHOOSER}(data, shell) where a message is to "
    "be heard. Look into its kernelbase.py, and bring netlab/notebook/live/subshells.py in step: the live "
    "view's buttons must work while a cell runs (tests/browser/test_live_packets.py)."
)


def test_ipykernel_still_asks_the_method() -> None:
    """It is private, so another version may have it otherwise: then this says what to do."""
    method = getattr(BaseComm, CHOOSER, None)
    assert method is not None, CHANGED
    assert len(inspect.signature(method).parameters) == 3, CHANGED  # self, data, the chosen shell
    assert f'"{CHOOSER}"' in inspect.getsource(Kernel.shell_channel_thread_main), CHANGED


def test_the_pages_own_choice_counts() -> None:
    """Whichever shell spoke to the page last."""
    comm = BaseComm(target_name="test", primary=False)
    comm._reply_subshell_id = "of the cell that runs"
    assert getattr(comm, CHOOSER)({}, "chosen") == "of the cell that runs", CHANGED
    hear_where_the_page_says(comm)
    assert getattr(comm, CHOOSER)({}, "chosen") == "chosen"


def test_a_comm_that_never_asks_stays_as_it_is() -> None:
    """Outside of a kernel there is another kind."""
    comm = object()
    hear_where_the_page_says(comm)
    assert not hasattr(comm, CHOOSER)
