"""States of zones: what moves them, and what is seen of them on the way.

configured < incomplete < installed < ready < mounted < running < shutting_down < down (illumos, zoneadm.c), and in
Solaris 11.x unavailable [R]. What runs inside is a guest of the cluster that has power while its zone is running.
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.solaris import interfaces, pools
from opensvc_testkit.executables.solaris.places import system_of, zones_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, Power, World
    from opensvc_testkit.executables.solaris.shapes import Zone

CONFIGURED, INCOMPLETE, UNAVAILABLE, INSTALLED = "configured", "incomplete", "unavailable", "installed"
READY, MOUNTED, RUNNING, SHUTTING_DOWN, DOWN = "ready", "mounted", "running", "shutting_down", "down"
NOT_ATTACHED = (CONFIGURED, INCOMPLETE, UNAVAILABLE)
"""States without a usable root."""
WITH_ID = (READY, MOUNTED, RUNNING, SHUTTING_DOWN, DOWN)
"""States that the kernel knows of: these zones have an id."""
GLOBAL = "global"
ZONEPATH_MODE = "700"
"""What a zonepath must have: it must not be anybody else's."""
PLATFORM = "zones"
"""Name of this platform's state on a node, and of its guests' power."""

STOPPING_SCRIPTS, STOPPING_PROCESSES = 0.5, 0.85
"""Parts of a shutdown after which a zone is shutting_down, and down: its scripts run as long as it is running."""


def uuid_of(name: str) -> str:
    """The uuid that a zone gets when it is installed or attached; the same for one name."""
    return f"00000000-0000-4000-8000-{sum((index + 1) * ord(char) for index, char in enumerate(name)):012x}"


def new_zone(name: str, uuid: str = "") -> Zone:
    """A zone as ``create -b`` leaves it."""
    return {
        "name": name,
        "state": CONFIGURED,
        "zonepath": "",
        "uuid": uuid,
        "brand": "native",
        "ip_type": "shared",
        "autoboot": False,
        "nets": [],
        "filesystems": [],
        "datasets": [],
        "id": None,
        "boot_at": None,
        "held_until": 0.0,
        "hook_time": 0.0,
        "attach_fails": [],
        "boot_error": "",
    }


def shown_state(world: World, node: Node, zone: Zone, now: float) -> str:
    """The state that ``zoneadm list`` shows now: while a boot is late, ready; while it shuts down, how far it is."""
    power = node["powered"].get(zone["name"])
    if zone["state"] != RUNNING or power is None:
        return zone["state"]
    if is_booting_late(zone, now):
        return READY
    lasts = (world["guests"].get(zone["name"]) or life.new_guest(zone["name"]))["shutdown_time"]
    if power["off_at"] is None or not lasts:
        return RUNNING
    done = 1 - (power["off_at"] - now) / lasts
    if done < STOPPING_SCRIPTS:
        return RUNNING
    return SHUTTING_DOWN if done < STOPPING_PROCESSES else DOWN


def is_booting_late(zone: Zone, now: float) -> bool:
    """Whether a boot is under way that takes effect later only."""
    return zone["boot_at"] is not None and zone["boot_at"] > now


def missing_folder(world: World, node: Node, zone: Zone) -> bool:
    """Whether the zonepath is not there: the pool that it is on is not imported here, or somebody took it away."""
    path = zone["zonepath"]
    if path in system_of(node)["missing_folders"]:
        return True
    return pools.is_on_pool_elsewhere(world, node, path)


def make_ready(node: Node, zone: Zone) -> list[str]:
    """The virtual platform is there: an id, and the addresses of its ``net`` resources; warnings about these."""
    system = system_of(node)
    zone["id"], system["next_zone"] = system["next_zone"], system["next_zone"] + 1
    zone["state"] = READY
    nets = zone["nets"] if zone["ip_type"] == "shared" else []
    return [said for said in [interfaces.plumb_net(node, zone["name"], net) for net in nets] if said]


def forget_platform(node: Node, zone: Zone) -> None:
    """The kernel no longer knows the zone; the addresses that were given to it go with it, whoever gave them."""
    zone["id"] = zone["boot_at"] = None
    zone["state"] = INSTALLED
    interfaces.take_away(node, zone["name"])


def boot(folder: str, world: World, node: Node, zone: Zone, at: float) -> None:
    """Its init runs; the guest answers when it has booted."""
    zone["state"], zone["boot_at"] = RUNNING, at
    life.power_up(folder, world, node, PLATFORM, zone["name"], at)


def halt(node: Node, zone: Zone, now: float) -> None:
    """It is gone at once, whatever ran in it; the brand's hook may work on it for some more seconds."""
    life.power_down(node, zone["name"])
    forget_platform(node, zone)
    zone["held_until"] = now + zone["hook_time"]


def power_ended(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """A zone's guest shut down, rebooted or crashed by itself (see ``platforms``)."""
    zone = zones_of(node).get(power["key"])
    if zone is None:
        return
    halt(node, zone, at)
    if how == life.REBOOTED:
        make_ready(node, zone)
        boot(folder, world, node, zone, at)
