"""``ldm`` subcommands that change a domain: bind, start, stop, unbind, migrate, variables.

States: inactive --bind--> bound --start--> active --stop--> bound --unbind--> inactive. A guest that powers itself off
(``init 5``) leaves its domain bound; one that only halts (``init 0``) leaves it active, at the firmware's prompt.
Messages are [R], but for ``LDom NAME not found`` in the notes (itself [R]).
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris import guest_tools
from opensvc_testkit.executables.solaris.ldm_reports import ACTIVE, BOUND, INACTIVE
from opensvc_testkit.executables.solaris.ldm_session import LdmSession, RefusedError
from opensvc_testkit.executables.solaris.options import BadOptionError
from opensvc_testkit.executables.solaris.places import domains_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, Power, World

PLATFORM = "ldm"
"""Name of this platform's state on a node, and of its guests' power."""
STOP_LIMIT = 180.0
"""Seconds that ``ldm stop`` gives the guest by default [R]."""


def run(session: LdmSession, subcommand: str, words: list[str]) -> Answer:
    """Answer one of them. Raises RefusedError, BadOptionError."""
    changes = {
        "bind": _bind,
        "unbind": _unbind,
        "start": _start,
        "stop": _stop,
        "migrate": _migrate,
        "set-variable": _set_variable,
        "rm-variable": _rm_variable,
    }
    return changes[subcommand](session, words)


def power_ended(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """A domain's guest shut down, halted, rebooted or crashed by itself (see ``platforms``)."""
    domain = domains_of(node)["domains"].get(power["key"])
    if domain is None:
        return
    if how in (life.REBOOTED, life.HAS_CRASHED):
        # A panic reboots the guest; what it was before is gone.
        domain["started_at"] = at
        life.power_up(folder, world, node, PLATFORM, power["guest"], at, key=power["key"])
    elif how != guest_tools.HALTED:
        domain["state"] = BOUND


def _one(session: LdmSession, words: list[str], letters: str) -> tuple[dict[str, str], str]:
    pairs, names = session.read(words, letters)
    if len(names) != 1:
        raise BadOptionError("one domain is required")
    return dict(pairs), names[0]


def _bind(session: LdmSession, words: list[str]) -> Answer:
    _, name = _one(session, words, "fq")
    domain = session.domain(name)
    if domain["state"] != INACTIVE:
        raise RefusedError(f"LDom {name} is already bound")
    volumes = {f"{volume['name']}@{service}" for service, found in session.manager["services"].items()
               for volume in found}  # fmt: skip
    for disk in domain["disks"]:
        if disk["volume"] not in volumes:
            raise RefusedError(f"Volume {disk['volume']} of virtual disk {disk['name']} does not exist")
    domain["state"] = BOUND
    return Answer()


def _unbind(session: LdmSession, words: list[str]) -> Answer:
    _, name = _one(session, words, "q")
    state = session.state(name)
    if state == ACTIVE:
        raise RefusedError(f"LDom {name} must be stopped before it can be unbound")
    if state == INACTIVE:
        raise RefusedError(f"LDom {name} is not bound")
    session.domain(name)["state"] = INACTIVE
    return Answer()


def _start(session: LdmSession, words: list[str]) -> Answer:
    _, name = _one(session, words, "af")
    domain = session.domain(name)
    if domain["state"] == INACTIVE:
        raise RefusedError(f"LDom {name} must be bound before it can be started")
    if domain["state"] == ACTIVE:
        raise RefusedError(f"LDom {name} is already started")
    late = session.call.late or 0.0
    domain["state"], domain["started_at"] = ACTIVE, session.now + late
    # Whether its guest boots by itself is a variable of the firmware; without it, it waits at the prompt.
    if domain["variables"].get("auto-boot?", "true") == "true":
        life.power_up(session.call.store.folder, session.world, session.node, PLATFORM, name, domain["started_at"])
    if late:
        begun = domain["started_at"]
        session.waits = lambda world: now(world) < begun
    return Answer(0, f"LDom {name} started\n")


def _stop(session: LdmSession, words: list[str]) -> Answer:
    options, name = _one(session, words, "afhmqrt:")
    domain, node_name = session.domain(name), session.node["name"]
    if domain["state"] != ACTIVE:
        raise RefusedError(f"LDom {name} is not running")
    power = session.power(name)
    if power is None or "f" in options:
        # At the firmware's prompt nobody is asked.
        life.power_down(session.node, name)
        domain["state"] = BOUND
        return Answer(0, f"LDom {name} stopped\n")
    boot = power["boot"]
    life.ask_shutdown(power, session.world["guests"].get(name) or life.new_guest(name), session.now)
    limit = session.now + float(options.get("t") or STOP_LIMIT)

    def is_up(world: World) -> bool:
        there = world["nodes"][node_name]["powered"].get(name)
        return there is not None and there["boot"] == boot and not life.is_due(there["off_at"], now(world))

    session.waits = lambda world: is_up(world) and now(world) < limit
    session.after_wait = lambda world: (
        Answer(1, "", f"LDom {name} stop notification failed\n")
        if is_up(world)
        else Answer(0, f"LDom {name} stopped\n")
    )
    return Answer()


def _migrate(session: LdmSession, words: list[str]) -> Answer:
    """Live if it is active, else cold; the target must see every backend of its disks."""
    pairs, names = session.read(words, "cfnp:")
    options = dict(pairs)
    if len(names) != 2:
        raise BadOptionError("a domain and a target machine are required")
    name, target_name = names[0], names[1].rpartition("@")[2].partition(":")[0]
    domain = session.domain(name)
    target = session.world["nodes"].get(target_name)
    if "p" not in options and "c" not in options:
        raise RefusedError("Target Password: \nFailed to read the password")
    if target is None:
        raise RefusedError(f"Failed to establish connection with ldmd(1m) on target: {target_name}")
    there = domains_of(target)
    if domain["state"] == INACTIVE:
        raise RefusedError(f"LDom {name} is not bound")
    if there["domains"].get(name, {"state": INACTIVE})["state"] != INACTIVE:
        raise RefusedError(f"Domain Migration of LDom {name} failed: the target has a domain of that name")
    for disk in domain["disks"]:
        volume, _, service = disk["volume"].partition("@")
        if not any(each["name"] == volume for each in there["services"].get(service, ())):
            raise RefusedError(f"Invalid backend for volume {volume} on the target machine")
    if "n" in options:
        return Answer()
    there["domains"][name] = domain
    del session.manager["domains"][name]
    if name in session.node["powered"]:
        life.move(session.node, target, name)
    return Answer()


def _set_variable(session: LdmSession, words: list[str]) -> Answer:
    """``set-variable NAME=VALUE... DOMAIN``."""
    assignments = words[:-1]
    if not assignments or any("=" not in word for word in assignments):
        raise BadOptionError("a variable and a domain are required")
    domain = session.domain(words[-1])
    for word in assignments:
        variable, _, value = word.partition("=")
        domain["variables"][variable] = value
    return Answer()


def _rm_variable(session: LdmSession, words: list[str]) -> Answer:
    if not words[:-1]:
        raise BadOptionError("a variable and a domain are required")
    domain = session.domain(words[-1])
    for name in words[:-1]:
        domain["variables"].pop(name, None)
    return Answer()
