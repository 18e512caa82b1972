"""A pack as a file: a zip archive of two JSON files, and nothing is ever unpacked from it onto a disk.

    manifest.json   what this is, its version, when and by which netlab it was made, what could not be read
    network.json    the Pack, by the schema of netlab.model.codec

The file may come from anybody. Its size, its entries, and what they grow to are bounded before they are read.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, replace

from netlab.i18n import gettext as _
from netlab.model import bounded_json, codec, pack
from netlab.model.codec import Malformed
from netlab.model.fields import INT, Count
from netlab.model.pack import VERSION, Pack
from netlab.model.pack_check import check

MANIFEST, NETWORK = "manifest.json", "network.json"
FORMAT = "netpack"
LARGEST_FILE, LARGEST = 1 << 25, 1 << 26  # bytes of the file, of the network in it
BOUNDS = bounded_json.Bounds(size=LARGEST, depth=16, values=1 << 21, most=INT.most)
MANIFEST_BOUNDS = bounded_json.Bounds(size=1 << 20, depth=8, values=20_000, most=INT.most)
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OSError),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: one network makes one file


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in front of a network."""

    format: str
    version: int  # of the schema
    name: str = ""
    made: Count = 0
    nodes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def write(found: Pack) -> bytes:
    """The file."""
    nodes = tuple(node.name for node in found.nodes)
    manifest = Manifest(FORMAT, VERSION, found.name, found.made, nodes, found.remarks)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((MANIFEST, manifest), (NETWORK, found)):
            text = json.dumps(codec.to_plain(content), ensure_ascii=False, indent=1) + "\n"
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8", "backslashreplace"))
    return made.getvalue()


def read(content: bytes) -> Pack:
    """What was packed. Malformed, with the reason, for anything else."""
    if len(content) > LARGEST_FILE:
        raise Malformed(_("the file has more than {most} bytes").format(most=LARGEST_FILE))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive)
            manifest = _manifest(_entry(archive, MANIFEST, MANIFEST_BOUNDS.size))
            network = _entry(archive, NETWORK, LARGEST)
    except Malformed:
        raise
    except BROKEN:
        raise Malformed(_("it is no zip archive, or a broken one")) from None
    try:
        found = codec.from_plain(Pack, bounded_json.loads(network, BOUNDS))
    except bounded_json.NotJson as error:
        raise Malformed(f"{NETWORK}: {error}") from None
    check(found)
    return replace(found, remarks=manifest.remarks or found.remarks)


def _check_entries(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if sorted(entry.filename for entry in entries) != [MANIFEST, NETWORK]:
        raise Malformed(
            _("it does not hold {names}, and nothing else").format(names=f"{MANIFEST}, {NETWORK}")
        )
    for entry in entries:
        if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Malformed(_("{name} is packed in a way that is not read here").format(name=entry.filename))


def _entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """One entry, as far as it may grow."""
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Malformed(_("{name} has more than {most} bytes").format(name=name, most=most))
    return content


def _manifest(content: bytes) -> Manifest:
    try:
        plain = bounded_json.table(content, MANIFEST_BOUNDS)
    except bounded_json.NotJson as error:
        raise Malformed(f"{MANIFEST}: {error}") from None
    version = plain.get("version")
    if plain.get("format") != FORMAT or type(version) is not int or version < 1:
        raise Malformed(_("{name} says that it is no pack").format(name=MANIFEST))
    if version > pack.VERSION:
        told = _("it was made by a newer netlab (schema {version}; this one reads up to {own})")
        raise Malformed(told.format(version=version, own=pack.VERSION))
    return codec.from_plain(Manifest, plain)
