"""``xl``'s commands that change a domain."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH123
from __future__ import annotations

from typing import Any

from opensvc_testkit.executables import disks, life
from opensvc_testkit.executables.node_files import place_of
from opensvc_testkit.executables.xl import RefusedError
from opensvc_testkit.executables.xl_config import READ_ONLY, BadConfigError, Reader, read_disk
from opensvc_testkit.executables.xl_state import destroy, find, free_memory, start, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import World
    from opensvc_testkit.executables.xl import Session
    from opensvc_testkit.executables.xl_state import Domain
    from opensvc_testkit.executables.xl_words import Words

NO_PARAVIRT = -10
PRIVILEGED = ("0", "Domain-0")


def perform(session: Session, command: str, words: Words) -> None:
    """Do one command. Raises RefusedError."""
    if command == "create":
        _create(session, words)
    elif command in ("shutdown", "reboot"):
        _ask(session, command, words)
    elif command == "destroy" and words.arguments[0] in PRIVILEGED:
        raise RefusedError("Cannot destroy privileged domain 0.\n\nNot destroying domain 0; use -f to force.\n")
    elif command == "migrate":
        _migrate(session, *words.arguments[:2])
    else:
        domain = session.domain(words.arguments[0])
        if command == "destroy":
            destroy(session.node, domain)
        else:
            session.node["powered"][domain["name"]]["is_paused"] = command == "pause"


def read_settings(session: Session, path: str, extra: list[str]) -> dict[str, Any]:
    """What a configuration file and further words say, ``disks`` read, ``uuid`` given. Raises RefusedError."""
    try:
        with open(place_of(session.call.store.folder, session.node["name"], path), encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        # [R]
        raise RefusedError(f"Failed to read config file: {path}: {error.strerror}\n") from None
    session.stderr += f"Parsing config from {path}\n"
    try:
        settings: dict[str, Any] = Reader("\n".join([text, *extra])).settings()
        if "name" not in settings:
            # [R]
            raise RefusedError("Domain name must be specified.\n")
        settings["disks"] = [read_disk(word) for word in settings.get("disk", [])]
    except BadConfigError as error:
        where = "" if str(error).startswith("error") else f"{path}:"
        raise RefusedError(f"{where}{error}\nFailed to parse config: Invalid argument\n") from None
    settings.setdefault("uuid", uuid_of(settings["name"]))
    return settings


def uuid_of(name: str) -> str:
    """A UUID that follows from a name, so that answers do not change from run to run."""
    digits = name.encode().hex().rjust(32, "0")[-32:]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _create(session: Session, words: Words) -> None:
    extra = [word for word in words.arguments if "=" in word]
    files = [words.options[letter] for letter in "f" if letter in words.options]
    files += [word for word in words.arguments if "=" not in word]
    if not files:
        raise RefusedError("Config file not specified and none in save file\n")
    settings = read_settings(session, files[0], extra)
    name = settings["name"]
    if words.has("n"):
        return
    if find(session.node, name) is not None or name == "Domain-0":
        # [R]
        raise RefusedError(
            f'libxl: error: libxl_create.c:1050:libxl__domain_make: Domain with name "{name}" already exists.\n'
        )
    if settings.get("memory", 128) > free_memory(session.node):
        raise RefusedError("failed to free memory for the domain\n")
    for disk in settings["disks"]:
        if disk["access"] not in READ_ONLY and is_fenced(session.world, session.node["name"], disk["pdev_path"]):
            # [R]
            raise RefusedError(
                f"libxl: error: libxl_device.c:1334:device_hotplug_child_death_cb: script: {disk['pdev_path']} cannot"
                " be opened: Invalid exchange\n"
                "libxl: error: libxl_create.c:1676:domcreate_launch_dm: unable to add disk devices\n"
            )
    start(session.call.store.folder, session.world, session.node, settings, session.now, paused=words.has("p"))


def is_fenced(world: World, node: str, path: str) -> bool:
    """Whether a reservation keeps a node from writing to a shared disk."""
    disk = disks.find_disk(world, node, path)
    return disk is not None and not disks.is_writable(disk, node)


def _ask(session: Session, command: str, words: Words) -> None:
    verb, ending = {"shutdown": ("Shutting down", life.SHUTDOWN_DONE), "reboot": ("Rebooting", life.REBOOTED)}[command]
    if words.has("a", "all"):
        domains = list(state_of(session.node)["domains"].values())
    elif not words.arguments:
        raise RefusedError("You must specify -a or a domain id.\n\n")
    else:
        domains = [session.domain(words.arguments[0])]
    for domain in domains:
        session.stderr += f"{verb} domain {domain['domid']}\n"
        guest = session.world["guests"].get(domain["name"]) or life.new_guest(domain["name"])
        settings = domain["settings"]
        is_hvm = "hvm" in (settings.get("type"), settings.get("builder"))
        if is_hvm and not guest["has_agent"]:
            # A guest without PV drivers: only the ACPI power button is left.
            if not words.has("F") or command == "reboot":
                raise RefusedError(
                    "PV control interface not available: external graceful shutdown not possible.\n"
                    f'Use "-F" to fallback to ACPI power event.\n{command} failed (rc={NO_PARAVIRT})\n'
                )
            session.stderr += "PV control interface not available: sending ACPI power button event.\n"
        power = session.node["powered"].get(domain["name"])
        if power is not None and life.has_processor(power):
            life.ask_shutdown(power, guest, session.now, ending)
    if words.has("w", "wait"):
        _wait(session, domains)


def _wait(session: Session, domains: list[Domain]) -> None:
    waiting, node = [domain["domid"] for domain in domains], session.node["name"]
    # [R]
    session.stderr += f"Waiting for {len(waiting)} domains\n"
    session.stderr += "".join(f"Domain {domid} has been shut down, reason code 0\n" for domid in waiting)

    def lasts(world: World) -> bool:
        found = [find(world["nodes"][node], str(domid)) for domid in waiting]
        return any(domain is not None and not domain["reason"] for domain in found)

    session.waits = lasts


def _migrate(session: Session, word: str, host: str) -> None:
    domain = session.domain(word)
    target = session.world["nodes"].get(host.rpartition("@")[2])
    if target is None or not state_of(target)["is_xen"]:
        # [R]
        raise RefusedError(
            f"ssh: Could not resolve hostname {host}: Name or service not known\n"
            "libxl: error: libxl_utils.c:510:libxl_read_exactly: file/stream truncated reading ready message from"
            " migration receiver stream\n"
            "libxl: info: libxl_exec.c:118:libxl_report_child_exitstatus: migration transport process [4711] exited"
            " with error status 255\n"
            "Migration failed, resuming at sender.\n"
        )
    session.stderr += "migration target: Ready to receive domain.\n"
    has_room = domain["memory"] <= free_memory(target)
    if find(target, domain["name"]) is not None or not has_room or domain["reason"] or target is session.node:
        raise RefusedError("migration sender: Stream error.\nMigration failed due to problems at target.\n")
    there, here = state_of(target), state_of(session.node)
    del here["domains"][domain["name"]]
    domain["domid"], there["next_id"] = there["next_id"], there["next_id"] + 1
    there["domains"][domain["name"]] = domain
    life.move(session.node, target, domain["name"])
    session.stderr += (
        "migration sender: Target has acknowledged transfer.\n"
        "migration sender: Giving target permission to start.\n"
        "migration target: Transfer complete, requesting permission to start domain.\n"
        "migration target: Got permission, starting domain.\n"
        "migration target: Domain started successsfully.\n"
        "Migration successful.\n"
    )
