"""./run reach "FROM → TO" and ./run trace --all: who reaches whom, and what is otherwise than before."""

from __future__ import annotations

import argparse

from netlab.diagnosis.reach.answer import YES
from netlab.diagnosis.reach.ask import reach
from netlab.diagnosis.reach.text import as_json, as_matrix, as_text
from netlab.errors import BadInput, NetlabError
from netlab.i18n import gettext as _
from netlab.lab import Lab
from netlab.lab.packing import load
from netlab.model.pack import Pack

EXIT_FAILED = 1
EVERYBODY = "* → *"


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1: compared, something is otherwise or cannot be told; 2: it could not be asked."""
    try:
        lab = Lab.find(options.lab)
        found = reach(lab, " ".join(options.question) or EVERYBODY, _before(lab, options))
    except NetlabError as error:
        raise BadInput(error.what, error.next_step) from error
    print(as_json(found) if options.json else as_text(found))
    return EXIT_FAILED if found.compared and (found.changes or found.unsure) else 0


def _before(lab: Lab, options: argparse.Namespace) -> Pack | None:
    if options.since and options.against:
        raise BadInput(_("--since and --against are two comparisons."), _("Make one after the other."))
    if options.against:
        return load(options.against)
    return lab.pack_at(options.since) if options.since else None


def trace_all(options: argparse.Namespace) -> int:
    """Everybody to everybody. Exit status 0: all get through, 1: some do not, 2: it could not be asked."""
    if options.here or options.destination:
        raise BadInput(
            _("--all is about all of a lab: it takes no address, and no --here."), "./run trace --all"
        )
    try:
        found = reach(Lab.find(options.lab))
    except NetlabError as error:
        raise BadInput(error.what, error.next_step) from error
    print(as_json(found) if options.json else as_matrix(found))
    return 0 if all(answer.answer == YES for answer in found.answers) else EXIT_FAILED
