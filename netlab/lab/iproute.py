"""pyroute2's IPRoute for one node of a lab, in a script and in a notebook's cell alike.

with lab.ip("if-test") as ip:
    ip.link("dump"), ip.addr("dump"), ip.route("dump")

A synchronous IPRoute runs an event loop of its own, which cannot be where one runs already, as in every cell
of a notebook. So it lives in a thread, and what is asked of it is done there.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from pyroute2 import AsyncIPRoute, IPRoute

from netlab.errors import BadInput, LabDied
from netlab.i18n import gettext as _
from netlab.keeper import protocol


class NodeIPRoute:
    """An IPRoute in a thread: all that pyroute2's has, under the same names and with its own errors.

    What pyroute2 gives bit by bit (a dump) is a tuple here.
    """

    def __init__(self, fd: int, *namespace: int) -> None:
        self._namespace = namespace
        self._worker = Worker(fd)
        self._end = weakref.finalize(self, _end, self._worker, namespace)
        self._end.atexit = False

    def __enter__(self) -> NodeIPRoute:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.close()

    @property
    def namespace(self) -> int:
        """A descriptor of the node's own namespace, for a link that is to be moved into it from another node:
        `net_ns_fd=ip.namespace`. It is closed with the rest. BadInput for `internet`, which gives none."""
        if not self._namespace:
            raise BadInput(
                _("No link can be moved into internet."), _("Move it into a container, or into the lab host.")
            )
        return self._namespace[0]

    def close(self) -> None:
        """End what is still being waited for, and let go of everything."""
        self._end()
        self._worker.join()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._worker.do(getattr, self._worker.iproute, name)
        return Method(self, found, getattr(AsyncIPRoute, name, found)) if callable(found) else found

    def do(self, work: Callable[..., Any], *arguments: Any, **words: Any) -> Any:
        """Call that in the thread in which the IPRoute lives, and wait for what comes of it."""
        return self._worker.do(work, *arguments, **words)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(IPRoute), *dir(AsyncIPRoute)})


class Method:
    """A method of the IPRoute, done in its thread; it keeps the IPRoute: `lab.ip().link("dump")`."""

    def __init__(self, owner: NodeIPRoute, found: Callable[..., Any], documented: object) -> None:
        self._owner, self.found = owner, found
        self.__doc__ = documented.__doc__

    def __call__(self, *arguments: Any, **words: Any) -> Any:
        own = [given.found if isinstance(given, Method) else given for given in arguments]  # poll, ensure
        return self._owner.do(self.found, *own, **words)


class Worker:
    """The thread, with the loop and the IPRoute that live in it."""

    def __init__(self, fd: int) -> None:
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "netlab-ip")
        self._ident, self._loop, self.iproute = self._thread.submit(_begin, fd).result()

    def do(self, work: Callable[..., Any], *arguments: Any, **words: Any) -> Any:
        """The result of that call. Who is interrupted while waiting for it ends it. OSError once closed."""
        if threading.get_ident() == self._ident:  # a callback of pyroute2's
            return work(*arguments, **words)
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        future = self._thread.submit(_whole, work, arguments, words)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self.cancel()
            raise

    def cancel(self) -> None:
        """End what it is doing, with a CancelledError for whoever waits for that."""
        self._loop.call_soon_threadsafe(_cancel, self._loop)

    def close(self) -> None:
        """Have everything closed, in the thread, as soon as that is free."""
        self._closed = True
        self.cancel()
        self._thread.submit(_close, self.iproute, self._loop)
        self._thread.shutdown(wait=False)

    def join(self) -> None:
        """Wait until its work is done, and end it."""
        self._thread.shutdown(wait=True)


def open_iproute(connection: socket.socket, node: str) -> NodeIPRoute:
    """Ask the keeper for that node's namespace. UnknownName, LabDied."""
    try:
        protocol.ask(connection, "iproute", node=node)
        answer, fds = protocol.receive(connection)
    except (protocol.Closed, OSError) as error:
        raise LabDied(_("The lab went away."), _("Look at: ./run status")) from error
    if "error" in answer:
        raise protocol.rebuild(answer)
    return NodeIPRoute(*fds)


def _begin(fd: int) -> tuple[int, asyncio.AbstractEventLoop, Any]:
    loop = asyncio.new_event_loop()
    return threading.get_ident(), loop, IPRoute(fileno=fd, use_event_loop=loop)


def _whole(work: Callable[..., Any], arguments: tuple[Any, ...], words: dict[str, Any]) -> Any:
    result = work(*arguments, **words)
    return tuple(result) if isinstance(result, Iterator) else result


def _cancel(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def _close(iproute: Any, loop: asyncio.AbstractEventLoop) -> None:
    iproute.close()
    loop.run_until_complete(loop.shutdown_asyncgens())  # and what closing has left to be done
    loop.close()


def _end(worker: Worker, namespace: tuple[int, ...]) -> None:
    worker.close()
    for fd in namespace:
        os.close(fd)
