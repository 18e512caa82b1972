"""What the live view's script says by itself, so that its texts are in the one catalogue."""

from __future__ import annotations

from netlab.i18n import N_

TEXTS = (
    N_("The kernel has died. This is its last picture; run the cell again when there is a new one."),
    N_("The kernel restarts. This is its last picture; run the cell again to go on."),
    N_("The kernel has died and restarts. This is its last picture; run the cell again to go on."),
    N_("gone"),
    N_("Its headers at each hop; → marks what is not as at the hop before"),
    N_("Time"),
    N_("Time: back to the beginning of the recording"),
    N_("Show packets"),
    N_("Hide packets"),
    N_("Capture at every interface"),
    N_("❚❚ Pause"),
    N_("▶ Live"),
    N_("Stand still; the recording goes on"),
    N_("◀ Step"),
    N_("Step ▶"),
    N_("The packet before"),
    N_("The packet after"),
    N_("live"),
    N_("at {seconds} s"),
    N_("Point at anything, or move to it with Tab, to read all about it."),
    N_("The chosen packet's headers"),
    N_("What has changed, the newest last"),
)
