"""JupyterLab's settings, as a learner's own server and as a service."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.i18n import speaking
from netlab.jupyter import server
from netlab.lessons.progress import Progress


def test_alone_it_listens_on_the_loopback() -> None:
    """Without more words: 127.0.0.1, the next port when one is taken, a token of its own at each start."""
    settings = server.settings("a", "01.ipynb", "secret")
    assert settings.ServerApp.ip == "127.0.0.1"
    assert settings.ServerApp.port_retries > 0
    assert server._token("") != server._token("")


def test_as_a_service_it_is_where_it_was_asked_to_be() -> None:
    """Elsewhere it listens at its port or not at all, and still answers to no name but this machine's own."""
    settings = server.settings("a", "01.ipynb", "secret", listen="192.0.2.1")
    assert settings.ServerApp.ip == "192.0.2.1"
    assert settings.ServerApp.port_retries == 0
    assert settings.ServerApp.allow_remote_access is False
    assert settings.IdentityProvider.token == "secret"


def test_the_token_is_the_files(tmp_path: Path) -> None:
    """The same at each start; a file without one is named, and no server without a token comes of it."""
    file = tmp_path / "token"
    with pytest.raises(BadInput, match=str(file)):
        server._token(str(file))
    file.write_text("\n")
    with pytest.raises(BadInput, match="is empty"):
        server._token(str(file))
    file.write_text("abc\n")
    assert server._token(str(file)) == "abc"


def test_it_opens_where_the_learner_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The landing page on the first day, then the lesson last begun; each in the language that is spoken."""
    record = tmp_path / "progress.json"
    monkeypatch.setenv("NETLAB_PROGRESS", str(record))
    assert server.first_page(None) == "00-start-here.ipynb"
    with speaking("zh"):
        assert server.first_page(None) == "zh/00-start-here.ipynb"
        Progress(record).begin("03")
        assert server.first_page(None) == "zh/03-a-veth-pair.ipynb"
    assert server.first_page(None) == "03-a-veth-pair.ipynb"
    assert server.first_page("05-where-does-it-die.ipynb") == "05-where-does-it-die.ipynb"
    with pytest.raises(BadInput, match="no notebook"):
        server.first_page("03-none.ipynb")
