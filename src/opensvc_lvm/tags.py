"""Tags of a volume group that say which node of a service uses it; pure. Every other tag is somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen


@frozen
class NodeTags:
    """The node tags of a group.

    Attributes:
        own: tags that name this node, in whatever spelling.
        foreign: tags that name other nodes of the service, and the node that each names.
    """

    own: frozenset[str] = frozenset()
    foreign: Mapping[str, str] = field(factory=dict, hash=False)

    @property
    def foreign_nodes(self) -> tuple[str, ...]:
        """Other nodes that are named, sorted."""
        return tuple(sorted(set(self.foreign.values())))


def is_same_node(one: str, other: str) -> bool:
    """Whether two names mean one node: equal but for case, or one of them is the other without its domain."""
    one, other = one.lower(), other.lower()
    if one == other:
        return True
    has_domains = "." in one and "." in other
    return not has_domains and one.partition(".")[0] == other.partition(".")[0]


def node_tags(tags: Iterable[str], node: str, members: Iterable[str]) -> NodeTags:
    """Tags that name nodes of a service.

    Args:
        tags: of the group.
        node: name of this node.
        members: names of the service's nodes.
    """
    others = [member for member in members if not is_same_node(member, node)]
    own, foreign = set(), {}
    for tag in sorted(tags):
        named = next((member for member in others if is_same_node(tag, member)), "")
        # `n1` may be n1.a.net or n1.b.net: where another node is as likely, it counts as the other's.
        if tag == node or (is_same_node(tag, node) and not named):
            own.add(tag)
        elif named:
            foreign[tag] = named
    return NodeTags(frozenset(own), foreign)


def tag_changes(tags: NodeTags, node: str) -> tuple[str, ...]:
    """Options of ``vgchange`` that leave this node's name as the only node tag; empty if it is so already."""
    dropped = sorted((tags.own - {node}) | set(tags.foreign))
    options = [word for tag in dropped for word in ("--deltag", tag)]
    return (*options, *(() if node in tags.own else ("--addtag", node)))
