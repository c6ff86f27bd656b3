"""What ``sg_persist --in`` prints of a simulated LUN (captured, sg3_utils 1.46)."""

from __future__ import annotations

from opensvc_testkit.executables import reservations
from opensvc_testkit.executables.disks import position
from opensvc_testkit.executables.sg_words import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk

    Nexus = tuple[str, str]

CAPABILITIES = {
    "array": (0, 1, 1, 1, 1, 1, 1),
    "lio": (0, 1, 1, 1, 1, 1, 1),
    "tgt": (0, 0, 0, 0, 0, 1, 0),
    "plain": (0, 0, 0, 0, 0, 0, 0),
}
"""What a target says it can, in the order of the lines; captured but of ``array``, which says what LIO says."""
ABLE = (
    "Replace Lost Reservation Capable(RLR_C)",
    "Compatible Reservation Handling(CRH)",
    "Specify Initiator Ports Capable(SIP_C)",
    "All Target Ports Capable(ATP_C)",
    "Persist Through Power Loss Capable(PTPL_C)",
    "Type Mask Valid(TMV)",
    "Allow Commands",
)
MASK = (7, 6, 5, 3, 1, 8)
"""Types in the order of the lines."""


def keys(disk: SharedDisk) -> str:
    """Registered keys."""
    registered = reservations.keys_of(disk)
    generation = f"  PR generation=0x{disk['generation']:x}, "
    if not registered:
        return f"{generation}there are NO registered reservation keys\n"
    words = "registered reservation key follows:" if len(registered) == 1 else "registered reservation keys follow:"
    return f"{generation}{len(registered)} {words}\n" + "".join(f"    0x{key:x}\n" for key in registered)


def reservation(disk: SharedDisk) -> str:
    """Holder and type."""
    generation = f"  PR generation=0x{disk['generation']:x}, "
    if disk["holder"] is None:
        return f"{generation}there is NO reservation held\n"
    return (
        f"{generation}Reservation follows:\n"
        f"    Key=0x{reservations.holder_key(disk):x}\n"
        f"    scope: LU_SCOPE,  type: {TYPES[disk['type']]}\n"
    )


def full_status(disk: SharedDisk) -> str:
    """Every registration with its initiator."""
    lines = [f"  PR generation=0x{disk['generation']:x}"]
    if not disk["registrations"]:
        lines.append("  No full status descriptors")
    for registration in disk["registrations"]:
        nexus = (registration["node"], registration["path"])
        lines += [
            f"    Key=0x{registration['key']:x}",
            "      All target ports bit clear",
            "      Relative port address: 0x1",
        ]
        if reservations.is_holder(disk, nexus):
            lines.append("      << Reservation holder >>")
            lines.append(f"      scope: LU_SCOPE,  type: {TYPES[disk['type']]}")
        else:
            lines.append("      not reservation holder")
        lines.append("      Transport Id of initiator:")
        lines.append(f"        iSCSI world wide unique port id: {port_of(disk, nexus)}")
    return "".join(f"{line}\n" for line in lines)


def port_of(disk: SharedDisk, nexus: Nexus) -> str:
    """The name of an initiator's port."""
    return f"iqn.2010-01.simulated:{nexus[0]},i,0x00023d{position(disk, *nexus):06x}"


def capabilities(disk: SharedDisk) -> str:
    """What the target says it can."""
    lines = ["Report capabilities response:"]
    lines += [f"  {text}: {able}" for text, able in zip(ABLE, CAPABILITIES[disk["target"]], strict=True)]
    lines += [f"  Persist Through Power Loss Active(PTPL_A): {int(disk['persists'])}"]
    lines += ["    Support indicated in Type mask:"]
    lines += [f"      {TYPES[kind]}: 1" for kind in MASK]
    return "".join(f"{line}\n" for line in lines)
