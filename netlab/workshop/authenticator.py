"""The Hub's door: a name, a password of one's own, and the first time the code."""

from __future__ import annotations

import asyncio
from html import escape
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Instance

from netlab.errors import BadInput
from netlab.language import gettext as _
from netlab.workshop.accounts import NAME, Accounts
from netlab.workshop.pauses import pause

SECONDS_OF_A_MISS = 1.0  # guesses at one name come one by one
FORM = Path(__file__).with_name("login.html")


class ClassAuthenticator(Authenticator):  # type: ignore[misc]
    """Asks the workshop's own accounts."""

    accounts = Instance(Accounts).tag(config=True)

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.username_pattern = NAME.pattern + "$"
        self._turns: dict[str, asyncio.Lock] = {}

    def get_custom_html(self, base_url: str) -> str:
        """The form; the braces that are left are for the Hub to fill in."""
        texts = {
            "title": _("The netlab workshop"),
            "name": _("Your name"),
            "password": _("Your password (choose one the first time)"),
            "code": _("The code (the first time only)"),
            "enter": _("Come in"),
        }
        html = FORM.read_text(encoding="utf-8")
        for key, text in texts.items():
            html = html.replace(f"[{key}]", escape(text))
        return html

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        name: str = self.normalize_username(data.get("username", ""))
        turn = self._turns.setdefault(name[:33], asyncio.Lock())
        try:
            async with turn:
                words = name, data.get("password", ""), data.get("code", "")
                if await asyncio.to_thread(self._sign_in, *words):
                    return name
                await pause(SECONDS_OF_A_MISS)
        finally:
            if not turn.locked():
                self._turns.pop(name[:33], None)
        raise HTTPError(403, _("That name and that password do not belong together."))

    def _sign_in(self, name: str, password: str, code: str) -> bool:
        try:
            return self.accounts.sign_in(name, password, code)
        except BadInput as error:
            raise HTTPError(403, f"{error.what} {error.next_step}") from error
