"""docker cp: files into a container and out of it.

What is in the container is read and written by a child that sees the container's files and no others, so a
link in there leads nowhere else; the two sides speak tar. What comes out is made below the folder that was
named, and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import posixpath
import sys
import tarfile
from collections.abc import Callable
from typing import IO, NoReturn

from netlab.engines.namespaces import container
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.i18n import gettext as _

LARGEST = 256 << 20  # bytes that are copied at once
MOST = 20_000  # files


def copy(options: argparse.Namespace, store: Store) -> None:
    """docker cp CONTAINER:SOURCE TARGET, or the other way round; "-" is a tar archive. Refused."""
    inside, outside = _place(options.source), _place(options.target)
    if inside and outside:
        raise Refused("copying between containers is not supported")
    if not inside and not outside:
        raise Refused(
            '"docker cp" must specify at least one container source: docker cp CONTAINER:SRC_PATH DEST_PATH'
        )
    name, path = inside or outside or ("", "")
    record = find(store, name, "Error response from daemon")
    if not is_running(record):
        raise Refused(
            _(
                "docker cp: {name} does not run, and here a container's files are there as long as it runs."
            ).format(name=record.name)
        )
    if inside:
        _copy(_reader(record, path), lambda pipe: _unpack_here(pipe, options.target), f"{name}:{path}")
    else:
        _copy(lambda pipe: _pack_here(pipe, options.source), _writer(record, path), f"{name}:{path}")


def _place(word: str) -> tuple[str, str] | None:
    """(the container, the path in it); None for a path of the lab host's."""
    name, colon, path = word.partition(":")
    return (name, path) if colon and name and not word.startswith(("/", ".")) else None


def _copy(write: Callable[[IO[bytes]], None], read: Callable[[IO[bytes]], None], place: str) -> None:
    """One side writes an archive, and the other one reads it; each may be a child. Refused."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        _end_with(write, into, "wb")
    os.close(into)
    reader = os.fork()
    if reader == 0:
        _end_with(read, out, "rb")
    os.close(out)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in (child, reader)]
    if 1 in statuses:
        raise Refused(f"Error: No such container:path: {place}")
    if any(statuses):
        raise Refused(f"docker cp: {place}: nothing was copied, or not all of it.")


def _end_with(work: Callable[[IO[bytes]], None], fd: int, mode: str) -> NoReturn:
    try:
        with os.fdopen(fd, mode) as pipe:
            work(pipe)
        os._exit(0)
    except FileNotFoundError:
        os._exit(1)
    except tarfile.ReadError:  # the other side has written nothing, and says why
        os._exit(3)
    except (OSError, tarfile.TarError, ValueError) as error:
        print(f"docker cp: {error}", file=sys.stderr)
        os._exit(2)
    finally:
        os._exit(2)


def _reader(record: Record, path: str) -> Callable[[IO[bytes]], None]:
    def work(pipe: IO[bytes]) -> None:
        container.enter_files(record.pid)
        _pack(pipe, path if path.startswith("/") else f"/{path}")

    return work


def _writer(record: Record, path: str) -> Callable[[IO[bytes]], None]:
    def work(pipe: IO[bytes]) -> None:
        container.enter_files(record.pid)
        _unpack(pipe, path if path.startswith("/") else f"/{path}")

    return work


def _pack_here(pipe: IO[bytes], path: str) -> None:
    if path == "-":
        while data := sys.stdin.buffer.read(1 << 16):
            pipe.write(data)
    else:
        _pack(pipe, path)


def _unpack_here(pipe: IO[bytes], path: str) -> None:
    if path == "-":
        while data := pipe.read(1 << 16):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _unpack(pipe, path)


def _pack(pipe: IO[bytes], path: str) -> None:
    """A file or folder under its own name; what is in a folder, under ".", where the path ends in "/."."""
    os.lstat(path)
    is_content = path.endswith("/.")
    name = "." if is_content else os.path.basename(os.path.normpath(path)) or "."
    total = count = 0

    def limit(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        nonlocal total, count
        total, count = total + entry.size, count + 1
        if total > LARGEST or count > MOST:
            raise ValueError(f"more than {LARGEST >> 20} MiB or {MOST} files")
        return entry if entry.isreg() or entry.isdir() or entry.issym() else None

    with tarfile.open(fileobj=pipe, mode="w|") as tar:
        tar.add(os.path.normpath(path), arcname=name, filter=limit)


def _unpack(pipe: IO[bytes], path: str) -> None:
    """Into that folder; under that name where there is no such folder, but the one above."""
    into_folder = os.path.isdir(path)
    folder = path if into_folder else os.path.dirname(os.path.normpath(path)) or "."
    rename = "" if into_folder else os.path.basename(os.path.normpath(path))
    if not os.path.isdir(folder) or (path.endswith("/") and not into_folder):
        while pipe.read(1 << 16):
            pass
        raise FileNotFoundError(folder)
    total = count = 0
    with tarfile.open(fileobj=pipe, mode="r|") as tar:
        # Python before 3.11.4 has none.
        tar.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        for entry in tar:
            total, count = total + entry.size, count + 1
            if total > LARGEST or count > MOST:
                raise ValueError(f"more than {LARGEST >> 20} MiB or {MOST} files")
            if rename:
                first, slash, rest = entry.name.partition("/")
                entry.name = (
                    posixpath.normpath(f"{rename}{slash}{rest}") if first != "." else f"{rename}/{rest}"
                )
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""  # a name would go first, and lead to somebody whom there is not
            entry.mode &= 0o777  # no set-user-ID bit comes along
            _check_is_below(entry.name, folder)
            tar.extract(entry, folder)


def _check_is_below(name: str, folder: str) -> None:
    """Whether the file of that name would be made in that folder, whatever links there are. ValueError."""
    root = os.path.realpath(folder)
    if os.path.commonpath([root, os.path.realpath(os.path.join(root, name))]) != root:
        raise ValueError(f"{name} leads out of the folder")
