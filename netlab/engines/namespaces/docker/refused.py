"""How the stand-in says no, and how it finds the container that is meant."""

from __future__ import annotations

from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.i18n import N_

ELSEWHERE = N_("The namespaces engine does not have it; real Docker does: ./run --engine docker")


class Refused(Exception):
    """A message for standard error, and the exit status that Docker gives there."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def find(store: Store, name: str, who: str = "Error") -> Record:
    """The container of that name or id. Refused if there is none; `who` says so."""
    for record in store.all():
        if name == record.name or (len(name) >= 3 and record.id.startswith(name)):
            return record
    raise Refused(f"{who}: No such container: {name}")


def find_running(store: Store, name: str) -> Record:
    """The same, of one that runs. Refused."""
    record = find(store, name)
    if not is_running(record):
        raise Refused(f"Error response from daemon: Container {record.id} is not running")
    return record
