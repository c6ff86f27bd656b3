"""Simulated ``hpvmstatus``: guests for machines (-M), as table, in detail (-V), in XML (-X), and their devices (-d).

Field positions of ``-M``, ``-d`` and the words On and Off are what drivers rely on; further fields are fillers. The
table's header, most labels of ``-V`` and what it says of an unknown guest are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import machines
from opensvc_testkit.executables.hpux.machines import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

USAGE = "[-V|-M|-X|-d|-v] [-P vm-name|-p vm-number]"
NOTHING = "No vPars or VMs currently configured\n"
"""Of 6.x, grepped by a vendor's script."""
NOTHING_BEFORE = "No guest information is available."
"""Before 6.x, [R]."""
TABLE = [
    "[Virtual Machines]",
    "Virtual Machine Name VM #  OS Type State     #VCPUs #Devs #Nets Memory  Runsysid",
    "==================== ===== ======= ========= ====== ===== ===== ======= ========",
]


def run(call: Call) -> Answer:
    """Answer one ``hpvmstatus`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "MVXdvsSmCrRieDA", "Pp")
        if rest:
            raise UsageError(f"unexpected word: {rest[0]}")
    except UsageError as error:
        return usage("hpvmstatus", error, USAGE)
    asked = [letter for letter in options if letter not in "Pp"]
    if len(asked) > 1 or (asked and asked[0] not in "MVXdv"):
        raise NotSimulatedError("hpvmstatus " + " ".join(call.words))
    kind = asked[0] if asked else ""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        state = machines.state_of(node)
        if kind == "v":
            return Answer(0, f"Version A.0{state['version']}\n")
        try:
            if "P" in options or "p" in options:
                guests = [machines.find_guest(node, options)]
            else:
                guests = sorted(state["guests"].values(), key=lambda guest: guest["id"])
        except RefusedError as error:
            return machines.refused(call, error)
        if kind == "d" and not ("P" in options or "p" in options):
            raise NotSimulatedError("hpvmstatus -d without -P")
        if not guests:
            if state["version"] >= "6":
                return Answer(0, NOTHING)
            return machines.refused(call, RefusedError(NOTHING_BEFORE))
        show = {"M": _machine, "V": _details, "X": _xml, "d": _devices, "": _table}[kind]
        return Answer(0, "".join(f"{line}\n" for line in show(world, node, guests)))


def _size(memory: int) -> str:
    return f"{memory // 1024}GB" if memory % 1024 == 0 else f"{memory}MB"


def _machine(world: World, node: Node, guests: list[dict[str, Any]]) -> list[str]:
    """The 1-based fields 1, 3, 5, 11, 12, 20 and 21 are known."""
    del world
    return [
        ":".join(
            [guest["name"], guest["uuid"], str(guest["id"]), "", "Integrity VM", "HPUX", "", guest["label"], "", "0",
             machines.run_state(node, guest), guest["boot"], "", "", str(len(guest["devices"])), "1", "0", "", "",
             f"{guest['vcpus']};10;100", f"{_size(guest['memory'])};0", "0", ""]
        )
        for guest in guests
    ]  # fmt: skip


def _table(world: World, node: Node, guests: list[dict[str, Any]]) -> list[str]:
    lines = []
    for guest in guests:
        memory = guest["memory"]
        size = f"{memory // 1024:>4} GB" if memory % 1024 == 0 else f"{memory:>4} MB"
        lines.append(
            f"{guest['name']:<20} {guest['id']:>5} {'HPUX':<7} {machines.shown_state(world, node, guest):<9} "
            f"{guest['vcpus']:>6} {len(guest['devices']):>5} {1:>5} {size} {0:>8}"
        )
    return TABLE + lines


def _word(*, is_enabled: bool) -> str:
    return "enabled" if is_enabled else "disabled"


def _details(world: World, node: Node, guests: list[dict[str, Any]]) -> list[str]:
    lines = ["[Virtual Machines Details]"]
    for guest in guests:
        rows = [
            ("Virtual Machine Name", guest["name"]),
            ("Virtual Machine UUID", guest["uuid"]),
            ("Virtual Machine ID", str(guest["id"])),
            ("Virtual Machine Label", guest["label"]),
            ("State", machines.shown_state(world, node, guest)),
            ("Start type", guest["boot"]),
            ("Number of virtual CPUs", str(guest["vcpus"])),
            ("Memory", f"{guest['memory']} MB"),
            ("Graceful stop timeout", str(guest["graceful"])),
            ("runnable_status", _word(is_enabled=guest["is_runnable"])),
            ("modify_status", _word(is_enabled=guest["is_modifiable"])),
            ("visible_status", _word(is_enabled=guest["is_visible"])),
            ("online_migration", _word(is_enabled=guest["online_migration"])),
        ]
        lines += [*(f"{label} : {value}" for label, value in rows), ""]
    return lines


def _xml(world: World, node: Node, guests: list[dict[str, Any]]) -> list[str]:
    del world
    lines = ["<pman>"]
    for guest in guests:
        memory = guest["memory"]
        number, unit = (memory // 1024, "GB") if memory % 1024 == 0 else (memory, "MB")
        lines += [
            f'<virtual_machine name="{guest["name"]}">',
            f"<uuid>{guest['uuid']}</uuid>",
            f"<vm_state>{machines.run_state(node, guest)}</vm_state>",
            f"<vcpu_number>{guest['vcpus']}</vcpu_number>",
            f'<memory><total unit="{unit}">{number}</total></memory>',
            "</virtual_machine>",
        ]
    return [*lines, "</pman>"]


def _devices(world: World, node: Node, guests: list[dict[str, Any]]) -> list[str]:
    del world, node
    lines = []
    for guest in guests:
        lines += [f"disk:{each['adapter']}:{each['place']}:{each['kind']}:{each['path']}" for each in guest["devices"]]
        lines.append(f"network:avio_lan:0,1:vswitch:{guest['switch']}")
    return lines
