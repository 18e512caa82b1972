"""./run trace --from NODE ADDRESS (or NAME), and ./run trace --all."""

from __future__ import annotations

import argparse

from netlab.errors import BadInput, NetlabError
from netlab.i18n import gettext as _
from netlab.lab import Lab

EXIT_FAILED = 1


def run(options: argparse.Namespace) -> int:
    """Exit status 0: reached, 1: not reached, 2: could not be traced."""
    if options.all:
        from netlab.cli.reach import trace_all  # here: a trace of one does not need it

        return trace_all(options)
    *source, destination = options.destination or [""]
    if not destination or len(source) > 1:
        raise BadInput(_("trace needs an address, or --all."), "./run trace --from NODE ADDRESS")
    node = source[0] if source else options.source
    from netlab.diagnosis import here
    from netlab.diagnosis.names import find_address
    from netlab.diagnosis.text import as_json, as_text
    from netlab.diagnosis.trace import trace

    words = {name: getattr(options, name) for name in ("proto", "port", "size", "df")}
    try:
        if options.here:
            verdict = here.trace(node, destination, **words)
        else:
            lab = Lab.find(options.lab)
            verdict = trace(lab, node, find_address(lab, node, destination), **words)
    except NetlabError as error:
        raise BadInput(error.what, error.next_step) from error
    print(as_json(verdict) if options.json else as_text(verdict))
    return 0 if verdict.received == verdict.sent else EXIT_FAILED
