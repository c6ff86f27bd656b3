"""News of one simulated LUN: unit attentions, which a nexus hears once, at its next command."""

from __future__ import annotations

from opensvc_testkit.executables.targets import ATTENTION, RefusedError, target_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk

    Nexus = tuple[str, str]


def hear(disk: SharedDisk, nexus: Nexus) -> None:
    """Begin any command but INQUIRY: a pending unit attention is told once, and the command not carried out."""
    for attention in disk["attentions"]:
        if (attention["node"], attention["path"]) == nexus:
            disk["attentions"].remove(attention)
            raise RefusedError(ATTENTION, attention["sense"])


def tell(disk: SharedDisk, nexus: Nexus, sense: str) -> None:
    """A nexus hears this at its next command; nothing for an empty text."""
    pending = [(attention["node"], attention["path"], attention["sense"]) for attention in disk["attentions"]]
    if sense and (target_of(disk).repeats_news or (*nexus, sense) not in pending):
        disk["attentions"].append({"node": nexus[0], "path": nexus[1], "sense": sense})


def tell_others(disk: SharedDisk, nexus: Nexus, sense: str) -> None:
    """Every other registrant hears it."""
    for registration in disk["registrations"]:
        other = (registration["node"], registration["path"])
        if other != nexus:
            tell(disk, other, sense)


def tell_wrong_ones(disk: SharedDisk, nexus: Nexus, sense: str) -> None:
    """For each registrant that it concerns everybody else hears it, as with tgtd."""
    everybody = [(node, path) for node, paths in disk["paths"].items() for path in paths]
    for registration in disk["registrations"]:
        registrant = (registration["node"], registration["path"])
        for other in everybody:
            if nexus != registrant != other:
                tell(disk, other, sense)


def forget_attentions(disk: SharedDisk, nexus: Nexus) -> None:
    """Nobody waits for the news of a nexus: a system that boots reads them away."""
    disk["attentions"] = [
        attention for attention in disk["attentions"] if (attention["node"], attention["path"]) != nexus
    ]
