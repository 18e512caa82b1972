"""How Chromium is started: by the browser tests, and by the bench."""

from __future__ import annotations

# What a Chromium would do by itself on the network.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-sandbox",  # it cannot have one as root, and it sees nothing but our own pages
]
