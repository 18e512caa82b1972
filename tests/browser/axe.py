"""axe-core, the checker of accessibility, from npm into build/ and into a page."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from netlab.keeper.address import HOME
from tests.support.need import missing, need

PACKAGE = "axe-core@4.14.1"
FOLDER = HOME / "build/npm"


def script() -> Path:
    """The checker's one file, fetched on first use."""
    file = FOLDER / "node_modules/axe-core/axe.min.js"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        npm = [
            need("npm"),
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(FOLDER),
            PACKAGE,
        ]
        done = subprocess.run(npm, capture_output=True, text=True, check=False)
        if done.returncode:
            missing(f"{PACKAGE} could not be installed: {done.stderr.strip()[-300:]}")
    return file


def violations(page: Page, selector: str) -> list[str]:
    """What is seriously or critically wrong in that part of the page: the rule, and where."""
    page.add_script_tag(path=script())
    found: dict[str, Any] = page.evaluate("selector => axe.run(selector)", selector)
    assert found["passes"], "axe-core has looked at nothing"
    return [
        f"{broken['id']}: {node['html'][:200]} {node['failureSummary']}"
        for broken in found["violations"]
        if broken["impact"] in ("serious", "critical")
        for node in broken["nodes"]
    ]
