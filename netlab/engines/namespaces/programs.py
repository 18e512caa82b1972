"""The programs that stand for those of images: small servers, in the container's process 1.

They run in the container, with its rights and its files, and say what they stand for. All end at SIGTERM.
"""

from __future__ import annotations

import html
import os
import selectors
import signal
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from netlab.engines.namespaces import images
from netlab.engines.namespaces.store import Record
from netlab.linux.title import set_title

FOLDERS = ("/usr/share/nginx/html", "/usr/local/apache2/htdocs", "/var/www/html", "/app")
LONGEST_REQUEST = 1 << 14
LARGEST_FILE = 8 << 20
MOST_CLIENTS = 256
MOST_KEYS = 10_000
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json"}
HELLO = """
Hello from Docker's stand-in!
This message shows that containers start here. The lab has no registry: the image hello-world,
as every other one, is answered by the lab's own root file system.
"""
Answer = Callable[["Client"], bytes]


class Client:
    """One connection: what has come and is not answered yet, and whether it is to be closed."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.input, self.is_done = connection, b"", False


def play(record: Record) -> NoReturn:
    """Be that program until somebody says that it is enough."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    os.environ.clear()
    os.environ.update(record.env)
    if record.program == "hello":
        print(HELLO, flush=True)
        os._exit(0)
    words = {"nginx": "nginx: master process nginx -g daemon off;"}
    set_title(words.get(images.split(record.image)[0], " ".join(record.argv)), starts_others=False)
    try:
        _serve(record)
    except OSError as error:
        print(f"{record.image}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(1)


def _serve(record: Record) -> NoReturn:
    answer: Answer = {"web": _Web(record).answer, "redis": _Redis().answer}.get(record.program, _hang_up)
    selector = selectors.DefaultSelector()
    listening = (
        images.image(record.image).ports or record.exposed
    )  # what it is known for, whatever is published
    for port in listening:
        if port.endswith("/tcp"):
            door = socket.create_server(("", int(port.partition("/")[0])), backlog=128)
            door.setblocking(False)
            selector.register(door, selectors.EVENT_READ, None)
    print(
        f"{record.image}: ready (the lab's own little server stands for this image's program), "
        f"listening at {', '.join(listening) or 'no port'}",
        flush=True,
    )
    while True:
        for key, _ in selector.select():
            if key.data is None:
                _accept(selector, key.fileobj)
            else:
                _read(selector, key.data, answer)


def _accept(selector: selectors.BaseSelector, door: object) -> None:
    with suppress(OSError):
        connection = door.accept()[0]  # type: ignore[attr-defined]
        if len(selector.get_map()) > MOST_CLIENTS:
            connection.close()
            return
        connection.settimeout(5)  # for what is sent: nobody holds the others up for long
        selector.register(connection, selectors.EVENT_READ, Client(connection))


def _read(selector: selectors.BaseSelector, client: Client, answer: Answer) -> None:
    try:
        data = client.connection.recv(LONGEST_REQUEST)
        client.input += data
        client.is_done = not data or len(client.input) > LONGEST_REQUEST
        if reply := answer(client) if data else b"":
            client.connection.sendall(reply)
    except (OSError, ValueError):
        client.is_done = True
    if client.is_done:
        selector.unregister(client.connection)
        client.connection.close()


def _hang_up(client: Client) -> bytes:
    """Of a database, say: there is somebody, who speaks the lab's words and no more."""
    client.is_done = True
    return b"This is the lab's stand-in: it listens where the image would, and no more.\n"


class _Web:
    """GET and HEAD: files where the image's pages lie, or a page that says what it is."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def answer(self, client: Client) -> bytes:
        head, end, _ = client.input.partition(b"\r\n\r\n")
        if not end:
            return b""
        client.is_done = True
        line = head.split(b"\r\n")[0].decode("latin-1")
        method, _, rest = line.partition(" ")
        path = rest.partition(" ")[0]
        peer = client.connection.getpeername()[0]
        if method not in ("GET", "HEAD"):
            status, kind, body = "405 Method Not Allowed", "text/plain", b"only GET and HEAD\n"
        else:
            status, kind, body = self._page(path, head.decode("latin-1"), peer)
        print(f'{peer} - "{_plain(line)}" {status[:3]} {len(body)}', flush=True)
        fields = f"HTTP/1.1 {status}\r\nServer: {self._server()}\r\nContent-Type: {kind}\r\n"
        fields += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return fields.encode("latin-1", "replace") + (b"" if method == "HEAD" else body)

    def _server(self) -> str:
        return f"{images.split(self._record.image)[0]} (the lab's stand-in)"

    def _page(self, path: str, head: str, peer: str) -> tuple[str, str, bytes]:
        path = path.partition("?")[0]
        for folder in FOLDERS:
            if os.path.isdir(folder) and (page := _file(folder, path)) is not None:
                return "200 OK", TYPES.get(os.path.splitext(path)[1], "text/html"), page
        if path not in ("/", "/index.html") and "whoami" not in self._record.image:
            return "404 Not Found", "text/html", b"<html><h1>404 Not Found</h1></html>\n"
        if "whoami" in self._record.image:
            said = f"Hostname: {self._record.hostname}\nRemoteAddr: {peer}\n{head}\n"
            return "200 OK", "text/plain", said.replace("\r", "").encode()
        if "http-echo" in self._record.image:
            words = [
                word.partition("=")[2] for word in self._record.argv if word.startswith(("-text=", "--text="))
            ]
            return "200 OK", "text/plain", f"{words[0] if words else 'hello-world'}\n".encode()
        return "200 OK", "text/html", self._welcome().encode()

    def _welcome(self) -> str:
        name = html.escape(images.split(self._record.image)[0])
        title = "It works!" if name == "httpd" else f"Welcome to {name}!"
        return (
            f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
            "<p>The lab's own little web server stands for the image "
            f"{html.escape(self._record.image)} here.</p>\n"
            f"<p>Container {self._record.short_id}, host name {html.escape(self._record.hostname)}.</p>\n"
            "</body>\n</html>\n"
        )


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])


def _file(folder: str, path: str) -> bytes | None:
    """What stands in that file below the folder; None if there is none, or it is not to be had."""
    wanted = os.path.realpath(f"{folder}/{path}")
    if not f"{wanted}/".startswith(f"{folder}/"):
        return None
    with suppress(OSError):
        wanted = f"{wanted}/index.html" if os.path.isdir(wanted) else wanted
        file = os.open(wanted, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(file, "rb") as opened:
            if stat.S_ISREG(os.fstat(file).st_mode):
                return opened.read(LARGEST_FILE)
    return None


class _Redis:
    """The few commands that tutorials type into redis-cli, or send by nc."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}

    def answer(self, client: Client) -> bytes:
        reply = b""
        while (found := _command(client.input)) is not None:
            words, client.input = found
            if words:
                reply += self._do(words, client)
        return reply

    def _do(self, words: list[bytes], client: Client) -> bytes:
        name, *rest = words[0].upper(), *words[1:]
        if name == b"PING":
            return b"+PONG\r\n" if not rest else _bulk(rest[0])
        if name == b"QUIT":
            client.is_done = True
            return b"+OK\r\n"
        if name == b"SET" and len(rest) >= 2:
            if len(self._values) < MOST_KEYS:
                self._values[rest[0]] = rest[1]
            return b"+OK\r\n"
        if name in (b"GET", b"EXISTS", b"DEL", b"INCR") and rest:
            return self._ask(name, rest[0])
        if name in (b"COMMAND", b"CLIENT", b"CONFIG"):
            return b"*0\r\n"
        return b"-ERR unknown command: the lab's stand-in knows PING, SET, GET, INCR, DEL, EXISTS, QUIT\r\n"

    def _ask(self, name: bytes, key: bytes) -> bytes:
        value = self._values.get(key)
        if name == b"GET":
            return _bulk(value)
        if name == b"EXISTS":
            return b":%d\r\n" % (value is not None)
        if name == b"DEL":
            return b":%d\r\n" % (self._values.pop(key, None) is not None)
        text = (value or b"0").removeprefix(b"-")
        if not text.isdigit() or len(text) > 18:
            return b"-ERR value is not an integer or out of range\r\n"
        if value is not None or len(self._values) < MOST_KEYS:
            self._values[key] = b"%d" % (int(value or b"0") + 1)
        return b":%s\r\n" % self._values.get(key, b"1")


def _bulk(value: bytes | None) -> bytes:
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def _command(data: bytes) -> tuple[list[bytes], bytes] | None:
    """(the words of the first command, what follows it); None while it is not all there. ValueError."""
    line, end, rest = data.partition(b"\n")
    if not end:
        return None
    if not line.startswith(b"*"):
        return line.split(), rest
    words = []
    for _ in range(min(int(line[1:6]), 1024)):
        size, end, rest = rest.partition(b"\n")
        if not end:
            return None
        length = int(size[1:8])
        if len(rest) < length + 2:
            return None
        words.append(rest[:length])
        rest = rest[length + 2 :]
    return words, rest
