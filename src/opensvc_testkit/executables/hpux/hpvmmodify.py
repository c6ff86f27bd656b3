"""Simulated ``hpvmmodify``: boot policy, label, processors, memory, and the attributes of ``-x``.

Options and the rule of ``modify_status`` are from the manual; texts are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import machines
from opensvc_testkit.executables.hpux.machines import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call

ATTRIBUTES = {
    "runnable_status": ("is_runnable",),
    "modify_status": ("is_modifiable",),
    "visible_status": ("is_visible",),
    "register_status": ("is_runnable", "is_modifiable", "is_visible"),
    "online_migration": ("online_migration",),
}
LABEL_LIMIT = 255
UNITS = {"M": 1, "G": 1024}


def run(call: Call) -> Answer:
    """Answer one ``hpvmmodify`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "F", "PpBlcrxgadmNeE")
        if rest or not ({"P", "p"} & options.keys()) or len(options) < 2:
            raise UsageError("a virtual machine and something to change")
    except UsageError as error:
        return usage("hpvmmodify", error, "{-P vm-name|-p vm-number} [-B {auto|manual}] [-l label] [-c vcpus] "
                     "[-r amount] [-x name=value]...")  # fmt: skip
    if set("gadmNeEF") & options.keys():
        raise NotSimulatedError("hpvmmodify " + " ".join(call.words))
    with call.store.opened() as world:
        try:
            guest = machines.find_guest(call.here(world), options)
            changes = _changes(options)
            opens = changes.get("is_modifiable") is True
            if not guest["is_modifiable"] and not opens:
                raise RefusedError(f"Guest '{guest['name']}' cannot be modified: modify_status is disabled.")
        except RefusedError as error:
            return machines.refused(call, error)
        guest.update(changes)
    return Answer()


def _changes(options: dict[str, list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "B" in options:
        boot = options["B"][-1].capitalize()
        if boot not in ("Auto", "Manual"):
            raise RefusedError(f"Invalid boot attribute '{options['B'][-1]}'.")
        found["boot"] = boot
    if "l" in options:
        label = options["l"][-1]
        if len(label) > LABEL_LIMIT or not all(char.isalnum() or char in "-_." for char in label):
            raise RefusedError(f"Invalid label '{label}'.")
        found["label"] = label
    if "c" in options:
        if not options["c"][-1].isdigit():
            raise RefusedError(f"Invalid number of virtual CPUs '{options['c'][-1]}'.")
        found["vcpus"] = int(options["c"][-1])
    if "r" in options:
        amount = options["r"][-1]
        number, unit = amount.rstrip("MG"), amount[-1:]
        if not number.isdigit():
            raise RefusedError(f"Invalid memory size '{amount}'.")
        found["memory"] = int(number) * UNITS.get(unit, 1)
    for assignment in options.get("x", []):
        name, _, value = assignment.partition("=")
        if name == "graceful_stop_timeout" and value.isdigit():
            found["graceful"] = int(value)
            continue
        if name not in ATTRIBUTES or value not in ("enabled", "disabled"):
            raise RefusedError(f"Invalid attribute '{assignment}'.")
        found.update(dict.fromkeys(ATTRIBUTES[name], value == "enabled"))
    return found
