"""Where learners' servers come to the board: what they did comes in, what they are to do goes out."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError, RequestHandler

from netlab.workshop.hub import REPORTS
from netlab.workshop.shared import WATCHED, Board

HELD = 30.0  # seconds for which a learner's server may wait for an order


class Exchange(RequestHandler):
    """Where learners' servers come: events, pictures and outcomes in; orders out."""

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here for a cookie: only a token in the request's head counts."""

    async def post(self) -> None:
        board: Board = self.settings["board"]
        learner = await self._learner()
        await asyncio.to_thread(board.results.seen, learner)
        try:
            words = json.loads(self.request.body)
            await self._take(learner, words)
            self.finish(await self._orders(learner, words))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise HTTPError(400, "no report") from error

    async def _take(self, learner: str, words: dict[str, Any]) -> None:
        """What the learner's server tells."""
        board: Board = self.settings["board"]
        if events := words.get("events"):
            await asyncio.to_thread(board.results.add, learner, events[:100])
        if "picture" in words:
            board.pictures[learner] = dict(words["picture"])
        if outcome := words.get("outcome"):
            number, said = int(outcome["number"]), str(outcome["said"])
            await asyncio.to_thread(board.results.outcome, learner, number, said)

    async def _orders(self, learner: str, words: dict[str, Any]) -> dict[str, Any]:
        """What he is to know, as soon as it is not what he knows, or when he has waited for long enough."""
        board: Board = self.settings["board"]
        results = board.results
        deadline = time.monotonic() + min(float(words.get("held", 0)), HELD)
        known: Any = words.get("open", 0), bool(words.get("watched"))
        while True:
            news = board.news
            orders = await asyncio.to_thread(results.orders, learner, int(words.get("after", 0)))
            state: Any = results.unlocked(), board.is_watched(learner)
            if orders or state != known or time.monotonic() > deadline:
                return {"orders": orders, "open": state[0], "watched": state[1]}
            left = deadline - time.monotonic()
            if state[1]:
                left = min(left, WATCHED)
            try:
                await asyncio.wait_for(news.wait(), max(left, 0.01))
            except TimeoutError:
                continue

    async def _learner(self) -> str:
        hub: HubOAuth = self.settings["hub_auth"]
        token = hub.get_token(self, in_cookie=False)
        if not token:
            raise HTTPError(403, "no token")
        user = await hub.user_for_token(token, sync=False)
        if not user or user.get("kind") != "user":
            raise HTTPError(403, "no such token")
        if f"{REPORTS}!user={user['name']}" not in user["scopes"]:
            raise HTTPError(403, "not a learner's server")
        return str(user["name"])
