"""What a container sees of the lab host's files: -v, --mount and --tmpfs.

A source is looked up in the lab host, as whoever types it would: no path leads out of that. What is bound
keeps what it is there: the machine's programs, which are read-only, stay so. Where it is put is looked up in
the container's own root, of which nothing has run yet.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from netlab.engines.namespaces import fast_path
from netlab.engines.namespaces.store import Mount
from netlab.errors import EngineError
from netlab.linux import files, syscalls
from netlab.linux.sandbox import rootfs

VOLUMES = Path(fast_path.VOLUMES)
MOST_FOLDERS = 1000
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}", re.ASCII)
MODES = {
    "ro",
    "rw",
    "z",
    "Z",
    "cached",
    "delegated",
    "consistent",
    "nocopy",
    *("rshared", "rslave", "rprivate"),
}
KEYS = {
    "type",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "tmpfs-size",
    "volume-driver",
}
KEYS |= {"bind-propagation", "consistency", "tmpfs-mode"}


def parse_volume(text: str) -> Mount:
    """ "/a:/b:ro", "name:/b", "/b" as a Mount; EngineError in Docker's words."""
    words = text.split(":")
    if len(words) > 3 or not all(words):
        raise EngineError(f"invalid volume specification: '{text}'")
    modes = set(words.pop().split(",")) if len(words) == 3 else set()
    if modes - MODES:
        raise EngineError(f"invalid mode: {','.join(sorted(modes - MODES))}")
    target, source = words[-1], words[0] if len(words) == 2 else ""
    if not target.startswith("/"):
        raise EngineError(
            f"invalid volume specification: '{text}': invalid mount config "
            'for type "volume": invalid mount '
            f"path: '{target}' mount path must be absolute"
        )
    return _mount("bind" if source.startswith("/") else "volume", source, target, "ro" in modes)


def parse_mount(text: str) -> Mount:
    """ "type=bind,source=/a,target=/b,readonly" as a Mount; EngineError in Docker's words."""
    words = dict(word.strip().partition("=")[::2] for word in text.split(","))
    unknown = sorted(set(words) - KEYS)
    if unknown:
        raise EngineError(f"unexpected key '{unknown[0]}' in '{text}'")
    source = words.get("source") or words.get("src") or ""
    target = words.get("target") or words.get("dst") or words.get("destination") or ""
    kind = words.get("type", "volume")
    if kind not in ("bind", "volume", "tmpfs"):
        raise EngineError(f"mount type unknown: '{kind}'")
    if not target.startswith("/"):
        raise EngineError(f'invalid mount config for type "{kind}": field Target must not be empty')
    if kind == "bind" and not os.path.lexists(source):
        raise EngineError(
            f'invalid mount config for type "bind": bind source path does not exist: {source or "(none)"}'
        )
    flag = words.get("readonly", words.get("ro"))
    return _mount(kind, source, target, flag is not None and flag not in ("false", "0"))


def _mount(kind: str, source: str, target: str, read_only: bool) -> Mount:
    target = os.path.normpath(target)
    if target in ("/", "//"):
        raise EngineError("invalid volume specification: destination can't be '/'")
    if kind != "volume":
        return Mount(target, source if kind == "bind" else "", kind, "", read_only)
    name = source or os.urandom(32).hex()
    if not NAME.fullmatch(name):
        raise EngineError(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to '
            "pass a host directory, use absolute path"
        )
    return Mount(target, str(VOLUMES / name / "_data"), kind, name, read_only)


def provide(mounts: tuple[Mount, ...]) -> None:
    """Make the folders of volumes, and of -v with a folder that is not there, as Docker does. EngineError."""
    for mount in mounts:
        try:
            if mount.source and not os.path.lexists(mount.source):
                os.makedirs(mount.source)
        except OSError as error:
            raise EngineError(
                f"error while creating mount source path '{mount.source}': {error.strerror}"
            ) from error


def remove_nameless(mounts: tuple[Mount, ...]) -> None:
    """Remove the folders of those volumes to which nobody gave a name."""
    for mount in mounts:
        if re.fullmatch(r"[0-9a-f]{64}", mount.volume):
            shutil.rmtree(VOLUMES / mount.volume, ignore_errors=True)


def open_sources(mounts: tuple[Mount, ...]) -> list[tuple[Mount, int]]:
    """Each with a descriptor of what is to be seen of the lab host, -1 for a tmpfs, while that is in sight.
    OSError."""
    return [(mount, syscalls.clone_tree(mount.source) if mount.source else -1) for mount in mounts]


def bind(opened: list[tuple[Mount, int]]) -> None:
    """In the container's root: put each where it belongs, outer ones first, and close them. OSError."""
    for mount, tree in sorted(opened, key=lambda pair: pair[0].target.count("/")):
        if tree < 0:
            make_place(mount.target, is_folder=True)
            syscalls.mount("tmpfs", mount.target, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV)
            continue
        make_place(mount.target, is_folder=os.path.isdir(f"/proc/self/fd/{tree}"))
        syscalls.attach_tree(tree, mount.target)
        os.close(tree)
        if mount.read_only:
            syscalls.make_read_only(mount.target)


def make_place(target: str, *, is_folder: bool) -> None:
    """A folder or a file to mount on, also where the container's root is the machine's, read-only."""
    if os.path.lexists(target):
        return
    parent = target if is_folder else os.path.dirname(target)
    there = parent
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    try:
        os.makedirs(parent, exist_ok=True)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        rootfs.make_writable(there)
        os.makedirs(parent, exist_ok=True)
    if not is_folder:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o644))


def make_volume(name: str) -> None:
    """The folder of a volume. OSError."""
    os.makedirs(VOLUMES / name / "_data", exist_ok=True)


def remove_volume(name: str) -> None:
    """Take it away with all that is in it."""
    if NAME.fullmatch(name):
        shutil.rmtree(VOLUMES / name, ignore_errors=True)


def volumes() -> list[str]:
    """The names of the volumes that there are."""
    return [name for name in files.names("/", str(VOLUMES)) if NAME.fullmatch(name)]


def room(volume: str) -> int:
    """Bytes of its files, as far as one looks."""
    total = 0
    for number, (folder, _, names) in enumerate(os.walk(VOLUMES / volume / "_data")):
        if number > MOST_FOLDERS:
            break
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total
