"""Which of `keyword`, `keyword@nodes`, `keyword@drpnodes` and `keyword@node` counts on a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from opensvc_core.config.problems import did_you_mean

ELSEWHERE = -1
"""Rank of a scope that is not about this node."""


@frozen
class Scopes:
    """The scopes of one service, as one node sees them. Node names are compared without case.

    Attributes:
        node: name of the node.
        nodes: production nodes.
        drpnodes: disaster-recovery nodes.
        ranks: rank of every scope that may be written, lower case: 2 for the node's own name, 1 for a group that it
            is in, 0 for none, ``ELSEWHERE`` for what is not about it.
    """

    node: str
    nodes: tuple[str, ...]
    drpnodes: tuple[str, ...]
    ranks: Mapping[str, int] = field(hash=False)

    @classmethod
    def of(cls, node: str, nodes: Iterable[str], drpnodes: Iterable[str]) -> Scopes:
        """The scopes of a service with these nodes, seen from ``node``, which need not be one of them.

        Names that differ from the node's own in case only are given its spelling, so that all else can compare them
        as they are.
        """
        here = node.lower()
        production = tuple(node if name.lower() == here else name for name in nodes)
        recovery = tuple(node if name.lower() == here else name for name in drpnodes)
        ranks = dict.fromkeys((name.lower() for name in (*production, *recovery)), ELSEWHERE)
        if here in ranks:
            ranks[here] = 2
        ranks["nodes"] = 1 if node in production else ELSEWHERE
        ranks["drpnodes"] = 1 if node in recovery else ELSEWHERE
        ranks[""] = 0
        return cls(node, production, recovery, ranks)

    def includes(self, words: Iterable[str]) -> bool:
        """Whether any of the words (names of nodes, ``nodes``, ``drpnodes``) is about this node."""
        return any(self.ranks.get(word.lower(), ELSEWHERE) > 0 for word in words)

    def refuse(self, word: str) -> tuple[str, str]:
        """Message and hint about a word that is no scope of the service; two empty texts if it is one."""
        if word and word.lower() in self.ranks:
            return "", ""
        names = (*self.nodes, *self.drpnodes, "nodes", "drpnodes")
        message = f"{word!r} is neither a node of this service nor 'nodes' nor 'drpnodes'"
        return message, did_you_mean(word, names)
