"""Messages between the lab's processes: a length-prefixed JSON object each, with file descriptors beside it.

Nobody is believed. A message has a largest size, a depth and a deadline for the whole of it, and what stands
in it is read by a schema (netlab.model.codec) or word by word. Of a lab's own words (FromLab) only little is
taken.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import netlab.errors
from netlab.display import printable
from netlab.errors import BadInput, LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.i18n import language
from netlab.linux.stream_sockets import finish
from netlab.model import codec
from netlab.model.fields import Exact, Range

VERSION = 2  # of what is said; a client and a keeper that differ in it do not talk
_HEADER = struct.Struct("!I")
MAX_FDS = 16
MAX_REQUEST = 1 << 20  # bytes; nobody has an honest reason to ask for more
MAX_ANSWER = 1 << 28
SECONDS_TO_ANSWER = 90.0  # for the whole of an answer, however busy the machine is
SECONDS_TO_SAY = 30.0  # for whoever asked to take the answer
LONGEST_CLAIM = 512  # bytes of what a lab says of a command's life

LONGEST_AT_ONCE = 1 << 17  # bytes: so many a socket takes whole
SECONDS_TO_FINISH = 1.0
STREAMS = 3  # of a command
# What is taken from a lab.
PIDS, EXITS, ERRORS = Range(0, 1 << 22), Range(0, 255), Range(0, 4095)

T = TypeVar("T")


class Closed(Exception):
    """The other side hung up, took too long, or said what nobody says."""


@dataclass(frozen=True, slots=True)
class FromLab(Generic[T]):
    """What a process of the lab has said, or a learner has invented: show it, decide nothing by it."""

    said: T


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants to be run on a node."""

    argv: tuple[Exact, ...]
    env: Mapping[Exact, Exact]
    node: str = "host"
    cwd: Exact = "/root"
    tty: bool = False

    @staticmethod
    def parse(request: Mapping[str, Any], fds: Sequence[int]) -> Command:
        """From a client's request, which brings three streams. BadInput."""
        try:
            command = codec.from_plain(Command, request.get("command"))
            if not command.argv or len(fds) != STREAMS:
                raise codec.Malformed("a command has words, and three streams")
        except codec.Malformed as error:
            raise BadInput(_("The request makes no sense: {error}.").format(error=error)) from None
        return command

    def request(self, enter: Mapping[str, str]) -> dict[str, Any]:
        """For the process that starts it, having entered these namespaces."""
        return {**codec.to_plain(self), "op": "exec", "enter": enter}


@dataclass(frozen=True, slots=True)
class Status:
    """What `./run status` shows of a lab."""

    name: str
    engine: str
    nodes: tuple[tuple[str, str], ...]  # (name, kind)
    about: tuple[str, ...] = ()  # what to know of the engine: its version, and what that changes


@dataclass(frozen=True, slots=True)
class Undone:
    """Where a lab went back to, and what is otherwise now: "+ …" is there again, "- …" is not any more."""

    label: str
    lines: tuple[str, ...] = ()


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    body = codec.encode(message)
    return _HEADER.pack(len(body)) + body


def send(
    sock: socket.socket, message: Mapping[str, Any], fds: Sequence[int] = (), *, at_once: bool = False
) -> None:
    """Send one message. With `at_once` without waiting for room: BlockingIOError where there is none, and
    BadInput for more than would ever fit."""
    data = encode(message)
    if at_once and len(data) > LONGEST_AT_ONCE:  # the half that fits would be all that is ever read
        what = _("That is too long: {size} bytes, and {most} are the most.")
        raise BadInput(
            what.format(size=len(data), most=LONGEST_AT_ONCE), _("Put it into a file, and name that.")
        )
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    flags = socket.MSG_NOSIGNAL | (socket.MSG_DONTWAIT if at_once else 0)
    sent = sock.sendmsg([data], ancillary, flags)  # a short message in one go: others may send here, too
    if sent < len(data):
        finish(sock, data[sent:], SECONDS_TO_FINISH) if at_once else sock.sendall(
            data[sent:], socket.MSG_NOSIGNAL
        )


def ask(sock: socket.socket, operation: str, fds: Sequence[int] = (), **words: Any) -> None:
    """Ask a keeper for something, in the language that is spoken."""
    send(sock, {"op": operation, "version": VERSION, "language": language(), **words}, fds)


def value(kind: type[T], plain: Any) -> T:
    """The value of that class in what a keeper said. Closed."""
    try:
        return codec.from_plain(kind, plain)
    except codec.Malformed as error:
        raise Closed(str(error)) from None


def complain(client: socket.socket, error: NetlabError) -> None:
    """Tell the error to whoever asked, and hang up."""
    with suppress(OSError):
        client.settimeout(SECONDS_TO_SAY)
        send(client, {"error": type(error).__name__, "what": error.what, "next": error.next_step})
    client.close()


def rebuild(answer: Mapping[str, Any], kind: Any = None) -> NetlabError:
    """The keeper's error as the one of the same name here, or as that `kind`."""
    kind = kind or getattr(netlab.errors, str(answer.get("error")), LabError)
    if not (isinstance(kind, type) and issubclass(kind, NetlabError)):
        kind = LabError
    error: NetlabError = Exception.__new__(kind)
    NetlabError.__init__(error, printable(answer.get("what")), printable(answer.get("next")))
    return error


def receive(
    sock: socket.socket, *, longest: int = MAX_ANSWER, seconds: float | None = SECONDS_TO_ANSWER
) -> tuple[dict[str, Any], list[int]]:
    """The next message with its descriptors (close-on-exec). Closed at the end of the stream, too late, too
    long, or not a message; without `seconds` its beginning may take as long as it likes.
    """
    inbox = Inbox(sock, longest)
    deadline = time.monotonic() + seconds if seconds is not None else None
    try:
        while (message := inbox.read(deadline)) is None:
            deadline = deadline or time.monotonic() + SECONDS_TO_ANSWER  # it has begun
            if time.monotonic() > deadline:  # a byte now and then is no message
                raise Closed("it took too long")
    except BaseException:
        inbox.forget()
        raise
    finally:
        sock.settimeout(None)
    return message, inbox.fds


class Inbox:
    """One message on its way in, as far as it has come."""

    def __init__(self, sock: socket.socket, longest: int) -> None:
        self.fds: list[int] = []
        self._sock, self._longest = sock, longest
        self._data = bytearray()
        self._wanted = _HEADER.size
        self.has_more = False  # what was asked for came at once, so the rest may be there, too

    def read(self, deadline: float | None) -> dict[str, Any] | None:
        """Take what is there, or comes until the deadline (a time.monotonic(), 0 for no waiting); the message
        when it is whole. Closed."""
        left = None if deadline is None else deadline - time.monotonic()
        self._sock.settimeout(left if left is None else max(left, 0.0))
        self.has_more = False
        wanted = min(self._wanted - len(self._data), 1 << 20)
        try:
            part, ancillary, _flags, _address = self._sock.recvmsg(
                wanted,
                socket.CMSG_SPACE(MAX_FDS * array.array("i").itemsize),
                socket.MSG_CMSG_CLOEXEC,
            )
        except BlockingIOError:
            return None
        except TimeoutError:
            raise Closed("it took too long") from None
        except OSError as error:
            raise Closed(str(error)) from error
        self.fds += _descriptors(ancillary)
        if not part:
            raise Closed("the other side hung up")
        if len(self.fds) > MAX_FDS:
            raise Closed("too many descriptors")
        self._data += part
        self.has_more = len(part) == wanted
        if len(self._data) < self._wanted:
            return None
        if self._wanted > _HEADER.size:
            return parse(bytes(self._data[_HEADER.size :]))
        (length,) = _HEADER.unpack_from(self._data)
        if not 0 < length <= self._longest:
            raise Closed(f"a message of {length} bytes")
        self._wanted += length
        return None

    def forget(self) -> None:
        """Close what came with it."""
        for fd in self.fds:
            os.close(fd)
        self.fds = []


def parse(body: bytes) -> dict[str, Any]:
    """The message in a body. Closed."""
    try:
        message = codec.parse(body)
    except codec.Malformed as error:
        raise Closed(str(error)) from None
    if not isinstance(message, dict):
        raise Closed("not a message")
    return message


def _descriptors(ancillary: Sequence[tuple[int, int, bytes]]) -> list[int]:
    fds = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return list(fds)


# -- what a lab says of a command that runs in it: datagrams, so that none can be half a one


def claim_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a connection on which a lab says what becomes of a command, and is told signals."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def claim(sock: socket.socket, word: str, number: int, fds: Sequence[int] = ()) -> None:
    """Say one word with its number: "pid", "exit", "signal". OSError, also where nobody takes it."""
    socket.send_fds(
        sock, [codec.encode({word: number})], list(fds), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
    )


def read_claim(sock: socket.socket, word: str, bounds: Range) -> tuple[FromLab[int], list[int]]:
    """The number that the other side says of that word, with descriptors. Closed for anything else."""
    try:
        body, fds, flags, _address = socket.recv_fds(sock, LONGEST_CLAIM, MAX_FDS)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed(str(error)) from error
    message = {}
    with suppress(Closed):
        message = parse(body) if body and not flags & socket.MSG_TRUNC else {}
    number = message.get(word)
    if type(number) is not int or not bounds.least <= number <= bounds.most:
        for fd in fds:
            os.close(fd)
        raise Closed(f"the lab said no {word}")
    return FromLab(number), fds


def order(to_init: socket.socket, message: Mapping[str, Any], seconds: float) -> str:
    """At the keeper: have the lab host's process 1 do something. It answers with "done" and an errno(3).

    Why it was not done, in the language that is spoken; "" if it was.
    """
    ours, theirs = claim_pair()
    with ours, theirs:
        try:
            send(to_init, message, [theirs.fileno()], at_once=True)
            theirs.close()
            ours.settimeout(seconds)
            error = read_claim(ours, "done", ERRORS)[0].said
        except (Closed, OSError):  # it does not read, or does not answer: somebody holds it
            return _("its process 1 does not answer")
    return os.strerror(error) if error else ""
