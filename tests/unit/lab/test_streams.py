"""What is handed to a command that reads nothing of it."""

from __future__ import annotations

import subprocess
import sys

WRITES = """
import os, signal
from netlab.lab import streams
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in ./run
reader, writer = os.pipe()
os.close(reader)
try:
    streams._write(writer, b"a note")
except BrokenPipeError:
    print("told", signal.sigpending(), flush=True)
os.write(writer, b"and as ever")
"""


def test_who_reads_nothing_ends_nobody() -> None:
    """`./run` ends by a signal where its own reader has gone, and by no command's that it hands something."""
    done = subprocess.run([sys.executable, "-c", WRITES], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("told set()\n", -13), done.stderr
