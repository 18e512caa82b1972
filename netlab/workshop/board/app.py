"""The board, a service of the Hub: python -m netlab.workshop.board.app OPTIONS (JSON), from the supervisor.

Pages and orders are for whom the Hub says may use this service: the instructor. Learners' servers come to
one place only, `api/exchange`, with their own tokens: netlab.workshop.board.exchange.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler, authenticated

from netlab import faults
from netlab.errors import NetlabError
from netlab.faults import levels
from netlab.i18n import gettext as _
from netlab.i18n import language, translations
from netlab.model import bounded_json
from netlab.notebook import live
from netlab.notebook.live import texts as live_texts
from netlab.workshop.board import table
from netlab.workshop.board.exchange import Exchange
from netlab.workshop.board.state import WATCHED, Board
from netlab.workshop.board.texts import TEXTS
from netlab.workshop.hub.app import BOARD, Options
from netlab.workshop.state import INSTRUCTOR, State

PREFIX = f"/services/{BOARD}/"
FOLDER = Path(__file__).parent
LIVE = Path(live.__file__).parent
ORDERS = ("announce", "inject", "reset", "goto")
PART = 1 << 20  # bytes of a download at once
LONGEST, LARGEST = 500, 256 << 10  # letters of an announcement; bytes of what a learner's server sends
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page(HubOAuthenticated, RequestHandler):  # type: ignore[misc]
    """For the instructor alone. Whoever changes something needs the XSRF token as well."""

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    @property
    def board(self) -> Board:
        """The board that it shows."""
        board: Board = self.settings["board"]
        return board

    def words(self) -> dict[str, Any]:
        """The request's JSON. HTTPError for anything else."""
        try:
            return bounded_json.table(self.request.body)
        except bounded_json.NotJson as error:
            raise HTTPError(400, "no JSON") from error


class Index(Page):
    """The page of the board."""

    @authenticated
    def get(self) -> None:
        html = (FOLDER / "board.html").read_text(encoding="utf-8")
        said = {
            "texts": translations(TEXTS),
            "live": translations(live_texts.TEXTS),
            "lessons": [
                {
                    "id": each.id,
                    "title": each.title,
                    "steps": [{"id": s.id, "title": s.title} for s in each.steps],
                }
                for each in self.board.every
            ],
            "faults": [
                {"name": fault.name, "story": _(fault.story), "level": levels.of(fault)}
                for fault in faults.catalogue()
            ],
            "xsrf": self.xsrf_token.decode("ascii"),
            "code": State.of_environment().settings().code,
        }
        # In a script element "</" would end it.
        self.finish(
            html.replace("[language]", language()).replace("[data]", json.dumps(said).replace("</", "<\\/"))
        )


class Api(Page):
    """For the page's script: no detour by way of the Hub's login."""

    def get_login_url(self) -> str:
        raise HTTPError(403, "not logged in")


class Now(Api):
    """All that the page shows, as JSON."""

    @authenticated
    async def get(self) -> None:
        results = self.board.results
        learners = await asyncio.to_thread(results.board)
        learners.pop(INSTRUCTOR, None)
        self.finish({
            "now": time.time(),
            "learners": list(learners.values()),
            "open": results.open_lessons(),
            "work": self.board.collector.said,
            "announced": await asyncio.to_thread(results.announcements),
            "graded": self.board.collector.graded is not None,
        })  # fmt: skip


class Orders(Api):
    """Something for one learner, or for all."""

    @authenticated
    async def post(self) -> None:
        words = self.words()
        what, learner, text = (str(words.get(name, "")) for name in ("what", "learner", "words"))
        if what == "unlock":
            self._unlock(text)
        elif what not in ORDERS or len(text) > LONGEST or (what == "announce" and not text.strip()):
            raise HTTPError(400, "no such order")
        elif what == "inject":
            self.board.results.break_labs(learner, self._fault(text))
        else:
            self._check(what, text)
            self.board.results.order(learner, what, text)
        self.board.tell()
        self.finish({})

    def _unlock(self, lesson: str) -> None:
        now = self.board.results.open_lessons()
        every = [each.id for each in self.board.every]
        if lesson and lesson not in every:
            raise HTTPError(400, "no such lesson")
        self.board.results.unlock(sorted({*(now or []), lesson}) if lesson and now is not None else None)

    def _check(self, what: str, text: str) -> None:
        if what == "goto" and text not in {each.id for each in self.board.every}:
            raise HTTPError(400, "no such lesson")

    @staticmethod
    def _fault(text: str) -> str:
        """The name of that fault, or of one that is drawn: "level 2"."""
        if text.startswith("level "):
            drawn = [fault.name for fault in faults.drawable() if f"level {levels.of(fault)}" == text]
            if not drawn:
                raise HTTPError(400, "no such level")
            return random.choice(drawn)
        try:
            return faults.find(text).name
        except NetlabError as error:
            raise HTTPError(400, str(error)) from error


class Pictures(Api):
    """The topology of one learner's lab: what his server sent last."""

    @authenticated
    def get(self) -> None:
        learner = self.get_argument("learner")
        fresh = self.board.is_watched(learner)
        self.board.wanted[learner] = time.monotonic() + WATCHED
        if not fresh:
            self.board.pictures.pop(learner, None)
            self.board.tell()
        self.finish(self.board.pictures.get(learner, {}))


class Collect(Api):
    """Take all notebooks, and grade them if that is wanted; it goes on in the background."""

    @authenticated
    def post(self) -> None:
        self.board.collector.start(grade=bool(self.words().get("grade")))
        self.finish({})


class Export(Page):
    """A table for a spreadsheet: a line for each learner."""

    @authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="workshop.csv"')
        self.finish(await self.table())

    async def table(self) -> str:
        """What the board knows, as text."""
        learners = await asyncio.to_thread(self.board.results.board)
        learners.pop(INSTRUCTOR, None)
        return table.csv_text(learners, self.board.every)


class Graded(Export):
    """All about the last grading: tables, and of each notebook its page, its cells' output, its captures."""

    @authenticated
    async def get(self) -> None:
        folder = self.board.collector.graded
        if folder is None:
            raise HTTPError(404, "no results")
        packed = await asyncio.to_thread(table.pack, folder, await self.table())
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", f'attachment; filename="graded-{folder.name}.zip"')
        with packed:
            while part := await asyncio.to_thread(packed.read, PART):
                self.write(part)
                await self.flush()


def application(board: Board) -> Application:
    """The board's pages and its interface, each at its address."""
    hub = HubOAuth.instance()
    places = [
        ("", Index),
        ("api/now", Now),
        ("api/order", Orders),
        ("api/picture", Pictures),
        ("api/collect", Collect),
        ("api/exchange", Exchange),
        ("export.csv", Export),
        ("graded.zip", Graded),
        ("oauth_callback", HubOAuthCallbackHandler),
    ]
    handlers: list[Any] = [(f"{PREFIX}{place}", handler) for place, handler in places]
    handlers.append((f"{PREFIX}(board\\.(?:js|css))", StaticFileHandler, {"path": FOLDER}))
    handlers.append((f"{PREFIX}live/(view\\.(?:js|css))", StaticFileHandler, {"path": LIVE}))
    secret = bytes.fromhex(State.of_environment().settings().cookie_secret)
    return Application(handlers, board=board, hub_auth=hub, cookie_secret=secret, xsrf_cookies=True)


async def serve(options: Options) -> None:
    """Serve the board on the loopback, until the supervisor ends it."""
    state = State.of_environment()
    server = HTTPServer(application(Board(state, options)), max_body_size=LARGEST, xheaders=True)
    server.listen(state.settings().board_port, "127.0.0.1")
    await asyncio.get_running_loop().create_future()  # until the supervisor ends it


if __name__ == "__main__":
    asyncio.run(serve(Options(**json.loads(sys.argv[1]))))
