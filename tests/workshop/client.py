"""A browser without a screen: cookies, the Hub's forms, and a notebook's kernel by HTTP and WebSocket."""

from __future__ import annotations

import http.cookiejar
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import websocket

SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back; `url` after all redirects."""

    status: int
    url: str
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """One person's browser, at one workshop."""

    def __init__(
        self, url: str, name: str, password: str = "secret-word", code: str = "", trust: str = ""
    ) -> None:
        self.url, self.name, self.password, self.code = url, name, password, code
        self.cookies = http.cookiejar.CookieJar()
        secure = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trust or None))
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), secure)

    @property
    def base(self) -> str:
        return f"{self.url}/user/{urllib.parse.quote(self.name)}"

    def get(self, place: str, **headers: str) -> Answer:
        return self._fetch("GET", place, None, headers)

    def post(self, place: str, words: Any, **headers: str) -> Answer:
        return self._fetch(
            "POST", place, json.dumps(words).encode(), {"Content-Type": "application/json", **headers}
        )

    def _fetch(self, method: str, place: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        url = place if place.startswith("http") else self.url + place
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data=body, method=method, headers=named)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return Answer(answer.status, answer.url, answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.url or url, error.read().decode(errors="replace"))

    # -- the Hub ------------------------------------------------------------------------------------

    def log_in(self) -> Answer:
        """By the form; the page that comes then."""
        form = self.get("/hub/login").text
        found = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert found, form
        words = {"_xsrf": found[1], "username": self.name, "password": self.password, "code": self.code}
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._fetch(
            "POST", "/hub/login?next=%2Fhub%2Fhome", urllib.parse.urlencode(words).encode(), head
        )

    def xsrf(self, path: str) -> str:
        """The token that a page below that path would send along."""
        found = [c for c in self.cookies if c.name == "_xsrf" and path.startswith(c.path)]
        return max(found, key=lambda cookie: len(cookie.path)).value or "" if found else ""

    def start_server(self) -> None:
        """As the Hub's button does, and wait as its page does; the server's own page brings cookies."""
        deadline = time.monotonic() + 2 * SECONDS
        while True:
            answer = self.get(f"{self.base}/lab")  # by way of the Hub, which lets him in
            if answer.status == 200 and answer.url.startswith(f"{self.base}/lab"):
                return
            assert time.monotonic() < deadline, (
                f"the server of {self.name} did not come: {answer.status} {answer.text[:300]}"
            )
            page = self.get(f"/hub/spawn/{urllib.parse.quote(self.name)}").text
            if news := re.search(r'EventSource\("([^"]+)"\)', page):
                self._follow(news[1].encode().decode("unicode_escape").replace("&amp;", "&"))
            else:
                time.sleep(3)  # the Hub starts some at a time, and said so

    def _follow(self, place: str) -> None:
        """Read what the Hub says of a server that is being started, until there is no more to say."""
        with suppress(urllib.error.HTTPError), self._opener.open(self.url + place, timeout=SECONDS) as news:
            for line in news:
                if re.search(rb'"(ready|failed)": ?true', line):
                    return

    def enter(self) -> Client:
        answer = self.log_in()
        assert answer.status == 200 and "/hub/login" not in answer.url, answer.text
        self.start_server()
        return self

    # -- the server ---------------------------------------------------------------------------------

    def api(self, method: str, place: str, words: Any = None) -> Answer:
        head = {"X-XSRFToken": self.xsrf(urllib.parse.urlsplit(self.base).path + "/")}
        body = None if words is None else json.dumps(words).encode()
        return self._fetch(method, f"{self.base}/api/{place}", body, head)

    def kernel(self, notebook: str = "01-the-problem.ipynb") -> Kernel:
        """A session as JupyterLab begins it when a notebook is opened."""
        words = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "netlab"}}
        answer = self.api("POST", "sessions", words)
        assert answer.status == 201, f"{answer.status} {answer.text[:500]}"
        return Kernel(self, answer.json()["kernel"]["id"])

    def cookie_head(self, url: str) -> str:
        request = urllib.request.Request(url)
        self.cookies.add_cookie_header(request)
        return request.get_header("Cookie") or ""


class Kernel:
    """A running kernel, spoken to through its WebSocket."""

    def __init__(self, client: Client, id: str) -> None:
        self.id, self.session = id, uuid.uuid4().hex
        url = f"{client.base}/api/kernels/{id}/channels?session_id={self.session}"
        self.socket = websocket.create_connection(
            url.replace("http", "ws", 1), cookie=client.cookie_head(url), timeout=SECONDS, origin=client.url
        )

    def run(self, code: str, seconds: float = SECONDS) -> str:
        """Run a cell; all that it printed. AssertionError when it ended with an error."""
        number = uuid.uuid4().hex
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "allow_stdin": False,
            "stop_on_error": True,
        }
        head = {
            "msg_id": number,
            "msg_type": "execute_request",
            "username": "",
            "session": self.session,
            "version": "5.4",
        }
        message = {
            "header": head,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        self.socket.send(json.dumps({**message, "buffers": []}))
        said, replied, idle = "", False, False
        deadline = time.monotonic() + seconds
        while not (replied and idle):
            assert time.monotonic() < deadline, f"no answer to {code!r}; so far: {said}"
            answer = json.loads(self.socket.recv())
            state = answer["content"].get("execution_state")
            assert state not in ("restarting", "dead"), f"the kernel died; until then: {said}"
            if answer["parent_header"].get("msg_id") != number:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream":
                said += content["text"]
            elif kind in ("execute_result", "display_data"):
                said += content["data"].get("text/plain", "")
            elif kind == "error":
                raise AssertionError("\n".join(content["traceback"]))
            replied |= kind == "execute_reply"
            idle |= kind == "status" and content["execution_state"] == "idle"
        return said

    def idle(self, seconds: float) -> None:
        """Do nothing for so long, but what every browser does: answer the server's pings."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(min(left, 5))  # which begins anew with each ping
            with suppress(websocket.WebSocketTimeoutException):
                assert self.socket.recv(), "the server has closed the connection"
        self.socket.settimeout(SECONDS)

    def close(self) -> None:
        self.socket.close()
