"""The Hub's door: a name, a password of one's own, and the first time the code."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Instance

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.workshop.hub import peers
from netlab.workshop.hub.accounts import Accounts, WrongCode
from netlab.workshop.hub.guesses import Guess, Guesses, TooManyGuesses
from netlab.workshop.hub.names import NAME

FORM = Path(__file__).with_name("login.html")
COOKIE, DAYS = "netlab-came-in", 90  # which browser came in before, and under which name; signed by the Hub
LONGEST = 200  # letters of what is typed
AT_ONCE = (
    4  # a guess is counted before it is looked at: a class that comes in at once must not be all counted
)


class TooSoon(HTTPError):
    """What a form, and whoever sends one without a browser, is told."""

    def __init__(self, error: TooManyGuesses) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, f"{error.what} {error.next_step}")
        self.headers = {"Retry-After": str(error.seconds)}


class ClassAuthenticator(Authenticator):  # type: ignore[misc]
    """Asks the workshop's own accounts."""

    accounts = Instance(Accounts).tag(config=True)
    guesses = Instance(Guesses).tag(config=True)

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.username_pattern = NAME.pattern + "$"
        self._few = asyncio.Semaphore(AT_ONCE)

    def get_custom_html(self, base_url: str) -> str:
        """The form; the braces that are left are for the Hub to fill in."""
        texts = {
            "title": _("The netlab workshop"),
            "name": _("Your name"),
            "password": _("Your password (choose one the first time)"),
            "code": _("The code (the first time only)"),
            "enter": _("Log in"),
        }
        html = FORM.read_text(encoding="utf-8")
        for key, text in texts.items():
            html = html.replace(f"[{key}]", escape(text))
        return html

    async def authenticate(self, handler: Any, data: Any) -> str | None:
        """The name, when it is that learner's. HTTPError."""
        typed = _parse_form(data)
        name: str = self.normalize_username(typed["username"])
        source, browser = peers.source(handler.request), _browser(handler, name)
        words = name, typed["password"], typed["code"], source, browser
        async with self._few:
            found = await asyncio.to_thread(self._sign_in, *words)
        if not found:
            raise HTTPError(403, _("That name and that password do not belong together."))
        _remember(handler, name, browser)
        return name

    def _sign_in(self, name: str, password: str, code: str, source: str, browser: str) -> bool:
        guess = Guess(name, source, peers.site(source), browser, code=not self.accounts.has(name))
        try:
            guess = self.guesses.begin(guess)
            if found := self.accounts.sign_in(name, password, code):
                self.guesses.right(guess)
            return found
        except TooManyGuesses as error:
            raise TooSoon(error) from error
        except BadInput as error:
            if not isinstance(error, WrongCode):  # the form lacks something else
                self.guesses.take_back(guess)
            raise HTTPError(403, f"{error.what} {error.next_step}") from error


def _parse_form(data: Any) -> dict[str, str]:
    """The three fields of a form, or of whoever sends JSON in its place. HTTPError."""
    if not isinstance(data, Mapping):
        raise HTTPError(400, "no form")
    found = {name: data.get(name) or "" for name in ("username", "password", "code")}
    if any(not isinstance(text, str) or len(text) > LONGEST for text in found.values()):
        raise HTTPError(400, "no form")
    return found


def _browser(handler: Any, name: str) -> str:
    """Which browser that is, if it has come in under that name before; else ""."""
    kept = handler.get_secure_cookie(COOKIE, max_age_days=DAYS)
    browser, _colon, known = (kept or b"").decode(errors="replace").partition(":")
    return browser if known == name else ""


def _remember(handler: Any, name: str, browser: str) -> None:
    handler.set_secure_cookie(
        COOKIE,
        f"{browser or secrets.token_hex(16)}:{name}",
        expires_days=DAYS,
        path=handler.hub.base_url,
        httponly=True,
        samesite="Lax",
        secure=handler.request.protocol == "https",
    )
