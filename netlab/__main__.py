"""python -m netlab: see netlab.cli.main."""

import signal
import sys

from netlab.cli.main import main

if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
