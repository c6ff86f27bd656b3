"""What a peer may read of this node's journal: past runs of the services that both of them may run, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.actions.peering.replication import service_of_peer
from opensvc_core.cluster.wire import WireError
from opensvc_core.cluster.wire_history import command_out, run_record_out
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit

MOST_RUNS = 200
"""Runs that one answer tells of."""
MOST_COMMANDS = 2000
"""Commands of one run that are told, the first ones."""
LOOKED_THROUGH = 2000
"""Runs of all services that are looked through for those that both nodes share."""
LONGEST_ID = 64


def history(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Past runs here, the newest first; of one run also its commands. Changes nothing.

    Its data: ``service``, a name, empty for all that are shared; ``run``, an id, empty for a list; ``limit``, how many.

    Raises:
        WireError: the data are not these.
        ActionError: the peer is no node of that service by the file here.
        ServiceNotFound, ConfigError, JournalError: as they say.
    """
    agent, data = visit.agent, call.data
    name, run_id, limit = data["service"], data["run"], data["limit"]
    is_number = isinstance(limit, int) and not isinstance(limit, bool) and 0 < limit <= MOST_RUNS
    if not isinstance(name, str) or not isinstance(run_id, str) or len(run_id) > LONGEST_ID or not is_number:
        raise WireError("a history has a service, a run and a limit", hint="do both nodes run the same version?")
    if name:
        service_of_peer(visit, name)
    # One run has a record for each of its services.
    found = agent.history(name, LOOKED_THROUGH if run_id or not name else limit, run_id=run_id)
    shared = {each: _is_shared(visit, each) for each in {record.service for record in found}}
    records = [record for record in found if shared[record.service]][: MOST_RUNS if run_id else limit]
    commands = agent.commands(records[0].id) if run_id and records else []
    told = [command for command in commands if shared.get(command.service)]
    return {
        "runs": [run_record_out(record) for record in records],
        "commands": [command_out(command) for command in told[:MOST_COMMANDS]],
    }


def _is_shared(visit: Visit, name: str) -> bool:
    try:
        service_of_peer(visit, name)
    except OpenSVCError:
        return False
    return True
