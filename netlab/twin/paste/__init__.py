"""A network out of what somebody pasted: the listings of ip, iptables, sysctl, docker, brctl and route.

    read(text)      a Pack, whose remarks say what was read, what was not, and what to ask for

Nobody is believed, and nothing is guessed silently: what a listing would have said and is not there is named.
"""

from __future__ import annotations

from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.model import codec
from netlab.model.pack import Pack
from netlab.model.pack_check import check
from netlab.twin.paste.assemble import assemble
from netlab.twin.paste.listings import Pasted, listings

LARGEST = 1 << 23  # bytes of all
MOST_FILES = 64


def read(text: str, name: str = "pasted") -> Pack:
    """The network of a pasted text. BadInput, with what to ask for, where it is too little for one."""
    found = Pasted()
    for listing in listings(text):
        found = listing.read(found)
    if not found.links:
        raise BadInput(
            _("There is too little to build a network from: no links and addresses."),
            _("Ask for the output of: {commands}").format(commands=", ".join(["ip addr", *found.gaps()])),
        )
    made = assemble(found, name)
    try:
        check(made)
    except codec.Malformed as error:
        what = _("What was pasted makes no network: {error}.").format(error=error)
        raise BadInput(what, _("Ask for the output of: {commands}").format(commands="ip addr")) from None
    return made


def read_path(path: Path) -> Pack:
    """The same of a text file, or of all files in a folder, in the order of their names. BadInput."""
    try:
        if path.is_dir():
            names = files.names(str(path), most=MOST_FILES)
            texts = [files.read(str(path), each, LARGEST) for each in names if not each.startswith(".")]
        else:
            texts = [files.read_in(path.absolute(), LARGEST)]
    except OSError as error:
        what = _("{source} cannot be read: {error}.").format(source=path, error=error.strerror or error)
        raise BadInput(what, _("Name a file, or a folder with nothing but files.")) from None
    if sum(map(len, texts)) > LARGEST:
        raise BadInput(_("{source} is too large to have been pasted.").format(source=path))
    return read("\n".join(text.decode("utf-8", "replace") for text in texts), path.stem[:40] or "pasted")
