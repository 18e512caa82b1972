"""What stays in the notebook when nothing moves any more: the last picture as an image, with its words."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from uuid import uuid4

from netlab.drawing import timeline as lanes
from netlab.drawing.fonts import in_drawable_language
from netlab.drawing.topology import alt_text, draw, figure_html
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import Capture, Journey, Snapshot
from netlab.notebook.live.lanes import lanes_of

TITLE = N_("The last picture of the live view")


@in_drawable_language()
def still(
    snapshot: Snapshot,
    capture: Capture | None = None,
    found: Sequence[Journey] = (),
    dead: Journey | None = None,
    note: str = "",
) -> str:
    """HTML with nothing but images: the topology, with the packet that died last, and the timeline.

    The style sheet of the live view hides it as long as that is on the page.
    """
    died = (dead.last_seen.frame.point, dead.next_expected) if dead else None
    ways = [dead] if dead else []
    pictures = [
        figure_html(draw(snapshot, path=ways, died=died, note=note, title=_(TITLE)), alt_text(snapshot))
    ]
    if capture is not None and capture.frames:
        points = lanes_of(capture.points, found)
        few = Capture(points, capture.frames, {}, capture.before, capture.after, capture.hidden)
        pictures.append(figure_html(lanes.timeline(few), lanes.alt_text(few, found)))
    return f'<div class="netlab-still">{"".join(pictures)}</div>'


class StillOutput:
    """One output of the notebook, shown once and replaced from then on. Outside of one it does nothing."""

    def __init__(self) -> None:
        self._id = f"netlab-{uuid4()}"
        self._lock = threading.Lock()
        self.is_shown = False

    def show(self, html: str) -> None:
        """Make the output, under the cell that runs."""
        from IPython.display import HTML, display

        with self._lock:
            display(HTML(html), display_id=self._id)  # type: ignore[no-untyped-call]
            self.is_shown = True

    def replace(self, html: str) -> None:
        """Put something else there; nothing, before it was shown."""
        from IPython.display import HTML, update_display

        with self._lock:
            if self.is_shown:
                update_display(HTML(html), display_id=self._id)  # type: ignore[no-untyped-call]
