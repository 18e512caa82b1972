"""Where learners' servers come to the board: what they did comes in, what they are to do goes out."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any

from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError, RequestHandler

from netlab.model.bounded_json import NotJson
from netlab.workshop.board import reports
from netlab.workshop.board.reports import Report
from netlab.workshop.board.state import WATCHED, Board
from netlab.workshop.hub.app import REPORTS

AT_ONCE = 8  # requests of one learner; their server makes three


class Exchange(RequestHandler):
    """Where learners' servers come: events, pictures and outcomes in; orders out."""

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here for a cookie: only a token in the request's head counts."""

    async def post(self) -> None:
        board: Board = self.settings["board"]
        learner = await self._learner()
        if board.here[learner] >= AT_ONCE:
            raise HTTPError(HTTPStatus.TOO_MANY_REQUESTS, "no more at once")
        board.here[learner] += 1
        try:
            await asyncio.to_thread(board.results.note_presence, learner)
            report = reports.parse(self.request.body)
            await self._take(learner, report)
            self.finish(await self._orders(learner, report))
        except NotJson as error:
            raise HTTPError(400, "no report") from error
        finally:
            board.here[learner] -= 1

    async def _take(self, learner: str, report: Report) -> None:
        """What the learner's server tells."""
        board: Board = self.settings["board"]
        if report.events:
            await asyncio.to_thread(board.results.add, learner, report.events)
        if report.picture is not None:
            board.pictures[learner] = dict(report.picture)
        if report.outcome:
            await asyncio.to_thread(board.results.outcome, learner, *report.outcome)
        if report.mended:
            await asyncio.to_thread(board.results.note_repair, learner, report.mended)

    async def _orders(self, learner: str, report: Report) -> dict[str, Any]:
        """What they are to know, as soon as it is not what they know, or when they have waited for long."""
        board: Board = self.settings["board"]
        results = board.results
        deadline = time.monotonic() + report.held
        known: Any = report.open, report.watched
        while True:
            news = board.news
            orders = await asyncio.to_thread(results.orders, learner, report.after)
            state: Any = results.open_lessons(), board.is_watched(learner)
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
