"""The process behind keeper.ForkServer: it has loaded what a lab's keeper needs, and becomes one by forking.

Run as `python -m netlab.keeper.forkserver` by netlab.keeper.launch, which see.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NoReturn

from netlab import engines
from netlab.engines.protocol import Daemonless, Engine
from netlab.errors import LabError, NetlabError, ToolMissing
from netlab.i18n import gettext as _
from netlab.i18n import speaking
from netlab.keeper import protocol
from netlab.keeper.server import Keeper
from netlab.keeper.spec import LabSpec, furnish, stage
from netlab.linux import syscalls
from netlab.linux.sandbox import unshare


def _first_process(
    plan: LabSpec, doors: socket.socket, report: socket.socket, files: Sequence[int]
) -> NoReturn:
    """In the new world: furnish it, start the lab host, lay out the base lab, tell, serve."""
    try:
        syscalls.set_name("netlab-keeper")
        furnish(plan)
        holder = Keeper(plan, doors, files)
        holder.build(lambda text: protocol.send(report, {"progress": text}))
        protocol.send(report, {"ok": True})
        report.close()
        holder.serve()
    except NetlabError as error:
        protocol.complain(report, error)
    except FileNotFoundError as error:
        traceback.print_exc()
        protocol.complain(
            report,
            ToolMissing(
                _("{filename} is not there, and a lab needs it.").format(filename=error.filename),
                _("Look at: ./run doctor"),
            ),
        )
    except BaseException as error:
        traceback.print_exc()
        protocol.complain(
            report,
            LabError(
                _("The lab could not be laid out: {error}.").format(error=error), _("Look at: ./run doctor")
            ),
        )
    finally:
        os._exit(1)


def main() -> None:
    """The argument is the descriptor of a socket on which orders come, each with a plan and descriptors: of
    the listening door, the socket that is told when the lab is ready, the log, and the engine's files.
    """
    syscalls.join_new_session_keyring()
    orders = socket.socket(fileno=int(sys.argv[1]))
    with suppress(protocol.Closed):
        for number in count():
            order, fds = protocol.receive(orders, seconds=None)
            if number == 1:  # there will be more: what each lab host would load by itself, they share
                _load(engines.engine(order["plan"]["engine"]))
            gc.freeze()  # so is what is loaded by now
            door, report = (socket.socket(fileno=fd) for fd in fds[:2])
            with door, report, speaking(order["language"]):
                _make(order["plan"], door, report, fds[2:], orders)
            for fd in fds[2:]:
                os.close(fd)


def _load(engine: Engine) -> None:
    if isinstance(engine, Daemonless):
        engine.resident()
    from netlab.keeper import populate, twin  # noqa: F401
    from netlab.linux.ruleset import iptables
    from netlab.model import codec
    from netlab.model.outside import empty
    from netlab.model.pack import Pack

    codec.read(Pack, codec.write(Pack("", nodes=(empty("host", "host"),))))  # its schema, made once
    iptables.check("-p tcp -j ACCEPT", ())


def _make(
    words: Mapping[str, Any],
    door: socket.socket,
    report: socket.socket,
    fds: Sequence[int],
    orders: socket.socket,
) -> None:
    """Make the keeper's world, or tell why not; `fds` are the log and the engine's files."""
    plan = LabSpec.parse(words)

    def prepare() -> None:
        """In a child that is on its way there."""
        nonlocal plan
        os.setsid()
        for stream in (1, 2):
            os.dup2(fds[0], stream)
        os.close(fds[0])
        orders.close()
        plan = stage(plan, owners)

    try:
        owners = unshare.roots_owners()
        identity = engines.engine(plan.engine).identity()
        unshare.spawn(identity, lambda: _first_process(plan, door, report, fds[1:]), prepare)
    except NetlabError as error:
        protocol.complain(report, error)
    except OSError as error:
        traceback.print_exc()
        protocol.complain(report, unshare.why_refused(error))


if __name__ == "__main__":
    main()
