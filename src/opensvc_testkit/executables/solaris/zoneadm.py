"""Simulated ``zoneadm`` (messages, states and statuses: illumos sources; what is [R] says so)."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import zone_changes, zoneadm_list, zones
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.solaris.zone_session import FailedError, ZoneSession
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

USAGE = 2
USAGE_TEXT = """usage:\tzoneadm help
\tzoneadm [-z <zone>] list
\tzoneadm -z <zone> <subcommand>

Subcommands:
\thelp
\tboot [-- boot_arguments]
\thalt
\tready
\treboot
\tlist [-cipv]
\tverify
\tuninstall [-F]
\tdetach [-n]
\tattach [-F] [-n <path>] [brand-specific args]
"""
CHANGES = ("attach", "boot", "detach", "halt", "install", "mark", "ready", "reboot", "shutdown", "uninstall", "verify")
NOT_SIMULATED = ("clone", "move", "mount", "unmount", "migrate", "suspend", "rename", "savecore", "apply")
WITHOUT_SHUTDOWN = ("10",)
"""Releases whose ``zoneadm`` knows no ``shutdown``."""


def run(call: Call) -> Answer:
    """Answer one ``zoneadm`` call."""
    try:
        options, rest = read_options(call.words, "z:u:R:")
    except BadOptionError as error:
        return Answer(USAGE, "", f"zoneadm: {error}\n{USAGE_TEXT}")
    if not rest:
        return Answer(USAGE, "", USAGE_TEXT)
    subcommand, words = rest[0], rest[1:]
    if subcommand == "help":
        return Answer(0, USAGE_TEXT)
    if subcommand in NOT_SIMULATED or "R" in options or "u" in options:
        raise NotSimulatedError(" ".join(call.words))
    name = options.get("z", "")
    if subcommand == "list":
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            return _list(world, call.here(world), name, words)
    with call.store.opened() as world:
        has_shutdown = system_of(call.here(world))["release"] not in WITHOUT_SHUTDOWN
    if subcommand not in CHANGES or not name or (subcommand == "shutdown" and not has_shutdown):
        return Answer(USAGE, "", USAGE_TEXT)
    return _change(call, name, subcommand, words)


def _list(world: World, node: Node, target: str, words: list[str]) -> Answer:
    try:
        options, rest = read_options(words, "cinpv")
    except BadOptionError as error:
        return Answer(USAGE, "", f"zoneadm: {error}\n{USAGE_TEXT}")
    if rest or (target and ("i" in options or "c" in options)):
        return Answer(USAGE, "", USAGE_TEXT)
    if "p" in options and "v" in options:
        return Answer(1, "", "zoneadm: list -p and -v are mutually exclusive.\n")
    release, here = system_of(node)["release"], zones_of(node)
    rows = [zoneadm_list.Row(zone, zones.shown_state(world, node, zone, now(world))) for zone in here.values()]
    if target:
        every = [zoneadm_list.global_row(release), *rows]
        shown = [row for row in every if row.name == target]
        if not shown:
            return Answer(1, "", f"zoneadm: {target}: No such zone configured\n")
    else:
        # The kernel's first, in its order.
        known = sorted((row for row in rows if row.zone_id != "-"), key=lambda row: int(row.zone_id))
        others = [row for row in rows if row.zone_id == "-" and ("c" in options or _is_installed(row, options))]
        shown = [row for row in known if row.state == zones.RUNNING or {"i", "c"} & options.keys()] + others
        if "n" not in options:
            shown.insert(0, zoneadm_list.global_row(release))
    if "v" in options:
        return Answer(0, zoneadm_list.table(shown))
    if "p" in options:
        return Answer(0, "".join(f"{zoneadm_list.parsable(row, release)}\n" for row in shown))
    return Answer(0, "".join(f"{row.name}\n" for row in shown))


def _is_installed(row: zoneadm_list.Row, options: dict[str, str]) -> bool:
    return "i" in options and row.state not in zones.NOT_ATTACHED


def _change(call: Call, name: str, subcommand: str, words: list[str]) -> Answer:
    try:
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            session = ZoneSession(call, world, call.here(world), name)
            answer = zone_changes.run(session, subcommand, words)
    except FailedError as error:
        return Answer(error.status, error.stdout, str(error))
    except BadOptionError as error:
        return Answer(USAGE, "", f"zoneadm: {error}\n{USAGE_TEXT}")
    return session.finish(answer)
