"""What ``mpathpersist --in`` prints of a simulated LUN (captured, multipath-tools 0.9.4)."""

from __future__ import annotations

from opensvc_testkit.executables import reservations, sg_reports
from opensvc_testkit.executables.mpath_words import CAPABILITIES, MASK
from opensvc_testkit.executables.sg_words import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk


def report(disk: SharedDisk, action: str) -> str:
    """The answer to one of ``sg_words.IN_ACTIONS``."""
    generation = f"  PR generation=0x{disk['generation']:x}"
    if action == "read-keys":
        keys = reservations.keys_of(disk)
        words = {0: "0 registered reservation key.", 1: "1 registered reservation key follows:"}
        said = words.get(len(keys), f"{len(keys)} registered reservation keys follow:")
        return f"{generation}, \t{said}\n" + "".join(f"    0x{key:x}\n" for key in keys)
    if action == "read-reservation":
        if disk["holder"] is None:
            return f"{generation}, there is NO reservation held \n"
        return (
            f"{generation}, Reservation follows:\n   Key = 0x{reservations.holder_key(disk):x}\n"
            f"  scope = LU_SCOPE, type = {TYPES[disk['type']]}\n"
        )
    if action == "report-capabilities":
        return _capabilities(disk)
    descriptors = (_descriptor(disk, each["node"], each["path"]) for each in disk["registrations"])
    return f"{generation} \n" + "".join(descriptors)


def _descriptor(disk: SharedDisk, node: str, path: str) -> str:
    nexus = (node, path)
    held = reservations.is_holder(disk, nexus)
    # Captured without a holder; with one [R].
    holder = (
        f"      << Reservation holder >>\n      scope = LU_SCOPE, type = {TYPES[disk['type']]}\n"
        if held
        else "      not reservation holder\n"
    )
    return (
        f"   Key = 0x{reservations.key_of(disk, nexus):x}\n"
        "      All target ports bit clear\n      Relative port address: 0x2\n"
        f"{holder}   iSCSI world wide unique port id: {sg_reports.port_of(disk, nexus)}\n"
    )


def _capabilities(disk: SharedDisk) -> str:
    lines = ["Report capabilities response:"]
    able = sg_reports.CAPABILITIES[disk["target"]][1:]
    lines += [f"  {text}: {value}" for text, value in zip(CAPABILITIES, able, strict=True)]
    lines += [f"  Persist Through Power Loss Active(PTPL_A): {int(disk['persists'])}"]
    # The mask is read from the wrong place: nothing is supported, it says.
    lines += ["    Support indicated in Type mask:", *(f"      {TYPES[kind]}: 0" for kind in MASK)]
    return "".join(f"{line}\n" for line in lines)
