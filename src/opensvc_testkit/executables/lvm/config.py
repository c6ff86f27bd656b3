"""Simulated ``lvmconfig``: the settings that a simulated node has."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.lvm.lines import FAILED
from opensvc_testkit.executables.lvm.systems import system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call


def run(call: Call) -> Answer:
    """Answer one ``lvmconfig`` call that asks for one setting."""
    words = [word for word in call.words if word not in ("--typeconfig", "--type", "full")]
    if len(words) != 1 or words[0].startswith("-"):
        raise NotSimulatedError("lvmconfig " + " ".join(call.words))
    with call.store.opened() as world:
        system = system_of(call.here(world))
    if words[0] == "devices/use_devicesfile":
        return Answer(0, f"use_devicesfile={int(system['uses_devices_file'])}\n")
    if words[0] == "activation/volume_list" and system["volume_list"] is not None:
        entries = [f'"{entry}"' for entry in system["volume_list"]]
        value = entries[0] if len(entries) == 1 else f"[{','.join(entries)}]"
        return Answer(0, f"volume_list={value}\n")
    return Answer(FAILED, "", f"  Configuration node {words[0]} not found\n")
