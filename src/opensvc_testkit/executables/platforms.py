"""Platforms that hear of what happens to their guests by itself: a crash, a shutdown that is done, a reboot.

A row is the name of a platform and its module; the module has ``power_ended(folder, world, node, power, how, at)``,
called when the guest is off already (``node["powered"]`` no longer has it). ``how`` is one of ``life.ENDINGS`` or
``crash``; a platform that starts the guest anew calls ``life.power_up``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, Power, World

MODULES: dict[str, str] = {
    "hpvm": "hpux.machines",
    "ldm": "solaris.ldm_changes",
    "lxc": "lxc_state",
    "xl": "xl_state",
    "zones": "solaris.zones",
}


def tell(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """Tell a guest's platform that it went off by itself."""
    name = MODULES.get(power["platform"])
    if name is not None:
        module = __import__(f"opensvc_testkit.executables.{name}", fromlist=["power_ended"])
        module.power_ended(folder, world, node, power, how, at)
