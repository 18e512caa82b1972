"""Where no registry is in reach, the name of an image is answered by the lab's own."""

from __future__ import annotations

import re
import subprocess
import sys

from netlab.engines.docker import image
from netlab.engines.docker.api import Daemon
from netlab.errors import EngineError
from netlab.i18n import gettext as _

OUT_OF_REACH = re.compile(r"dial tcp|lookup |no such host|unreachable|timeout|deadline exceeded|refused")


def answer_for(client: str, name: str, *, pull: bool) -> bool:
    """Give the lab's own image that name, if there is no such image (or a `pull` asks for a newer one) and no
    registry to have it from. Whether it was done."""
    daemon = Daemon()
    try:
        if not pull and daemon.has_image(name):
            return False
        pulled = subprocess.run([client, "pull", "--quiet", name], capture_output=True, text=True)
        if pulled.returncode == 0 or not OUT_OF_REACH.search(pulled.stderr):
            return False
        daemon.tag(image.NAME, *parse_name(name))
    except (OSError, EngineError):
        return False  # the client will say it better
    print(
        _("(lab: no registry is in reach, so {name} is answered by the lab's own image)").format(name=name),
        file=sys.stderr,
    )
    return True


def parse_name(name: str) -> tuple[str, str]:
    """ "centos:8.1.1911" → ("centos", "8.1.1911"); a colon before a slash is a registry's port."""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")
