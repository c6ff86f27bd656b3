"""How guests live: boot, answer, shut down, crash.

There is no background process: each call first brings the world up to date.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH106, PTH108, PTH123, PTH208
from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Definition, Domain, Guest, Node, World

# libvirt's numbers (libvirt-domain.h, as in `virsh domstats --state`).
RUNNING, BLOCKED, PAUSED, SHUTDOWN, SHUTOFF, CRASHED, PMSUSPENDED = 1, 2, 3, 4, 5, 6, 7
OFF_UNKNOWN, OFF_SHUTDOWN, OFF_DESTROYED, OFF_CRASHED, OFF_FAILED = 0, 1, 2, 3, 6
ON_BOOTED, ON_UNPAUSED, PAUSED_BY_USER = 1, 5, 1

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
    }


def new_node(name: str, address: str = "") -> Node:
    """A hypervisor with libvirtd running and no domain."""
    return {"name": name, "address": address, "libvirtd": "running", "next_id": 1, "domains": {}}


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


def boot(folder: str, node: Node, domain: Domain, guest: Guest, at: float) -> None:
    """The guest's system starts from nothing: no application runs yet."""
    _forget_boot(domain)
    domain["boot"] = f"{folder}/boots/{node['name']}.{domain['name']}.{domain['id']}"
    os.makedirs(domain["boot"], exist_ok=True)
    with open(f"{domain['boot']}/{SIGN}", "wb"):
        pass
    boot_time, shell_delay, crash = guest["boot_time"], guest["shell_delay"], guest["crashes_after"]
    domain["answers_at"] = None if boot_time is None else at + boot_time
    domain["shell_at"] = None if boot_time is None or shell_delay is None else at + boot_time + shell_delay
    domain["crash_at"] = None if crash is None else at + crash


def _forget_boot(domain: Domain) -> None:
    """Take away what ran in it; its scripts that hang see that and end."""
    if not domain["boot"]:
        return
    for name in os.listdir(domain["boot"]):
        os.unlink(f"{domain['boot']}/{name}")
    os.rmdir(domain["boot"])
    domain["boot"] = ""


def power_off(node: Node, domain: Domain, reason: int) -> None:
    """The process is gone; a transient domain goes with it."""
    domain["id"] = domain["live"] = None
    domain["state"], domain["reason"] = SHUTOFF, reason
    domain["is_frozen"] = False
    domain["start_at"] = domain["answers_at"] = domain["shell_at"] = domain["crash_at"] = domain["off_at"] = None
    _forget_boot(domain)
    if domain["config"] is None:
        del node["domains"][domain["name"]]


def settle(folder: str, world: World, now: float) -> None:
    """Let everything happen that was due by now."""
    for node in world["nodes"].values():
        for domain in list(node["domains"].values()):
            start_at = domain["start_at"]
            if start_at is not None and start_at <= now:
                power_on(folder, world, node, domain, start_at)
            crash_at, off_at = domain["crash_at"], domain["off_at"]
            if crash_at is not None and crash_at <= now and (off_at is None or crash_at <= off_at):
                power_off(node, domain, OFF_CRASHED)
            elif off_at is not None and off_at <= now:
                power_off(node, domain, OFF_SHUTDOWN)


def is_held(domain: Domain) -> bool:
    """Whether libvirt holds the domain's lock, as it does while a start is under way: whoever asks for it waits."""
    return domain["start_at"] is not None


def ask_shutdown(domain: Domain, guest: Guest, now: float) -> None:
    """The power button, or the agent, was heard; what the guest makes of it is its business."""
    if guest["shutdown_time"] is None or domain["answers_at"] is None or domain["answers_at"] > now:
        # A guest that still boots has nobody at the button yet; a real one loses it in the same way.
        return
    if domain["off_at"] is None:
        domain["off_at"] = now + guest["shutdown_time"]
        domain["shell_at"] = None


def answers_ping(domain: Domain, now: float) -> bool:
    """Whether its system is up far enough to answer echo requests."""
    at = domain["answers_at"]
    return domain["state"] in (RUNNING, BLOCKED) and not domain["is_frozen"] and at is not None and at <= now


def has_shell(domain: Domain, now: float) -> bool:
    """Whether its ssh server, and its agent if it has one, answer."""
    at = domain["shell_at"]
    return answers_ping(domain, now) and at is not None and at <= now


def where_active(world: World, name: str) -> list[tuple[Node, Domain]]:
    """Every node on which this guest runs: more than one is what must never be."""
    return [
        (node, node["domains"][name])
        for node in world["nodes"].values()
        if name in node["domains"] and is_active(node["domains"][name])
    ]
