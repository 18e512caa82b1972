"""What a lab knows of an engine, and an engine of a lab."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

if TYPE_CHECKING:
    from netlab.linux.netlink.route import RouteSocket
    from netlab.linux.sandbox.unshare import Identity
    from netlab.model import pack

Say = Callable[[str], None]  # is told what is being done, a line each


@dataclass(frozen=True)
class Container:
    """A container that an engine knows of. Whether it runs is for the kernel to say."""

    name: str
    pid: int  # of its process 1, as the lab host numbers it
    runs: bool = True  # as the engine last knew it


@dataclass(frozen=True)
class LabHost:
    """The lab host as the keeper sees it."""

    init: int  # the pid, here, of its process 1
    netns: int  # a descriptor of its network namespace
    start: Callable[
        [Sequence[str], Mapping[str, str], int], Started
    ]  # a daemon: argv, environment, its output

    @property
    def root(self) -> str:
        """Its root directory. The learner's: what is read below it is no evidence."""
        return f"/proc/{self.init}/root"


class Started(Protocol):
    """A daemon that was started in the lab host."""

    def exit_status(self) -> int | None:
        """None while it runs."""

    def close(self) -> None:
        """Let it go on by itself."""


class Resident(Protocol):
    """What does things for `docker` in children of the lab host's process 1, where it need not be loaded."""

    def listen(self) -> BinaryIO:
        """The door at which `docker` asks. OSError."""

    def askers(self, door: BinaryIO) -> Iterator[tuple[int, int]]:
        """Who has knocked: (pid, descriptor of the FIFO in which it waits for the answer), to be closed."""

    def answer(self, asker: int, reply: int) -> None:
        """In such a child: do what it asks for and reply. Whatever goes wrong ends but the child."""


class Engine(Protocol):
    """One way to make containers. Each method runs where its heading says."""

    name: str

    # -- on the machine, before there is a lab

    def identity(self) -> Identity:
        """Which users the lab has. ToolMissing or SandboxRefused when this engine cannot work here."""

    def prepare(self, say: Say) -> list[int]:
        """Descriptors of files of the machine that `lay_out` needs."""

    # -- at the keeper

    def lay_out(self, host: LabHost, files: Sequence[int], say: Say) -> None:
        """The engine's part of the base lab, on top of the uplink: docker0, its rules, a daemon."""

    def containers(self, root: str) -> list[Container]:
        """The containers of the lab host whose root directory is `root`, the oldest first."""

    def about(self, root: str) -> tuple[str, ...]:
        """What of this engine a learner should know: its version, and what that changes in the lessons."""

    # -- in the lab host's process 1

    def programs(self, python: str, home: str) -> dict[str, str]:
        """The scripts of the lab host's /usr/local/sbin; `docker` is one of them."""

    def clear(self) -> None:
        """Be as at the start, when it is called, too: no container is known, and what the engine needs of the
        root file system is there. The processes of containers have been ended. OSError.
        """


@runtime_checkable
class Daemonless(Engine, Protocol):
    """One whose containers are made of what netlab itself does; no program of others works for it.

    So docker0 and its rules are netlab's own, and outlive a reset; they are laid out while the lab host still
    furnishes itself. Process 1 of that keeps account of the containers. And no image is unpacked, which would
    need files of every user and mode.
    """

    # -- at the keeper

    def set_up(self, kernel: RouteSocket) -> None:
        """Give a docker0 that has nothing its address, and set it up."""

    def lay_rules(self, host: LabHost, files: Sequence[int]) -> None:
        """The engine's firewall rules, into a lab host that has none."""

    def describe(self, root: str) -> Mapping[int, pack.Container]:
        """The containers of the lab host whose root directory is `root`, by the pid of their process 1."""

    # -- in the lab host's process 1

    def make(self, containers: Iterable[tuple[str, pack.Container]]) -> None:
        """Running containers of those names, the oldest first, without cables. EngineError, OSError."""

    def end(self, name: str) -> None:
        """End a container and forget it. OSError."""

    def resident(self) -> Resident:
        """What answers `docker` there, loaded; a forkserver asks for it, too, so that all its labs do."""

    def note_end(self, pid: int, status: int, now: float) -> None:
        """A process without a parent ended with that exit status. OSError."""

    def is_clear(self) -> bool:
        """Whether `clear` would do nothing."""
