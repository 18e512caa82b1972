"""Between a learner's server and the board: an extension of the server.

What the learner did goes from the outbox to the board, and again until the board has taken it; what the
instructor orders comes back, and is done once: its number is written down first. Both ways are the same
request, which the board holds back until there is something to say.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.web import authenticated

from netlab import display
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.lab import Lab
from netlab.lessons.content import LABS
from netlab.lessons.start import goto
from netlab.linux import files
from netlab.model import bounded_json
from netlab.notebook.live.picture import Identities
from netlab.workshop import disk
from netlab.workshop.learner import practice
from netlab.workshop.learner.warnings import Complaints

LAB = "lab"
OUTBOX = LABS / ".outbox"
DONE = Path("/home/learner/.netlab-orders.json")  # out of the lab's sight
LOOK, RETRY, MOST = 0.5, 2.0, 20  # seconds; seconds; files in one request
BOUNDS = 2.0  # seconds between two looks at the learner's bounds
SECONDS_HELD = 25.0
LONGEST, LOOKED_AT = 4096, 10_000  # bytes of an event; files in the outbox
ANSWER = bounded_json.Bounds(size=1 << 20)
PICTURES = 1.0  # seconds between two snapshots, while the instructor looks


class Reporter:
    """One learner's."""

    def __init__(self, board: str, token: str) -> None:
        self.url, self.token = f"{board}api/exchange", token
        self.client = AsyncHTTPClient(force_instance=True)
        self.done = _read_done()
        self.practice = practice.Practice(Lab(LAB))
        self.identities = Identities()
        self.complaints = Complaints.of_environment(LABS)
        self.announcements: list[dict[str, Any]] = []
        self.known: dict[str, Any] = {"open": 0, "watched": False}

    async def send(self) -> None:
        """For good: what the learner did."""
        while True:
            batch = await asyncio.to_thread(read_outbox, OUTBOX)
            if batch and await self._exchange({"events": list(batch.values())}, 0) is not None:
                await asyncio.to_thread(_forget, batch)
            else:
                await asyncio.sleep(RETRY if batch else LOOK)

    async def obey(self) -> None:
        """For good: what the instructor orders."""
        while True:
            answer = await self._exchange({**self.known, "after": self.done.get("last", 0)}, SECONDS_HELD)
            if answer is None:
                await asyncio.sleep(RETRY)
                continue
            opened = answer.get("open")
            if opened != self.known["open"]:
                with suppress(OSError):  # their disk is full
                    await asyncio.to_thread(_lay_out, opened)
            self.known = {"open": opened, "watched": answer.get("watched") is True}
            for order in answer.get("orders", []):
                await self._do(order)

    async def show(self) -> None:
        """For good: the lab as it is, while the instructor looks at it."""
        while True:
            if self.known["watched"]:
                picture = await asyncio.to_thread(self._describe)
                await self._exchange({"picture": picture}, 0)
            await asyncio.sleep(PICTURES)

    async def complain(self) -> None:
        """For good: tell the learner what he met of his bounds."""
        while True:
            with suppress(OSError):  # his disk is gone: so is the server, soon
                for text in self.complaints.new():
                    self.say(text)
            await asyncio.sleep(BOUNDS)

    async def practise(self) -> None:
        """For good: look whether the fault that the instructor has put in is mended."""
        while True:
            await asyncio.sleep(practice.EVERY)
            if number := self.done.get("fault"):
                with suppress(NetlabError, OSError):  # the lab is being made, or has ended
                    await self._look(number)

    async def _look(self, number: int) -> None:
        mended = await asyncio.to_thread(self.practice.look)
        if mended is False or self.done.get("fault") != number:  # another one was put in meanwhile
            return
        self.done.pop("fault", None)
        _write(DONE, self.done)
        if mended:
            self.say(practice.praise((time.time() - self.done.get("began", time.time())) / 60))
            await self._exchange({"mended": number}, 0)

    def say(self, text: str, moment: float = 0.0) -> None:
        """In the learner's JupyterLab, with the time. Numbers rise, also over a restart of this server."""
        last = self.announcements[-1]["number"] if self.announcements else 0
        said = {
            "number": max(last + 1, time.time_ns() // 1_000_000),
            "time": moment or time.time(),
            "text": text,
            "close": _("Close"),
        }
        self.announcements = [*self.announcements, said][-MOST:]

    async def _do(self, order: Mapping[str, Any]) -> None:
        number, what, words = int(order["number"]), str(order["what"]), str(order.get("words", ""))
        self.done["last"] = number
        _write(DONE, self.done)
        said = ""
        try:
            if what == "announce":
                self.say(words, float(order.get("time", 0)))
            elif what == "inject":
                self.say(await asyncio.to_thread(practice.put_in, Lab.find(LAB), words))
                self.practice = practice.Practice(Lab.find(LAB))
                self.done |= {"fault": number, "began": int(time.time())}
                _write(DONE, self.done)
            else:
                await asyncio.to_thread(ORDERS[what], words)
        except KeyError:
            said = f"unknown order {what}"
        except (NetlabError, OSError) as error:
            said = str(error)
        await self._exchange({"outcome": {"number": number, "said": said}}, 0)

    def _describe(self) -> dict[str, Any]:
        """The lab's picture as the live view draws it, and in words."""
        from netlab.notebook.live.picture import cabling, picture

        try:
            snapshot = Lab.find(LAB).snapshot()
            return picture(snapshot, self.identities.follow(snapshot), cabling(snapshot))
        except NetlabError as error:
            return {"words": str(error)}

    async def _exchange(self, words: Mapping[str, Any], held: float) -> dict[str, Any] | None:
        """The board's answer; None when there is none now."""
        request = HTTPRequest(
            self.url,
            method="POST",
            body=json.dumps({**words, "held": held}),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
            request_timeout=held + 10,
            connect_timeout=5,
        )
        try:
            return bounded_json.table((await self.client.fetch(request)).body, ANSWER)
        except (HTTPClientError, OSError, ValueError):
            return None


def read_outbox(outbox: Path) -> dict[Path, dict[str, Any]]:
    """The oldest events that are there, by file. One that cannot be read is none."""
    found: dict[Path, dict[str, Any]] = {}
    with suppress(OSError), files.folder(outbox) as folder:
        for name in files.entries(folder, LOOKED_AT)[: 5 * MOST]:
            if name.endswith(".json") and len(found) < MOST:
                event = _read(folder, name)
                found[outbox / name] = {**event, "id": display.printable(name.removesuffix(".json"), 60)}
    return found


def _forget(batch: Mapping[Path, Any]) -> None:
    for file in batch:
        with suppress(OSError), files.folder(file.parent) as folder:
            os.unlink(file.name, dir_fd=folder)


def _read(folder: int, name: str) -> dict[str, Any]:
    try:
        return bounded_json.table(files.read(folder, name, LONGEST), bounded_json.Bounds(LONGEST, depth=8))
    except (OSError, bounded_json.NotJson):
        return {}


def _read_done() -> dict[str, Any]:
    """The number of the last order that was begun, of the one whose fault is on, and since when that is."""
    with suppress(OSError), files.folder(DONE.parent) as folder:
        kept = _read(folder, DONE.name)
        numbers = {name: kept.get(name) for name in ("last", "fault", "began")}
        return {name: value for name, value in numbers.items() if isinstance(value, int) and value > 0}
    return {}


def _write(file: Path, words: Mapping[str, Any]) -> None:
    with suppress(OSError), files.folder(file.parent) as folder:
        files.replace(folder, file.name, json.dumps(words).encode(), lasting=True)


def _lay_out(unlocked: list[str] | None) -> None:
    disk.lay_out(LABS, Path(disk.LESSONS), None if unlocked is None else frozenset(unlocked))


ORDERS: Mapping[str, Callable[[str], object]] = {
    "reset": lambda words: Lab.find(LAB).reset(),
    "goto": lambda lesson: goto(Lab.find(LAB), lesson),
}


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "netlab.workshop.learner.reporter"}]


def _load_jupyter_server_extension(app: Any) -> None:
    from jupyter_server.base.handlers import APIHandler

    board = os.environ.get("NETLAB_BOARD")
    if not board:
        return  # a Hub without one
    reporter = Reporter(board, os.environ["JUPYTERHUB_API_TOKEN"])

    class Announcements(APIHandler):
        """What was said since this server began; the page asks for what it has not shown."""

        @authenticated
        def get(self) -> None:
            after = int(self.get_query_argument("after", "0"))
            self.finish(json.dumps([said for said in reporter.announcements if said["number"] > after]))

    place = f"{app.web_app.settings['base_url']}netlab/announcements"
    app.web_app.add_handlers(".*$", [(place, Announcements)])
    for work in (reporter.send, reporter.obey, reporter.show, reporter.complain, reporter.practise):
        app.io_loop.add_callback(work)
