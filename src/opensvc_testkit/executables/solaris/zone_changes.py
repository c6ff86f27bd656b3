"""``zoneadm`` subcommands that change a zone, and when they refuse (illumos sources; what is [R] says so)."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris import pools, zones
from opensvc_testkit.executables.solaris.options import read_options, read_pairs
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.solaris.zone_session import FailedError, ZoneSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import World

NOT_WHILE_RUNNING = ("attach", "detach", "install", "uninstall")
NEED_A_ROOT = ("boot", "ready", "detach", "reboot")
SHUTDOWN_LIMIT = 600.0
"""Seconds that ``zoneadm shutdown`` waits for the zone [R]."""
KNOWS_BOOT_ENVIRONMENTS = ("11.3", "11.4")
"""Releases whose ``attach`` takes ``-x deny-zbe-clone``."""


def run(session: ZoneSession, subcommand: str, words: list[str]) -> Answer:
    """Answer one subcommand.

    Raises:
        FailedError: it refuses.
        BadOptionError: its options cannot be read.
    """
    if not system_of(session.node)["is_privileged"]:
        raise session.refusal(f"only a privileged user may {subcommand} a zone.")
    if session.name == zones.GLOBAL:
        raise session.refusal(f"{subcommand} operation is invalid for the global zone.")
    _check(session, subcommand)
    changes = {
        "attach": _attach,
        "boot": _boot,
        "detach": _detach,
        "halt": _halt,
        "install": _install,
        "mark": _mark,
        "ready": _ready,
        "reboot": _reboot,
        "shutdown": _shutdown,
        "uninstall": _uninstall,
        "verify": _verify,
    }
    return changes[subcommand](session, words)


def _check(session: ZoneSession, subcommand: str) -> None:
    """What is refused whatever the options are. Raises FailedError."""
    state, zone = session.state, session.zone
    if subcommand not in ("verify", "mark") and (
        zone["held_until"] > session.now or zones.is_booting_late(zone, session.now)
    ):
        raise session.refusal("another zoneadm may have an operation in progress.")
    if subcommand in NOT_WHILE_RUNNING and state in zones.WITH_ID:
        raise session.refusal(f"{subcommand} operation is invalid for running zones.")
    if subcommand == "attach":
        if state == zones.INSTALLED:
            raise session.refusal("is already installed.")
        if state == zones.INCOMPLETE:
            raise session.refusal("zone is incomplete; uninstall required.")
    if subcommand == "install" and state != zones.CONFIGURED:
        incomplete = state == zones.INCOMPLETE
        raise session.refusal("zone is incomplete; uninstall required." if incomplete else "is already installed.")
    if subcommand == "uninstall" and state == zones.CONFIGURED:
        raise session.refusal(f"is already in state '{state}'.")
    if subcommand in NEED_A_ROOT and state in zones.NOT_ATTACHED:
        raise session.refusal(f"must be installed before {subcommand}.")
    if subcommand in ("halt", "shutdown") and state in zones.NOT_ATTACHED:
        raise session.refusal(f"{subcommand} operation is invalid for zones in state '{state}'")
    if subcommand in ("reboot", "shutdown") and state not in (zones.RUNNING, zones.SHUTTING_DOWN, zones.DOWN):
        raise session.refusal("not running")


def _verify(session: ZoneSession, words: list[str]) -> Answer:
    """The zonepath must be there, and nobody's but root's. Raises FailedError."""
    del words
    zone = session.zone
    if zones.missing_folder(session.world, session.node, zone):
        raise FailedError(
            f"zoneadm: {zone['zonepath']}: No such file or directory",
            f"could not verify zonepath {zone['zonepath']} because of the above errors.",
            f"zoneadm: zone {zone['name']} failed to verify",
        )
    mode = int(system_of(session.node)["modes"].get(zone["zonepath"], zones.ZONEPATH_MODE), 8)
    loose = [f"{zone['zonepath']} must not be {whose} {what}." for shift, whose in ((3, "group"), (0, "world"))
             for bit, what in ((4, "readable"), (2, "writable"), (1, "executable")) if mode >> shift & bit]  # fmt: skip
    if loose:
        raise FailedError(
            *loose,
            f"could not verify zonepath {zone['zonepath']} because of the above errors.",
            f"zoneadm: zone {zone['name']} failed to verify",
        )
    return Answer()


def _attach(session: ZoneSession, words: list[str]) -> Answer:
    zone = session.zone
    options = read_pairs(words, "Fn:uUx:a:d:D:r:z:")[0]
    letters = [letter for letter, _ in options]
    if "F" in letters and "n" in letters:
        raise session.refusal("-F and -n flags are mutually exclusive")
    if "x" in letters and session.release not in KNOWS_BOOT_ENVIRONMENTS:
        # [R]: what an older brand says of an option that it does not know.
        raise FailedError("ERROR: Error: unknown attach option", status=1)
    _verify(session, [])
    said = [f"-{letter}" for letter in letters] + [f"-x {value}" for letter, value in options if letter == "x"]
    if zone["attach_fails"] and not set(zone["attach_fails"]) & set(said):
        # [R]
        raise FailedError(
            "These packages installed on the source system are inconsistent with this system:",
            "\tSUNWcsr: not installed",
        )
    if "n" in letters:
        return Answer()
    zone["state"] = zones.INSTALLED
    zone["uuid"] = zone["uuid"] or zones.uuid_of(zone["name"])
    if zone["brand"] != "solaris":
        return Answer()
    # [R]: its attach is chatty.
    log = f"/var/log/zones/zoneadm.20100603T000000Z.{zone['name']}.attach"
    return Answer(0, f"Progress being logged to {log}\n    Installing: Using existing zone boot environment\n"
                     "  Zone BE root dataset: rpool/VARSHARE\n                     Cache: Using /var/pkg/publisher.\n"
                     "Result: Attach Succeeded.\n")  # fmt: skip


def _detach(session: ZoneSession, words: list[str]) -> Answer:
    options, _ = read_options(words, "Fn")
    if "F" not in options:
        _verify(session, [])
        mounts = pools.mounted_below(session.world, session.node, session.zone["zonepath"])
        if mounts:
            raise FailedError(
                f"These file systems are mounted on subdirectories of {session.zone['zonepath']}.",
                *(f"  {path}" for path in mounts),
            )
    if "n" not in options:
        session.zone["state"] = zones.CONFIGURED
    return Answer()


def _make_ready(session: ZoneSession) -> list[str]:
    """Warnings about the platform that was made. Raises FailedError."""
    if session.zone["boot_error"]:
        raise FailedError(
            session.daemon_says(session.zone["boot_error"]).rstrip("\n"),
            f"zoneadm: zone '{session.name}': call to zoneadmd failed",
        )
    return zones.make_ready(session.node, session.zone)


def _ready(session: ZoneSession, words: list[str]) -> Answer:
    read_options(words, "fXZ")
    state = session.state
    if state == zones.READY:
        return Answer(0, "", session.daemon_says("zone is already ready"))
    if state != zones.INSTALLED:
        # The same as a halt and a ready.
        zones.halt(session.node, session.zone, session.now - session.zone["hook_time"])
    _verify(session, [])
    return Answer(0, "", "".join(map(session.daemon_says, _make_ready(session))))


def _boot(session: ZoneSession, words: list[str]) -> Answer:
    read_options(words, "LVWwfi:m:sXZ")
    zone, state = session.zone, session.state
    if state == zones.RUNNING:
        return Answer(0, "", session.daemon_says("zone is already booted"))
    if state in (zones.SHUTTING_DOWN, zones.DOWN):
        # [R]
        raise FailedError(session.daemon_says(f"boot operation is invalid for zones in state '{state}'").rstrip())
    _verify(session, [])
    warnings = _make_ready(session) if state == zones.INSTALLED else []
    late = session.call.late or 0.0
    zones.boot(session.call.store.folder, session.world, session.node, zone, session.now + late)
    if late:
        name, node_name = zone["name"], session.node["name"]

        def is_late(world: World) -> bool:
            there = zones_of(world["nodes"][node_name]).get(name)
            return there is not None and zones.is_booting_late(there, session.time_of(world))

        session.waits = is_late
    return Answer(0, "", "".join(map(session.daemon_says, warnings)))


def _halt(session: ZoneSession, words: list[str]) -> Answer:
    read_options(words, "X")
    if session.state == zones.INSTALLED:
        return Answer(0, "", session.daemon_says("zone is already halted"))
    zones.halt(session.node, session.zone, session.now)
    return Answer()


def _reboot(session: ZoneSession, words: list[str]) -> Answer:
    read_options(words, "X")
    zones.halt(session.node, session.zone, session.now - session.zone["hook_time"])
    warnings = _make_ready(session)
    zones.boot(session.call.store.folder, session.world, session.node, session.zone, session.now)
    return Answer(0, "", "".join(map(session.daemon_says, warnings)))


def _shutdown(session: ZoneSession, words: list[str]) -> Answer:
    """It asks the zone's init and waits until the zone is down, or for ten minutes [R]."""
    options, _ = read_options(words, "r")
    name, node_name, begun = session.name, session.node["name"], session.now
    power = session.node["powered"].get(name)
    boot = power["boot"] if power else ""
    guest = session.world["guests"].get(name) or life.new_guest(name)
    if power is not None:
        life.ask_shutdown(power, guest, session.now, life.REBOOTED if "r" in options else life.SHUTDOWN_DONE)

    def is_same_boot(world: World) -> bool:
        there = world["nodes"][node_name]["powered"].get(name)
        return there is not None and there["boot"] == boot

    session.waits = lambda world: is_same_boot(world) and session.time_of(world) < begun + SHUTDOWN_LIMIT
    session.after_wait = lambda world: (
        Answer(1, "", session.daemon_says("unable to shutdown zone")) if is_same_boot(world) else Answer()
    )
    return Answer()


def _install(session: ZoneSession, words: list[str]) -> Answer:
    del words
    session.zone["uuid"] = zones.uuid_of(session.name)
    session.zone["state"] = zones.INSTALLED
    return Answer()


def _uninstall(session: ZoneSession, words: list[str]) -> Answer:
    options, _ = read_options(words, "F")
    if "F" not in options:
        raise FailedError(f"zoneadm: Input not from terminal and -F not specified: uninstall of {session.name} refused")
    session.zone["state"] = zones.CONFIGURED
    return Answer()


def _mark(session: ZoneSession, words: list[str]) -> Answer:
    if words not in (["incomplete"], ["unavailable"]):
        raise FailedError("usage:\tzoneadm -z <zone> mark incomplete", status=2)
    if session.state != zones.INSTALLED:
        raise session.refusal(f"must be installed before mark {words[0]}.")
    session.zone["state"] = words[0]
    return Answer()
