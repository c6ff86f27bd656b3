"""The destination's half of a migration in the simulated libvirt: a guest is expected, its memory comes, it goes on.

Texts captured from libvirt 9.0.0 unless marked [R].
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH123, PTH208
from __future__ import annotations

import marshal
import os

from opensvc_testkit.executables import jobs, life
from opensvc_testkit.executables.domain_xml import BadXmlError, read_definition
from opensvc_testkit.executables.store import FORMAT
from opensvc_testkit.executables.virsh_session import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Domain, Node

TIMES = ("answers_at", "shell_at", "crash_at", "off_at")
BROKEN = "operation failed: job 'migration out' failed: Unable to write to socket: Bad file descriptor"
"""What the source is told whose QEMU lost the one there."""


def prepare(node: Node, xml: str) -> str:
    """Expect a guest: a domain that is paused, without memory. Its name. Raises RefusedError."""
    try:
        name, uuid, definition = read_definition(xml)
    except BadXmlError as error:
        raise RefusedError(str(error)) from None
    domains = node["domains"]
    known = domains.get(name)
    if known and known["uuid"] != uuid:
        raise RefusedError(f"operation failed: domain '{name}' already exists with uuid {known['uuid']}")
    for other in domains.values():
        if other["uuid"] == uuid and other["name"] != name:
            raise RefusedError(  # [R]
                f"operation failed: domain '{other['name']}' is already defined with uuid {uuid}"
            )
    if known and life.is_active(known):
        raise RefusedError(f"Requested operation is not valid: domain '{name}' is already active")
    domain = known or life.new_domain(name, uuid, definition)
    if known is None:
        domain["config"] = None
    domain["id"], node["next_id"] = node["next_id"], node["next_id"] + 1
    domain["live"] = definition
    domain["state"], domain["reason"] = life.PAUSED, life.PAUSED_BY_MIGRATION
    jobs.begin(domain, jobs.IN)
    domains[name] = domain
    return name


def finish(folder: str, node: Node, name: str, memory: bytes, persistent_xml: str, now: float) -> None:
    """Let it go on with the memory that came, defined if a definition came too. Raises RefusedError."""
    domain = node["domains"].get(name)
    if domain is None or not jobs.is_own(domain, jobs.IN):
        raise RefusedError(f"Requested operation is not valid: domain '{name}' is not being migrated")  # [R]
    if not memory:
        jobs.give_up(node, domain)
        raise RefusedError(BROKEN)  # [R]
    if persistent_xml:
        domain["config"] = read_definition(persistent_xml)[2]
    _fill(folder, node, domain, memory, now)
    domain["state"], domain["reason"] = life.RUNNING, life.ON_MIGRATED
    domain["job"] = None


def abandon(node: Node, name: str) -> None:
    """The source does not come any more, or says that it failed. Nothing happens to a guest that runs."""
    domain = node["domains"].get(name)
    if domain is not None and jobs.is_own(domain, jobs.IN):
        jobs.give_up(node, domain)


def memory_of(domain: Domain, now: float) -> bytes:
    """What runs in a guest, and when it will do what, as seconds from now: worlds have clocks of their own."""
    files = {}
    for name in os.listdir(domain["boot"]) if domain["boot"] else []:
        if os.path.isfile(f"{domain['boot']}/{name}"):  # noqa: PTH113 - see above
            with open(f"{domain['boot']}/{name}", "rb") as file:
                files[name] = file.read()
    times = {key: None if (at := domain[key]) is None else at - now for key in TIMES}  # type: ignore[literal-required]
    return marshal.dumps({"files": files, "times": times}, FORMAT)


def _fill(folder: str, node: Node, domain: Domain, memory: bytes, now: float) -> None:
    told = marshal.loads(memory)  # noqa: S302 - of a simulated guest, from whoever may run this simulation
    domain["boot"] = f"{folder}/boots/{node['name']}.{domain['name']}.{domain['id']}"
    os.makedirs(domain["boot"], exist_ok=True)
    for name, data in told["files"].items():
        with open(f"{domain['boot']}/{os.path.basename(name)}", "wb") as file:  # noqa: PTH119 - see above
            file.write(data)
    for key in TIMES:
        at = told["times"][key]
        domain[key] = None if at is None else at + now  # type: ignore[literal-required]
