"""The lab's own image: the machine's network tools and a busybox, as one tar archive. No registry is needed.

It is made once and kept in the user's cache, under a name that says what is in it.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from netlab.engines.protocol import Say
from netlab.errors import EngineError, ToolMissing
from netlab.i18n import gettext as _

NAME = "netlab/lab"
CHANGES = ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 'CMD ["/bin/bash"]']
# From the machine, so that they print what they print in the lab host. All else is busybox's.
PROGRAMS = (
    *(
        "arp",
        "arping",
        "awk",
        "bash",
        "bridge",
        "ethtool",
        "free",
        "getent",
        "grep",
        "hostname",
        "ip",
        "ping",
    ),
    *("ps", "sed", "sh", "ss", "sysctl", "tcpdump", "top", "tracepath", "traceroute"),
)
NEEDED = ("bash", "busybox", "ip", "ping", "ps")
FOLDERS = (
    "dev",
    "etc",
    "home",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "usr/sbin",
    "var/log",
    "var/tmp",
)
FOLDERS_OF_PROGRAMS = ("bin", "sbin", "lib", "lib64")  # links into usr/, where the machine has them so
FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/bash\ntcpdump:x:105:105::/:\nnobody:x:65534:65534::/:\n",
    "etc/group": "root:x:0:\ntcpdump:x:105:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    "etc/os-release": 'ID=netlab\nPRETTY_NAME="netlab\'s own image"\n',
}
COPIED = (
    "etc/services",
    "etc/protocols",
    "etc/iproute2/rt_tables",
    "etc/iproute2/rt_protos",
    "etc/iproute2/rt_scopes",
)


def cache_folder() -> Path:
    """Where images are kept for the next lab, in the user's own cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netlab/images"


def provide(say: Say) -> int:
    """A descriptor of the image's archive, which is made if there is none for what the machine has now."""
    contents = collect()
    archive = cache_folder() / f"{_digest(contents)}.tar"
    try:
        if not archive.exists():
            say(_("Making the lab's image (this once) …"))
            _write(contents, archive)
        return os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise EngineError(
            _("The lab's image cannot be kept in {parent}: {strerror}.").format(
                parent=archive.parent, strerror=error.strerror
            ),
            _("Make room there, or set XDG_CACHE_HOME to a folder of yours."),
        ) from error


def collect() -> dict[str, str]:
    """What goes in: {path in the image: file of the machine}."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
    found = {name: where for name in (*PROGRAMS, "busybox") if (where := shutil.which(name, path=path))}
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise ToolMissing(
            _("The lab's image is made of the machine's own programs, and {missing} is not there.").format(
                missing=", ".join(missing)
            ),
            _(
                "sudo apt-get install busybox-static iproute2 iputils-ping procps (or your "
                "system's). The namespaces engine does without an image: ./run"
            ),
        )
    contents = {f"usr/bin/{name}": where for name, where in found.items()}
    contents |= {_inside(library): library for library in _libraries(found.values())}
    contents |= {name: f"/{name}" for name in COPIED if os.path.isfile(f"/{name}")}
    return contents


def _inside(path: str) -> str:
    """Where a file of the machine is in the image: where the machine has it, past links of folders."""
    return f"{os.path.realpath(os.path.dirname(path))}/{os.path.basename(path)}".lstrip("/")


def _libraries(programs: Iterable[str]) -> set[str]:
    """The shared libraries of these programs, and the loader."""
    done = subprocess.run(
        ["ldd", *programs], capture_output=True, text=True
    )  # a static one gives it status 1
    words = (word for line in done.stdout.splitlines() if line.startswith("\t") for word in line.split())
    return {word for word in words if word.startswith("/") and os.path.isfile(word)}


def _digest(contents: dict[str, str]) -> str:
    """The same for the same contents, made by the same code."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for inside, file in sorted(contents.items()):
        digest.update(f"{inside}\0".encode())
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()[:24]


def _write(contents: dict[str, str], archive: Path) -> None:
    """Write the archive, whole or not at all, and remove what others were made before it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    earlier = [file for file in archive.parent.glob("*.tar") if file != archive]
    with tempfile.NamedTemporaryFile(dir=archive.parent, prefix=".making-", delete=False) as file:
        try:
            with tarfile.open(fileobj=file, mode="w") as tar:
                _fill(tar, contents)
            os.replace(file.name, archive)
        except BaseException:
            os.unlink(file.name)
            raise
    for file_ in earlier:
        file_.unlink(missing_ok=True)


def _fill(tar: tarfile.TarFile, contents: dict[str, str]) -> None:
    for name in FOLDERS:
        _add(tar, name, tarfile.DIRTYPE, mode=0o1777 if name.endswith("tmp") else 0o755)
    for name in FOLDERS_OF_PROGRAMS:
        if os.path.islink(f"/{name}") or name in ("bin", "sbin"):
            _add(tar, name, tarfile.SYMTYPE, target=f"usr/{name}")
    _add(tar, "var/run", tarfile.SYMTYPE, target="/run")
    for name, text in FILES.items():
        _add(tar, name, tarfile.REGTYPE, content=text.encode())
    for inside, file in sorted(contents.items()):
        _add(
            tar, inside, tarfile.REGTYPE, mode=os.stat(file).st_mode & 0o755, content=Path(file).read_bytes()
        )
    listed = subprocess.run(
        [contents["usr/bin/busybox"], "--list"], capture_output=True, text=True, check=True
    )
    for applet in listed.stdout.split():
        if f"usr/bin/{applet}" not in contents:
            _add(tar, f"usr/bin/{applet}", tarfile.SYMTYPE, target="busybox")


def _add(
    tar: tarfile.TarFile, name: str, kind: bytes, *, mode: int = 0o644, content: bytes = b"", target: str = ""
) -> None:
    """One entry that belongs to root and has no time, so that the same image is the same archive."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(content), target
    tar.addfile(entry, io.BytesIO(content))
