"""virsh commands that change a domain; texts captured from libvirt 9.0.0 unless marked [R]."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH123
from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import HangsError
from opensvc_testkit.executables.domain_xml import BadXmlError, read_definition, uuid_of
from opensvc_testkit.executables.virsh_session import RefusedError, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Domain
    from opensvc_testkit.executables.virsh_words import Command

NOT_RUNNING = "Requested operation is not valid: domain is not running"
MODES = ("acpi", "agent", "initctl", "signal", "paravirt")


def run(session: Session, command: Command) -> str:
    """Standard output of the command. Raises RefusedError."""
    if command.name == "define":
        return _define(session, command.get("file"))
    domain = session.domain(command.get("domain"))
    name = domain["name"]
    if command.name == "start":
        return _start(session, domain, paused="paused" in command.flags)
    if command.name == "shutdown":
        return _shutdown(session, domain, command.get("mode"))
    if command.name == "destroy":
        _must_be_active(domain, "destroy")
        life.power_off(session.node, domain, life.OFF_DESTROYED)
        return session.say(f"Domain '{name}' destroyed")
    if command.name == "undefine":
        return _undefine(session, domain)
    if command.name == "autostart":
        domain["autostart"] = "disable" not in command.flags
        return session.say(f"Domain '{name}' {'marked' if domain['autostart'] else 'unmarked'} as autostarted")
    if command.name in ("suspend", "resume"):
        return _suspend_or_resume(session, domain, command.name)
    _must_be_active(domain, command.name)
    life.boot(session.call.store.folder, session.node, domain, session.guest(domain), session.now)
    return session.say(f"Domain '{name}' {'is being rebooted' if command.name == 'reboot' else 'was reset'}")


def _must_be_active(domain: Domain, verb: str) -> None:
    if not life.is_active(domain):
        raise RefusedError(f"Failed to {verb} domain '{domain['name']}'", NOT_RUNNING)


def _define(session: Session, path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except IsADirectoryError as error:
        raise RefusedError(f"Failed to read file '{path}': {error.strerror}") from None
    except OSError as error:
        raise RefusedError(f"Failed to open file '{path}': {error.strerror}") from None
    failed = f"Failed to define domain from {path}"
    try:
        name, said_uuid, definition = read_definition(text)
    except BadXmlError as error:
        raise RefusedError(failed, str(error)) from None
    domains = session.node["domains"]
    known = domains.get(name)
    if known and known["uuid"] != said_uuid:
        raise RefusedError(failed, f"operation failed: domain '{name}' already exists with uuid {known['uuid']}")
    for other in domains.values():
        if said_uuid and other["uuid"] == said_uuid and other["name"] != name:
            raise RefusedError(
                failed, f"operation failed: domain '{other['name']}' is already defined with uuid {said_uuid}"
            )
    if known:
        known["config"] = definition
    else:
        domains[name] = life.new_domain(name, uuid_of(definition), definition)
    return session.say(f"Domain '{name}' defined from {path}")


def _undefine(session: Session, domain: Domain) -> str:
    if domain["config"] is None:
        # [R]
        raise RefusedError(
            f"Failed to undefine domain '{domain['name']}'",
            "Requested operation is not valid: cannot undefine transient domain",
        )
    if life.is_active(domain):
        # It lives on, transient, and is gone when it stops.
        domain["config"], domain["autostart"] = None, False
    else:
        del session.node["domains"][domain["name"]]
    return session.say(f"Domain '{domain['name']}' has been undefined")


def _start(session: Session, domain: Domain, *, paused: bool) -> str:
    name, node_name = domain["name"], session.node["name"]
    if life.is_active(domain):
        if session.call.waited:
            # It was off when this start looked, and was started by another one meanwhile.
            raise RefusedError(
                f"Failed to start domain '{name}'", "Requested operation is not valid: domain is already running"
            )
        raise RefusedError("Domain is already active")
    if session.call.late is None:
        life.power_on(session.call.store.folder, session.world, session.node, domain, session.now, paused=paused)
    else:
        domain["start_at"] = session.now + session.call.late
        session.waits = lambda world: (
            name in world["nodes"][node_name]["domains"] and life.is_held(world["nodes"][node_name]["domains"][name])
        )
    return session.say(f"Domain '{name}' started")


def _shutdown(session: Session, domain: Domain, mode: str) -> str:
    modes = [word for word in mode.split(",") if word]
    for word in modes:
        if word not in MODES:
            raise RefusedError(
                f"Unknown mode {word} value, expecting 'acpi', 'agent', 'initctl', 'signal', or 'paravirt'"
            )
    failed = f"Failed to shutdown domain '{domain['name']}'"
    if domain["state"] != life.RUNNING:
        raise RefusedError(failed, NOT_RUNNING)
    if modes == ["agent"]:
        trouble = agent_trouble(session, domain)
        if trouble:
            raise RefusedError(failed, trouble)
    if domain["is_frozen"]:
        # QEMU does not react to its monitor (captured: virsh got no answer).
        uuid = domain["uuid"]
        raise HangsError(
            lambda world: any(
                other["uuid"] == uuid and other["is_frozen"]
                for other in world["nodes"][session.node["name"]]["domains"].values()
            )
        )
    life.ask_shutdown(domain, session.guest(domain), session.now)
    return session.say(f"Domain '{domain['name']}' is being shutdown")


def agent_trouble(session: Session, domain: Domain) -> str:
    """Why the guest's agent does not answer, empty if it does."""
    if not life.is_active(domain):
        return NOT_RUNNING
    if not domain["live"] or not domain["live"]["agent"]:
        return "argument unsupported: QEMU guest agent is not configured"
    if not session.guest(domain)["has_agent"] or not life.has_shell(domain, session.now):
        return "Guest agent is not responding: QEMU guest agent is not connected"
    return ""


def _suspend_or_resume(session: Session, domain: Domain, verb: str) -> str:
    _must_be_active(domain, verb)
    if verb == "suspend":
        why = life.PAUSED_BY_USER if domain["job"] is None else life.PAUSED_BY_MIGRATION
        domain["state"], domain["reason"] = life.PAUSED, why
    elif domain["job"] is not None:
        # The real one waits as well, but gives up after 30 s.
        raise HangsError(session.is_busy(domain["name"]))
    elif domain["state"] != life.PAUSED:
        raise RefusedError(
            f"Failed to resume domain '{domain['name']}'", "Requested operation is not valid: domain is already running"
        )
    else:
        domain["state"], domain["reason"] = life.RUNNING, life.ON_UNPAUSED
    return session.say(f"Domain '{domain['name']}' {verb}{'ed' if verb == 'suspend' else 'd'}")
