"""The live view: the topology in the browser, moving while somebody types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netlab.i18n import gettext as _

if TYPE_CHECKING:
    from netlab.lab import Lab
    from netlab.notebook.live.view import LiveView
    from netlab.notebook.veil import Veil


class Live:
    """What `lab.live()` is in a notebook."""

    def __init__(self, lab: Lab, packets: bool, veil: Veil) -> None:
        self._lab, self._packets, self._veil = lab, packets, veil
        self._view: LiveView | None = None

    def _repr_mimebundle_(self, **words: Any) -> Any:
        if self._view is None:
            from netlab.notebook.live.view import LiveView

            self._view = LiveView(self._lab, packets=self._packets, veil=self._veil)
        return self._view._repr_mimebundle_(**words)

    def __repr__(self) -> str:
        return _("The lab, live on the page.")

    def close(self) -> None:
        """Take the view off the page, and stop watching."""
        if self._view is not None:
            self._view.close()
