"""What ssh says when there is no session, as an error that says what is wrong and what to do. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opensvc_core.cluster.link import PeerError

if TYPE_CHECKING:
    from pathlib import Path

_NO_ROUTE = re.compile(
    r"No route to host|Network is unreachable|Connection refused|timed out|Could not resolve|Host is down"
    r"|Name or service not known|Temporary failure in name",
    re.IGNORECASE,
)
_SILENT = "timed out during banner exchange"
SSH_FAILED = 255
NOT_FOUND = 127
NOT_EXECUTABLE = 126


def read_failure(node: str, address: str, rc: int | None, said: str, known_hosts: Path) -> PeerError:
    """Why a session with a node did not begin.

    Args:
        node: its name.
        address: where it was looked for.
        rc: exit status of ssh; None if it was ended at the limit.
        said: its standard error.
        known_hosts: file of pinned host keys.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    at = node if node == address else f"{node} ({address})"
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in said:
        return PeerError(
            f"{at} shows another host key than the one pinned in {known_hosts}",
            code="peer_refused",
            hint=f"if {node} was installed anew: osvc node trust {node}; if not, something else has its address",
        )
    if "Host key verification failed" in said or "host key is known for" in said:
        return PeerError(
            f"the host key of {at} is not pinned in {known_hosts}",
            code="peer_refused",
            hint=f"osvc node trust {node}",
        )
    if "Permission denied" in said:
        return PeerError(
            f"{at} does not know the key of this node",
            code="peer_refused",
            hint=f"run `osvc node trust` on both nodes; `osvc node trust --check {node}` tells what is missing",
        )
    if "osvc peer: refused" in said:
        return PeerError(f"{at} refuses: {last}", code="peer_refused", hint=f"see log/peer.log on {node}")
    return _not_answered(node, at, rc, last, is_unreached=_NO_ROUTE.search(said) is not None)


def _not_answered(node: str, at: str, rc: int | None, last: str, *, is_unreached: bool) -> PeerError:
    """Why a node that did not refuse did not answer either."""
    if rc in {NOT_FOUND, NOT_EXECUTABLE}:
        return PeerError(
            f"there is no agent on {at}: {last or 'its command was not found'}",
            code="peer_unreachable",
            hint=f"on {node}: osvc node install",
        )
    if rc is None or _SILENT in last:
        return PeerError(
            f"{at} takes the connection and says nothing: its sshd or the whole node hangs",
            code="peer_unreachable",
            hint=f"look at the console of {node}",
        )
    if is_unreached:
        return PeerError(
            f"{at} cannot be reached: {last}",
            code="peer_unreachable",
            hint=f"is {node} on, is its address right in etc/hosts, does its sshd run?",
        )
    if rc == SSH_FAILED:
        return PeerError(
            f"no session with {at}: {last or 'ssh gave no reason'}",
            code="peer_unreachable",
            hint=f"try it by hand: osvc node trust --check {node}",
        )
    return PeerError(
        f"the agent on {at} ended with status {rc} before it said anything: {last or 'no reason given'}",
        code="peer_unreachable",
        hint=f"on {node}: osvc node check",
    )
