"""./run pack, unpack and copy: a network as a file, and as a lab of its own."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.lab import Lab
from netlab.lab.packing import save
from netlab.model.pack import Pack


def pack(options: argparse.Namespace) -> None:
    """A lab as a file."""
    if options.here:
        from netlab.twin import here  # here: who packs a lab does not need it

        found = here.pack()
    else:
        found = Lab.find(options.lab).pack()
    if options.redact:
        from netlab.twin.redact import redact  # here, too

        found = redact(found)
    path = Path(options.output or f"{found.name}.netpack")
    save(found, path)
    count = len(found.nodes)
    told = ngettext("{path}: {count} node", "{path}: {count} nodes", count)
    print(told.format(path=path, count=count))
    for remark in found.remarks:
        print(f"  {remark}")


def unpack(options: argparse.Namespace) -> None:
    """A file as a lab, or what somebody pasted."""
    path = Path(options.file)
    if path.is_dir() or (path.is_file() and not zipfile.is_zipfile(path) and path.suffix != ".netpack"):
        from netlab.twin import paste  # here: a pack does not need it

        found: str | Pack = paste.read_path(path)
    else:
        found = options.file
    _tell(Lab.unpack(found, options.lab))


def copy(options: argparse.Namespace) -> None:
    """A lab once more."""
    _tell(Lab.find(options.original).copy(options.lab))


def try_(options: argparse.Namespace) -> int:
    """A command in a copy. Exit status: the command's."""
    from netlab.twin.experiment import attempt

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    trial = attempt(Lab.find(options.lab), command, map(tuple, options.ping), node=options.node)
    print("\n".join(trial.lines))
    return trial.status


def undo(options: argparse.Namespace) -> None:
    """A lab as it was."""
    undone = Lab.find(options.lab).undo(options.mark)
    print("\n".join((_("the lab is as before {label}").format(label=undone.label), *undone.lines)))


def _tell(lab: Lab) -> None:
    what = _(
        "The lab {name!r} is up. A shell in it: ./run --lab {name} shell   End it: ./run --lab {name} down"
    )
    print(what.format(name=lab.name))
    for line in lab.status().about:
        print(f"  {line}")
