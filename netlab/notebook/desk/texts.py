"""What the desk's script says by itself, so that its texts are in the one catalogue."""

from __future__ import annotations

from netlab.i18n import N_

TEXTS = (
    N_("The lesson's steps"),
    N_("▶ Begin"),
    N_("Run the first cell of this lesson"),
    N_("Live view"),
    N_("Bring the live view to the front"),
    N_("Plain JupyterLab"),
    N_("Close the desk; “netlab: desk” in the command palette brings it back"),
    N_("The kernel restarts …"),
    N_("The kernel has ended. Kernel → Restart Kernel, then run the first cell."),
    N_("The server does not answer. Is ./run still running?"),
    N_("Run the first cell of the lesson: the lab, live, is shown here."),
    N_("The live view is of a kernel that has ended. Run the first cell of the lesson."),
    N_("Say so"),
    N_("Run the first cell of the notebook: then you can answer here."),
    N_("netlab: desk"),
    N_("netlab: plain JupyterLab"),
    N_("Lesson, live view and terminal side by side"),
)
