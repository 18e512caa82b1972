"""A pack on its way: to and from a file, and to a keeper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.model import codec, netpack
from netlab.model.pack import Pack
from netlab.model.pack_check import check


def save(found: Pack, path: Path) -> None:
    """Write the file, whole or not at all. BadInput where that cannot be."""
    try:
        files.replace(str(path.absolute().parent), path.name, netpack.write(found), 0o644)
    except OSError as error:
        raise BadInput(
            _("{path} cannot be written: {error}.").format(path=path, error=error.strerror or error),
            _("Name another file."),
        ) from error


def load(source: str | Path | Pack) -> Pack:
    """The network of a file, or a value that is consistent. BadInput, with the reason in one line."""
    try:
        if isinstance(source, Pack):
            check(source)
            return source
        return netpack.read(files.read_in(Path(source).absolute(), netpack.LARGEST_FILE))
    except codec.Malformed as error:
        what = _("{source} is no pack: {error}.").format(source=_name(source), error=error)
        raise BadInput(what, _("Make one: ./run pack -o FILE.netpack")) from None
    except OSError as error:
        what = _("{source} cannot be read: {error}.").format(
            source=_name(source), error=error.strerror or error
        )
        raise BadInput(what, _("Name a file that ./run pack has made.")) from None


def _name(source: str | Path | Pack) -> str:
    return source.name if isinstance(source, Pack) else str(source)


@contextmanager
def hand_over(wanted: Pack) -> Iterator[int]:
    """The pack as a file of no folder's, whatever its size: its descriptor is what goes to the keeper."""
    fd = os.memfd_create("netlab-pack")
    try:
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(codec.write(wanted))
        yield fd
    finally:
        os.close(fd)
