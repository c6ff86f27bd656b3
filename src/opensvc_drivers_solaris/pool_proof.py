"""Whether a pool that another system used last may be imported by force: only what was proved in this run counts."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_core.api import Evidence, NodeState

_GONE = frozenset({NodeState.DOWN, NodeState.FENCED})


def is_same_node(one: str, other: str) -> bool:
    """Whether two names mean one node: equal but for case, or one of them is the other without its domain."""
    one, other = one.lower(), other.lower()
    if one == other:
        return True
    has_domains = "." in one and "." in other
    return not has_domains and one.partition(".")[0] == other.partition(".")[0]


@frozen
class Proof:
    """What this run knows of who else may use a pool.

    Attributes:
        node: name of this node.
        members: names of all nodes of the service.
        is_reserved: this run holds the reservation of every disk of the pool: no other node can write.
        evidence: what is known of the other nodes in this run.
    """

    node: str
    members: tuple[str, ...]
    is_reserved: bool
    evidence: Sequence[Evidence]

    def doubt(self, host: str) -> str:
        """Why a pool that a host used last may still be in use there, empty if it is proved not to be.

        Args:
            host: as zpool names it; empty where it does not, and then it may be any.
        """
        if self.is_reserved:
            return ""
        others = [member for member in self.members if not is_same_node(member, self.node)]
        if not host:
            in_doubt = [member for member in others if not self._is_gone(member)]
            if not others:
                return "another system, which zpool does not name, and the service has no other node"
            return f"another system: {' and '.join(in_doubt)} may use it" if in_doubt else ""
        member = next((each for each in others if is_same_node(each, host)), "")
        if not member:
            return f"{host}, which is no other node of the service"
        return "" if self._is_gone(member) else member

    def _is_gone(self, member: str) -> bool:
        states = {known.state for known in self.evidence if is_same_node(known.node, member)}
        return bool(states) and states <= _GONE

    def hint(self, name: str, host: str) -> str:
        """How to prove that a host does not use a pool any more."""
        others = [member for member in self.members if not is_same_node(member, self.node)]
        member = next((each for each in others if host and is_same_node(each, host)), "")
        if member:
            return f"stop it there; if {member} is off for certain: osvc start --declare-dead {member}"
        return f"if no other system has it imported, once by hand: zpool import -f {name}"
