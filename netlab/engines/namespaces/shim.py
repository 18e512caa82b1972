"""Who looks after one container as long as it is there, as containerd-shim does for Docker's.

A process of its own in the lab host: it starts process 1, gives it its networks and ports, keeps what it
prints, lets clients attach, answers for names, starts it again if that is wanted, and notes how it ended.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from netlab.engines.namespaces import container, endpoints, events, ports, publication, shim_process
from netlab.engines.namespaces.fast_path import SANDBOXES
from netlab.engines.namespaces.health import Health
from netlab.engines.namespaces.publication import Publication
from netlab.engines.namespaces.resolver import Resolver
from netlab.engines.namespaces.shim_process import FAILED, FINE
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.engines.namespaces.streams import Streams
from netlab.errors import EngineError
from netlab.i18n import gettext as _

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 60.0  # seconds before it is started again
STEADY = 10.0  # seconds after which a container has run well, and the pause is the first again


def launch(store: Store, record: Record, client: socket.socket | None = None) -> None:
    """Start a container, with `client` attached from the beginning. EngineError when it does not start."""
    shim_process.start(record.id, lambda reply: Shim(store, record, client).run(reply), client)


class Shim:
    """One container's."""

    def __init__(
        self,
        store: Store,
        record: Record,
        client: socket.socket | None = None,
        selector: selectors.BaseSelector | None = None,
    ) -> None:
        self._store, self._record = store, record
        self._selector = selector or selectors.DefaultSelector()
        self._streams = Streams(self._selector, store.path(record), record, self._follow_networks)
        if client:
            self._streams.admit(client)
        self._resolver: Resolver | None = None
        self._publication = Publication(store)
        self._health: Health | None = None
        self._pidfd = -1
        self._exit = 0

    def run(self, reply: socket.socket) -> None:
        """Until the container has ended for good."""
        try:
            self._begin()
        except (EngineError, OSError) as error:
            self.fail(error)
            reply.send(FAILED + (error.what if isinstance(error, EngineError) else str(error)).encode())
            return
        reply.send(FINE)
        reply.close()
        pause = FIRST_PAUSE
        while True:
            self._serve_until(self._pidfd)
            status = self._end()
            record = self._store.get(self._record.id)
            if record is None or not _wants_restart(record, status):
                break
            pause = FIRST_PAUSE if time.time() - record.started > STEADY else min(2 * pause, LONGEST_PAUSE)
            self._store.update(record.id, is_restarting=True, shim=os.getpid())
            self._serve_until(-1, pause)
            if not self._restart():
                break
        self._streams.finish(self._exit)

    def _restart(self) -> bool:
        record = self._store.get(self._record.id)
        if record is None or record.is_halted:
            return False
        self._record = replace(record, restarts=record.restarts + 1, is_restarting=False)
        try:
            self._begin()
        except (EngineError, OSError) as error:
            self.fail(error)
            return False
        return True

    # -- the beginning

    def _begin(self) -> None:
        """Start process 1 and let it go. EngineError, OSError."""
        for _step in self.steps():
            pass

    def steps(self, placed: Record | None = None) -> Iterator[None]:
        """The same, with a stop wherever process 1 has to be waited for. EngineError, OSError.

        With the record of a container that somebody else gives its networks, that is what it is from then on.
        """
        record = self._record
        control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        failure, failed = os.pipe()
        inside = self._streams.open()
        joined = _namespace_of(self._store, record)
        try:
            pid = container.fork_first(self._store, record, inside, theirs, failed, joined)
        except OSError as error:
            raise EngineError(
                _("the kernel refused the container's namespaces: {error}").format(error=error)
            ) from error
        finally:
            theirs.close()
            os.close(failed)
            for fd in {*(inside or ()), *([joined] if joined >= 0 else [])}:
                os.close(fd)
        self._pidfd = os.pidfd_open(pid)
        with control, os.fdopen(failure, errors="replace") as failure_file:
            yield
            if not control.recv(1):
                raise EngineError(failure_file.read() or _("the container could not be started"))
            self._settle(replace(placed or record, pid=pid), is_placed=placed is not None)
            control.send(b"g")
            if inside is None:
                self._streams.take_terminal(socket.recv_fds(control, 1, 1)[1])
            yield
            message = failure_file.read()
            if message:
                raise EngineError(message)
        self._health = Health(self._store, self._record, self._selector) if record.health else None
        events.of_container(self._record, "start", time.time())

    def _settle(self, record: Record, *, is_placed: bool) -> None:
        """Networks, ports, names: what it has before its program begins."""
        doors: publication.Doors = []
        with self._store.lock():
            if not is_placed:
                record = ports.choose(self._store, record)
                doors = publication.take(record)
                record = endpoints.join_all(self._store, record)
            record = replace(record, started=time.time(), finished=0.0, exit_code=0, error="")
            record = replace(record, is_halted=False, is_paused=False, shim=os.getpid())
            self._store.save(record)
        self._record = record
        if container.has_own_network(record):
            endpoints.show_namespace(record, f"{SANDBOXES}/{record.short_id}")
        if is_placed and record.ports:
            self._follow_networks()
        elif not is_placed:
            self._publication.open(record, doors)
            self._answer_for_names()

    def _follow_networks(self) -> None:
        """Somebody has connected it to a network, or parted it from one."""
        record = self._store.get(self._record.id)
        if record is None or not is_running(record):
            return
        self._record = record
        self._answer_for_names()
        with suppress(EngineError, OSError):
            self._publication.follow(record)

    def _answer_for_names(self) -> None:
        if self._resolver is None and container.has_resolver(self._record):
            with suppress(OSError):  # somebody has that port already
                self._resolver = Resolver(self._store, self._record)
                self._selector.register(self._resolver.door, selectors.EVENT_READ, self._resolver.serve)
                self._selector.register(self._resolver.onward, selectors.EVENT_READ, self._resolver.pass_back)

    # -- its life

    def _serve_until(self, pidfd: int, seconds: float | None = None) -> None:
        """Serve until that process has ended, or so long."""
        deadline = time.monotonic() + seconds if seconds is not None else None
        if pidfd >= 0:
            self._selector.register(pidfd, selectors.EVENT_READ, None)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            if self._health and pidfd >= 0:
                left = self._health.look()
            for key, _mask in self._selector.select(left):
                if key.data is None:
                    self._selector.unregister(pidfd)
                    return
                if key.fd in self._selector.get_map():  # not closed by the one before
                    key.data()

    # -- the end

    def watch(self, on_end: Callable[[Shim], None]) -> None:
        """Once it has begun, where somebody else serves: say when process 1 has ended, and it may `leave`."""
        self._selector.register(self._pidfd, selectors.EVENT_READ, lambda: on_end(self))

    def leave(self) -> None:
        """For good."""
        self._selector.unregister(self._pidfd)
        self._streams.finish(self._end())

    def _end(self) -> int:
        """Process 1 has ended: clear up after it; its exit status."""
        pid, status = os.waitpid(self._record.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._exit = 128 - code if code < 0 else code
        self._streams.drain()
        self._clear_up()
        now = time.time()
        events.of_container(self._record, "die", now, exitCode=str(self._exit))
        with self._store.lock():
            self._store.note_end(pid, self._exit, now)
        if self._record.remove:
            events.of_container(self._record, "destroy", now)
        return self._exit

    def _clear_up(self) -> None:
        os.close(self._pidfd)
        self._pidfd = -1
        self._publication.close()
        if self._health:
            self._health.close()
        if self._resolver:
            for end in (self._resolver.door, self._resolver.onward):
                self._selector.unregister(end)
            self._resolver.close()
            self._resolver = None
        if container.has_own_network(self._record):
            endpoints.hide_namespace(f"{SANDBOXES}/{self._record.short_id}")

    def fail(self, error: Exception) -> None:
        """It did not start: nothing of it is left but its record, which says why."""
        if self._pidfd >= 0:
            with suppress(OSError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
            self._clear_up()
        self._streams.drain()
        said = error.what if isinstance(error, EngineError) else str(error)
        code = 127 if "executable file not found" in said else 128
        record = self._store.get(self._record.id)
        if record and record.remove:
            self._store.remove(record)
        elif record:
            self._store.update(record.id, pid=0, exit_code=code, started=0.0, error=said, is_restarting=False)


def _namespace_of(store: Store, record: Record) -> int:
    """A descriptor of the network namespace that it shares, -1 if none. EngineError."""
    _kind, colon, identity = record.network.partition(":")
    if not colon:
        return -1
    other = store.get(identity)
    if other is None or not is_running(other):
        raise EngineError(f"cannot join network of a non running container: {identity}")
    return os.open(f"/proc/{other.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _wants_restart(record: Record, status: int) -> bool:
    if record.is_halted:
        return False
    if record.restart == "on-failure":
        return status != 0 and (record.retries == 0 or record.restarts < record.retries)
    return record.restart in ("always", "unless-stopped")
