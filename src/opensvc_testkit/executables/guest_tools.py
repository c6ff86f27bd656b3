"""Commands inside a simulated guest that must not be this machine's: ``ip``, ``ifconfig``, ``poweroff``."""

from __future__ import annotations

import os

from opensvc_testkit.executables import interfaces, life
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call


def run(call: Call) -> Answer:
    """Answer one call."""
    name = os.environ.get("SIMULATED_GUEST", "")
    with call.store.opened() as world:
        guest = world["guests"].get(name) or life.new_guest(name)
        if call.name == "guest-poweroff":
            for _, living in life.where_active(world, name):
                life.ask_shutdown(living, guest, now(world))
            return Answer()
        adapters = interfaces.of_addresses(guest["addresses"])
    tool = call.name.removeprefix("guest-")
    if not (guest["iproute"] if tool == "ip" else guest["has_ifconfig"]):
        return Answer(127, "", f"sh: 1: {tool}: not found\n")
    if tool == "ifconfig":
        return interfaces.ifconfig(call.words, adapters)
    if guest["iproute"] == "busybox" and any(word.startswith("-j") for word in call.words):
        # busybox 1.35 knows no -j (its first line of usage is [R]).
        return Answer(1, "", "ip: invalid option -- 'j'\nBusyBox v1.35.0 multi-call binary.\n")
    return interfaces.ip(call.words, adapters)
