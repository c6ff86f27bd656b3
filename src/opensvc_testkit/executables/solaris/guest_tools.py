"""Commands inside a simulated Solaris, a zone or a logical domain: ``svcs``, ``init``, ``ifconfig``, ``zonename``."""

from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import ifconfig_reports
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options
from opensvc_testkit.executables.solaris.places import interfaces_of, new_interface, zones_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.life import Living
    from opensvc_testkit.executables.shapes import Guest, Node, World
    from opensvc_testkit.executables.solaris.shapes import Interface

HALTED = "halt"
"""How a guest ends that stopped its system and kept its power: a logical domain is at its firmware's prompt then."""
LEVELS = {"0": HALTED, "5": life.SHUTDOWN_DONE, "6": life.REBOOTED}
SERVICES = ("svc:/milestone/single-user:default", "svc:/milestone/multi-user:default",
            "svc:/milestone/multi-user-server:default", "svc:/network/ssh:default")  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one call."""
    name = os.environ.get("SIMULATED_GUEST", "")
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        guest = world["guests"].get(name) or life.new_guest(name)
        boot = os.environ.get("SIMULATED_BOOT", "")
        here = next(((node, each) for node, each in life.where_active(world, name) if each["boot"] == boot), None)
        if here is None:
            # Its power went while the command began.
            return Answer(1)
        node, living = here
        if call.name == "guest-init":
            return _init(call, living, guest, now(world))
        if call.name == "guest-svcs":
            return _svcs(call, living, now(world))
        if call.name == "guest-zonename":
            return Answer(0, f"{name if name in zones_of(node) else 'global'}\n")
        return _ifconfig(call, world, node, guest)


def _init(call: Call, living: Living, guest: Guest, at: float) -> Answer:
    level = call.words[0] if call.words else ""
    if level not in LEVELS:
        raise NotSimulatedError("init " + " ".join(call.words))
    life.ask_shutdown(living, guest, at, LEVELS[level])
    return Answer()


def _svcs(call: Call, living: Living, at: float) -> Answer:
    """``svcs -H -o state FMRI``: the milestones are reached when the guest has booted (text of the error: [R])."""
    try:
        options, patterns = read_options(call.words, "aHo:vps:S:dDxlZz:")
    except BadOptionError as error:
        return Answer(2, "", f"svcs: {error}\n")
    if not {"o"} & options.keys() or {"x", "l", "d", "D", "p"} & options.keys():
        raise NotSimulatedError("svcs " + " ".join(call.words))
    state = "online" if life.has_shell(living, at) else "offline"
    fields = options["o"].lower().split(",")
    found, said = [], ""
    for pattern in patterns or [""]:
        fits = [service for service in SERVICES if _fits(service, pattern)]
        if not fits:
            said += f"svcs: Pattern '{pattern}' doesn't match any instances\n"
        found += fits
    lines = [] if "H" in options else ["  ".join(field.upper() for field in fields)]
    for service in found:
        values = {"state": state, "fmri": service, "stime": "10:00:00", "sta": "ON" if state == "online" else "OFF"}
        lines.append("  ".join(values.get(field, "-") for field in fields))
    return Answer(int(bool(said)), "".join(f"{line}\n" for line in lines), said)


def _fits(service: str, pattern: str) -> bool:
    short = service.removeprefix("svc:/")
    name = short.partition(":")[0]
    return pattern in ("", service, short, name, name.rpartition("/")[2]) or service.partition(":default")[0] == pattern


def _ifconfig(call: Call, world: World, node: Node, guest: Guest) -> Answer:
    """A zone that shares the node's addresses sees those that are its own; any other guest has its own."""
    del world
    zone = zones_of(node).get(guest["name"])
    if zone is not None and zone["ip_type"] == "shared":
        mine = [each for each in interfaces_of(node).values() if each["zone"] == zone["name"]]
        return ifconfig_reports.listing(node, mine, call.words, inside=True)
    own: list[Interface] = []
    for each in guest["addresses"]:
        made = new_interface(node, each["device"], each["address"])
        made["prefix"], made["mac"] = each["prefix"], each["mac"]
        own.append(made)
    return ifconfig_reports.listing(node, own, call.words, inside=True)
