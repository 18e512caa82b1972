"""What a workshop keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.workshop.state import State


def test_the_folder_is_made_once_and_is_roots(tmp_path: Path) -> None:
    """Ports and secrets last; a new class code takes the place of the old one."""
    place = State(tmp_path / "workshop")
    first = place.prepare()
    assert place.prepare() == first and place.folder.stat().st_mode & 0o777 == 0o700
    assert State(tmp_path / "other").prepare().first_uid != first.first_uid
    assert place.prepare("tide").code == "tide" and place.settings().board_token == first.board_token
    (place / "settings.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        place.settings()
