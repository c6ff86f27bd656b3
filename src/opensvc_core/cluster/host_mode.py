"""Mode of a node, one word in ``var/host_mode``, and the policies that stand on it: who may start, push and trust."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from opensvc_core.errors import ConfigError, ConfigProblem
from opensvc_core.model import Veto

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from opensvc_core.model import Service
    from opensvc_core.node import Folders

CODE = "host_mode"
"""Code of every veto of these policies; nothing lifts it."""
PRODUCTION = "PRD"
"""The service type that the policies are about."""


class HostMode(Enum):
    """What a node is for (cookbook, "Set host mode"; ``TST`` came later)."""

    PRD = "PRD"
    """Production."""
    DEV = "DEV"
    """Development; also what disaster-recovery nodes are while nothing has happened."""
    TMP = "TMP"
    """Temporary."""
    TST = "TST"
    """Test."""


WORDS = tuple(mode.value for mode in HostMode)
"""The words that may stand in the file."""


def mode_file(folders: Folders) -> Path:
    """Where the mode is kept."""
    return folders.var / "host_mode"


def parse_host_mode(text: str) -> HostMode:
    """Read the content of the file: its first word counts, comments are not allowed (cookbook).

    Raises:
        ValueError: it is none; the message says why.
    """
    words = text.split()
    if not words:
        message = "it is empty"
        raise ValueError(message)
    if "#" in text:
        message = "it holds a comment, which is not allowed there"
        raise ValueError(message)
    try:
        return HostMode(words[0])
    except ValueError:
        message = f"{words[0][:40]!r} is no host mode"
        raise ValueError(message) from None


def read_host_mode(folders: Folders) -> HostMode | None:
    """Mode of this node, ``None`` while it is not set.

    Raises:
        ConfigError: the file holds something else, or cannot be read.
    """
    path = mode_file(folders)
    try:
        return parse_host_mode(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
    except ValueError as error:
        reason = str(error)
    problem = ConfigProblem(path, 0, "", "", f"{reason}; one word of {', '.join(WORDS)} must stand there")
    raise ConfigError([problem], hint=f"osvc node host-mode {'|'.join(WORDS)}")


def write_host_mode(folders: Folders, mode: HostMode) -> None:
    """Set the mode of this node; a reader sees the old one or the new. Raises OSError."""
    from opensvc_core.state_files import write_text

    write_text(mode_file(folders), f"{mode.value}\n")


def refuse_start(service_type: str, mode: HostMode | None, *, is_drpnode: bool) -> Veto | None:
    """Whether a node may start a service.

    Args:
        service_type: of the service, empty where its file gives none.
        mode: of the node; one that is not set takes that of the service.
        is_drpnode: the node is in ``drpnodes`` of the service and not in ``nodes``.
    """
    if mode is None:
        return None
    if mode is HostMode.PRD:
        if service_type == PRODUCTION:
            return None
        what = f"service_type is {service_type}" if service_type else "the service has no service_type"
        return _veto(
            f"a PRD node starts only PRD services: {what}",
            "run it on another node; or set service_type = PRD in its file, if it is a production service",
        )
    if service_type == PRODUCTION and not is_drpnode:
        return _veto(
            f"a PRD service starts on a node that is not PRD only for disaster recovery: "
            f"this node is {mode.value} and not in drpnodes",
            "osvc node host-mode PRD, if this is a production node",
        )
    return None


def refuse_push(
    service_type: str, source: HostMode | None, target: HostMode | None, *, source_is_drpnode: bool
) -> Veto | None:
    """Whether a node may send data of a service to another node.

    Args:
        service_type: of the service, empty where its file gives none.
        source: mode of the node that sends.
        target: mode of the node that receives.
        source_is_drpnode: the sender is in ``drpnodes`` of the service.
    """
    if source_is_drpnode:
        return _veto(
            "a node in drpnodes never syncs to anybody", "on a production node, which then pulls: osvc failback"
        )
    if service_type == PRODUCTION and source not in {None, HostMode.PRD}:
        return _veto(
            f"a PRD service never syncs out of a node that is not PRD: this one is {_spelt(source)}",
            "osvc node host-mode PRD, if this is a production node",
        )
    if target is None:
        return _veto(
            "a node whose host mode is not set receives nothing", "on that node: osvc node host-mode " + "|".join(WORDS)
        )
    if target is HostMode.PRD and source is not HostMode.PRD:
        return _veto(
            f"only PRD nodes push data to a PRD node: the sender is {_spelt(source)}",
            "osvc node host-mode PRD, if the sender is a production node",
        )
    return None


def refuse_trust(mode: HostMode | None, peer: HostMode | None, *, peer_is_drpnode: bool) -> Veto | None:
    """Whether a node may authorise the key of another one.

    Args:
        mode: of the node that would authorise.
        peer: mode of the node whose key it is.
        peer_is_drpnode: that node is in ``drpnodes`` of a service whose ``nodes`` hold the node that would authorise.
    """
    if peer_is_drpnode:
        return _veto(
            "the key of a disaster-recovery node is never trusted by a production node",
            "nothing is to be done: the disaster-recovery node trusts the production node, not the other way",
        )
    if mode is HostMode.PRD and peer is not HostMode.PRD:
        return _veto(
            f"a PRD node never trusts the key of a node that is not PRD: the other one is {_spelt(peer)}",
            "on the other node: osvc node host-mode PRD, if it is a production node",
        )
    return None


def is_only_drpnode(service: Service, node: str) -> bool:
    """Whether a node is there for disaster recovery of a service, and not for production."""
    return _is_in(node, service.drpnodes) and not _is_in(node, service.nodes)


def is_recovery_for(node: str, peer: str, services: Iterable[Service]) -> bool:
    """Whether a peer is a disaster-recovery node of a service that has this node as a production node."""
    return any(_is_in(node, service.nodes) and is_only_drpnode(service, peer) for service in services)


def _is_in(node: str, names: Iterable[str]) -> bool:
    return node.lower() in {name.lower() for name in names}


def _spelt(mode: HostMode | None) -> str:
    return mode.value if mode else "not set"


def _veto(reason: str, hint: str) -> Veto:
    return Veto(CODE, reason, "", hint, is_liftable=False)
