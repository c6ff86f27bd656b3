"""``virsh migrate``: the source's half, and the client's order of it all; texts captured, libvirt 9.0.0, unless [R].

The guest runs here until its memory has gone over, is paused then, goes on there, and is given up here. What fails
before that leaves it running here; so does an answer that does not come, and it may run there too, as in libvirt [R].
"""

from __future__ import annotations

import time

from opensvc_testkit.executables import incoming, jobs, life
from opensvc_testkit.executables.call import POLL, NotSimulatedError
from opensvc_testkit.executables.virsh_destination import SameWorld, destination
from opensvc_testkit.executables.virsh_session import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.virsh_destination import Socket
    from opensvc_testkit.executables.virsh_session import Session
    from opensvc_testkit.executables.virsh_words import Command

SIMULATED = frozenset({"live", "persistent", "undefinesource", "unsafe", "verbose"})
NOT_RUNNING = "Requested operation is not valid: domain is not running"
UNSAFE = "Unsafe migration: Migration without shared storage is unsafe"
ABORTED = "operation aborted: job 'migration out' canceled by client"


def migrate(call: Call, uri: str, command: Command) -> None:
    """Move a guest. Raises RefusedError; NotSimulatedError for other ways of it."""
    from opensvc_testkit.executables.virsh import at

    if other := command.flags - SIMULATED or command.data.keys() - {"domain", "desturi", "migrateuri"}:
        raise NotSimulatedError(f"migrate --{min(other)}")
    word, is_live = command.get("domain"), "live" in command.flags
    name = at(call, uri, lambda session: session.domain(word)["name"])
    there = destination(call, command.get("desturi"), command.get("migrateuri"))
    xml = at(call, uri, lambda session: _begin(session, name, there, is_safe="unsafe" in command.flags))
    try:
        there.prepare(xml, xml if "persistent" in command.flags else "")
        _perform(call, uri, name, there, is_live=is_live)
        there.finish()
    except (RefusedError, KeyboardInterrupt) as error:
        at(call, uri, lambda session: _resume(session, name))
        there.abandon()
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(ABORTED) from None
    at(call, uri, lambda session: _confirm(session, name, undefines="undefinesource" in command.flags))


def run(session: Session, command: Command) -> str:
    """``virsh domjobabort``; it prints nothing. Raises RefusedError."""
    domain = session.domain(command.get("domain"))
    if not life.is_active(domain):
        raise RefusedError(NOT_RUNNING)
    if domain["job"] is None:
        raise RefusedError("Requested operation is not valid: no job is active on the domain")
    domain["job"]["is_aborted"] = True
    return ""


def _begin(session: Session, name: str, there: SameWorld | Socket, *, is_safe: bool) -> str:
    """The definition to send; the domain is busy from now on."""
    domain = session.domain(name)
    if not life.is_active(domain):
        raise RefusedError(NOT_RUNNING)
    if domain["job"] is not None:
        raise RefusedError(
            f"Requested operation is not valid: another migration job is already running for domain '{name}'"
        )
    live = domain["live"] or domain["config"]
    if live is None:
        raise RefusedError(NOT_RUNNING)
    has_files = any(disk["type"] == "file" and disk["device"] == "disk" for disk in live["disks"])
    if has_files and not session.guest(domain)["has_shared_images"] and not is_safe:
        raise RefusedError(UNSAFE)
    if there.node == session.node["name"]:
        raise RefusedError(f"internal error: Attempt to migrate guest to the same host {_host_uuid(there.node)}")
    jobs.begin(domain, jobs.OUT)
    return live["xml"]


def _host_uuid(node: str) -> str:
    """A number that every node has as its own."""
    digits = node.encode().hex().ljust(32, "0")[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _perform(call: Call, uri: str, name: str, there: SameWorld | Socket, *, is_live: bool) -> None:
    """Send the memory, until all of it is there. Raises RefusedError."""
    from opensvc_testkit.executables.virsh import at

    began = at(call, uri, lambda session: session.now)
    while not (memory := at(call, uri, lambda session: _memory(session, name, began, is_live=is_live))):
        there.send(b"")
        time.sleep(POLL)
    there.send(memory)


def _memory(session: Session, name: str, began: float, *, is_live: bool) -> bytes:
    """All of it, with the guest paused, once it is time; empty before that. Raises RefusedError."""
    domain = session.node["domains"].get(name)
    job = domain["job"] if domain is not None else None
    if domain is None or job is None or not jobs.is_own(domain, jobs.OUT):
        raise RefusedError(f"Requested operation is not valid: domain '{name}' is not being migrated")
    if job["is_aborted"]:
        raise RefusedError(ABORTED)
    lasts = session.guest(domain)["migration_time"]
    is_over = lasts is not None and session.now >= began + lasts
    if is_over or not is_live:
        domain["state"], domain["reason"] = life.PAUSED, life.PAUSED_BY_MIGRATION
    if not is_over:
        return b""
    job["is_over"] = True
    return incoming.memory_of(domain, session.now)


def _resume(session: Session, name: str) -> None:
    domain = session.node["domains"].get(name)
    if domain is not None and jobs.is_own(domain, jobs.OUT):
        jobs.resume(domain)


def _confirm(session: Session, name: str, *, undefines: bool) -> None:
    domain = session.node["domains"].get(name)
    if domain is None or not jobs.is_own(domain, jobs.OUT):
        return
    if undefines:
        domain["config"] = None
    life.power_off(session.node, domain, life.OFF_MIGRATED)
