"""How guests live: boot, answer, shut down, crash.

There is no background process: each call first brings the world up to date.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH106, PTH108, PTH123, PTH208
from __future__ import annotations

import os

from opensvc_testkit.executables import platforms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Definition, Domain, Guest, Node, Power, World

    Living = Domain | Power

# libvirt's numbers (libvirt-domain.h, as in `virsh domstats --state`).
RUNNING, BLOCKED, PAUSED, SHUTDOWN, SHUTOFF, CRASHED, PMSUSPENDED = 1, 2, 3, 4, 5, 6, 7
OFF_UNKNOWN, OFF_SHUTDOWN, OFF_DESTROYED, OFF_CRASHED, OFF_FAILED = 0, 1, 2, 3, 6
OFF_MIGRATED = 4
ON_BOOTED, ON_MIGRATED, ON_UNPAUSED, ON_MIGRATION_CANCELED = 1, 2, 5, 6
PAUSED_BY_USER, PAUSED_BY_MIGRATION = 1, 2

SHUTDOWN_DONE, REBOOTED, DESTROYED, HAS_CRASHED = "shutdown", "reboot", "destroy", "crash"
ENDINGS = (SHUTDOWN_DONE, REBOOTED, DESTROYED)
"""How a guest of another platform than libvirt may lose its power, but for ``crash``."""

SIGN = "on"
"""File in a boot's folder that is there as long as the guest has power."""


def new_domain(name: str, uuid: str, definition: Definition) -> Domain:
    """A domain that was defined and never started."""
    return {
        "name": name,
        "uuid": uuid,
        "config": definition,
        "live": None,
        "autostart": False,
        "id": None,
        "state": SHUTOFF,
        "reason": OFF_UNKNOWN,
        "start_at": None,
        "answers_at": None,
        "shell_at": None,
        "crash_at": None,
        "off_at": None,
        "is_frozen": False,
        "boot": "",
        "job": None,
    }


def new_guest(name: str) -> Guest:
    """A guest that nobody declared: it boots and stops at once and has no address."""
    return {
        "name": name,
        "hostname": name,
        "addresses": [],
        "boot_time": 0.0,
        "shell_delay": 0.0,
        "shutdown_time": 0.0,
        "crashes_after": None,
        "has_agent": False,
        "iproute": "iproute2",
        "has_ifconfig": True,
        "host_key": name,
        "migration_time": 0.0,
        "has_shared_images": True,
    }


def new_node(name: str, address: str = "", os_name: str = "Linux") -> Node:
    """A hypervisor with libvirtd running and no guest."""
    return {
        "name": name,
        "address": address,
        "os_name": os_name,
        "platforms": {},
        "powered": {},
        "libvirtd": "running",
        "next_id": 1,
        "domains": {},
    }


def is_active(domain: Domain) -> bool:
    """Whether libvirt holds a process for it (running, paused, crashed but kept, ...)."""
    return domain["id"] is not None


def power_on(folder: str, world: World, node: Node, domain: Domain, at: float, *, paused: bool = False) -> None:
    """Start a domain: running at once, answering when its guest has booted."""
    guest = world["guests"].get(domain["name"]) or new_guest(domain["name"])
    domain["id"], node["next_id"] = node["next_id"], node["next_id"] + 1
    domain["live"] = domain["config"]
    domain["state"], domain["reason"] = (PAUSED, PAUSED_BY_USER) if paused else (RUNNING, ON_BOOTED)
    domain["start_at"] = domain["off_at"] = None
    boot(folder, node, domain, guest, at)


def power_up(
    folder: str, world: World, node: Node, platform: str, guest: str, at: float, *, key: str = "", paused: bool = False
) -> Power:
    """Give a guest of another platform than libvirt power on a node; it answers when it has booted.

    ``key`` is what the platform calls it, by default as the guest is called. One that has power there loses it first.
    """
    known = node["powered"].get(guest)
    if known is not None:
        _forget_boot(known)
    power: Power = {
        "guest": guest,
        "platform": platform,
        "key": key or guest,
        "boot": "",
        "answers_at": None,
        "shell_at": None,
        "crash_at": None,
        "off_at": None,
        "ending": SHUTDOWN_DONE,
        "is_paused": paused,
        "is_frozen": False,
    }
    node["powered"][guest] = power
    power["boot"] = f"{folder}/boots/{node['name']}.{guest}.{world['next_boot']}"
    world["next_boot"] += 1
    _begin_boot(power, world["guests"].get(guest) or new_guest(guest), at)
    return power


def power_down(node: Node, guest: str) -> Power | None:
    """Take a guest's power away, as its platform was told to: the platform keeps its own books. None if it had none."""
    power = node["powered"].pop(guest, None)
    if power is not None:
        _forget_boot(power)
    return power


def move(source: Node, target: Node, guest: str) -> Power:
    """Live migration: the guest goes on elsewhere, with all that runs in it. Raises KeyError if it has no power."""
    power = target["powered"][guest] = source["powered"].pop(guest)
    return power


def boot(folder: str, node: Node, domain: Domain, guest: Guest, at: float) -> None:
    """The guest's system starts from nothing: no application runs yet."""
    _forget_boot(domain)
    domain["boot"] = f"{folder}/boots/{node['name']}.{domain['name']}.{domain['id']}"
    _begin_boot(domain, guest, at)


def _begin_boot(living: Living, guest: Guest, at: float) -> None:
    os.makedirs(living["boot"], exist_ok=True)
    with open(f"{living['boot']}/{SIGN}", "wb"):
        pass
    boot_time, shell_delay, crash = guest["boot_time"], guest["shell_delay"], guest["crashes_after"]
    living["answers_at"] = None if boot_time is None else at + boot_time
    living["shell_at"] = None if boot_time is None or shell_delay is None else at + boot_time + shell_delay
    living["crash_at"] = None if crash is None else at + crash


def _forget_boot(living: Living) -> None:
    """Take away what ran in it; its scripts that hang see that and end."""
    if not living["boot"]:
        return
    for name in os.listdir(living["boot"]):
        os.unlink(f"{living['boot']}/{name}")
    os.rmdir(living["boot"])
    living["boot"] = ""


def power_off(node: Node, domain: Domain, reason: int) -> None:
    """The process is gone; a transient domain goes with it."""
    domain["id"] = domain["live"] = None
    domain["state"], domain["reason"] = SHUTOFF, reason
    domain["is_frozen"], domain["job"] = False, None
    domain["start_at"] = domain["answers_at"] = domain["shell_at"] = domain["crash_at"] = domain["off_at"] = None
    _forget_boot(domain)
    if domain["config"] is None:
        del node["domains"][domain["name"]]


def settle(folder: str, world: World, now: float) -> None:
    """Let everything happen that was due by now."""
    for node in world["nodes"].values():
        for domain in list(node["domains"].values()):
            if domain["job"] is not None:
                from opensvc_testkit.executables import jobs  # only a migration needs it

                jobs.settle(node, domain)
            start_at = domain["start_at"]
            if start_at is not None and start_at <= now:
                power_on(folder, world, node, domain, start_at)
            if has_crashed(domain, now):
                power_off(node, domain, OFF_CRASHED)
            elif is_due(domain["off_at"], now):
                power_off(node, domain, OFF_SHUTDOWN)
        for power in list(node["powered"].values()):
            if has_crashed(power, now):
                end_power(folder, world, node, power, HAS_CRASHED, power["crash_at"] or now)
            elif is_due(power["off_at"], now):
                end_power(folder, world, node, power, power["ending"], power["off_at"] or now)


def is_due(at: float | None, now: float) -> bool:
    """Whether a time has come."""
    return at is not None and at <= now


def has_crashed(living: Living, now: float) -> bool:
    """Whether it crashed by now, and before it was off anyway."""
    crash_at, off_at = living["crash_at"], living["off_at"]
    return crash_at is not None and crash_at <= now and (off_at is None or crash_at <= off_at)


def end_power(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """A guest lost its power by itself: its platform hears of it."""
    power_down(node, power["guest"])
    platforms.tell(folder, world, node, power, how, at)


def is_held(domain: Domain) -> bool:
    """Whether libvirt holds the domain's lock, as it does while a start is under way: whoever asks for it waits."""
    return domain["start_at"] is not None


def ask_shutdown(living: Living, guest: Guest, now: float, ending: str = SHUTDOWN_DONE) -> None:
    """The power button, or the agent, was heard; what the guest makes of it is its business."""
    if guest["shutdown_time"] is None or living["answers_at"] is None or living["answers_at"] > now:
        # A guest that still boots has nobody at the button yet; a real one loses it in the same way.
        return
    if living["off_at"] is None:
        living["off_at"] = now + guest["shutdown_time"]
        living["shell_at"] = None
        if "platform" in living:
            living["ending"] = ending


def has_processor(living: Living) -> bool:
    """Whether its platform lets it run at all."""
    if living["is_frozen"]:
        return False
    return not living["is_paused"] if "platform" in living else living["state"] in (RUNNING, BLOCKED)


def answers_ping(living: Living, now: float) -> bool:
    """Whether its system is up far enough to answer echo requests."""
    return has_processor(living) and is_due(living["answers_at"], now)


def has_shell(living: Living, now: float) -> bool:
    """Whether its ssh server, and its agent if it has one, answer."""
    return answers_ping(living, now) and is_due(living["shell_at"], now)


def where_active(world: World, name: str) -> list[tuple[Node, Living]]:
    """Every node on which this guest runs: more than one is what must never be.

    One that is paused for a migration has no memory yet, or has given it away.
    """
    found: list[tuple[Node, Living]] = []
    for node in world["nodes"].values():
        domain = node["domains"].get(name)
        if domain and is_active(domain) and (domain["state"], domain["reason"]) != (PAUSED, PAUSED_BY_MIGRATION):
            found.append((node, domain))
        if name in node["powered"]:
            found.append((node, node["powered"][name]))
    return found
