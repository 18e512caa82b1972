"""The output beside the view that stays in the notebook: set anew when the picture has come to rest."""

from __future__ import annotations

import threading
from uuid import uuid4


class Shelf:
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
