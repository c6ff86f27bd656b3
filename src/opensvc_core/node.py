"""This node: its name, platform, folders and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ROOT = Path("/opt/opensvc")
"""Root folder of the cookbook; ``$OSVC_ROOT`` names another."""


@frozen
class Folders:
    """The tree below the root (cookbook, "Files")."""

    root: Path

    @property
    def etc(self) -> Path:
        """Service files and ``node.conf``."""
        return self.root / "etc"

    @property
    def var(self) -> Path:
        """State: journal, locks, pinned host keys."""
        return self.root / "var"

    @property
    def lock(self) -> Path:
        """One lock file a service."""
        return self.var / "lock"

    @property
    def log(self) -> Path:
        """Log files."""
        return self.root / "log"

    @property
    def tmp(self) -> Path:
        """Scratch files."""
        return self.root / "tmp"

    @property
    def bin(self) -> Path:
        """``svcmgr`` and its kin."""
        return self.root / "bin"

    @property
    def ssh(self) -> Path:
        """The agent's own ssh: key and pinned host keys; closed to others."""
        return self.etc / "ssh"

    @property
    def ssh_key(self) -> Path:
        """Private key with which the agent comes to peers; the public one is beside it."""
        return self.ssh / "id_ed25519"

    @property
    def ssh_known_hosts(self) -> Path:
        """Pinned host keys of peers, under their node names: sessions set ``HostKeyAlias``."""
        return self.ssh / "known_hosts"

    @property
    def ssh_cards(self) -> Path:
        """Cards of the nodes that this one took, as it took them."""
        return self.ssh / "cards"

    @property
    def journal(self) -> Path:
        """The journal's database."""
        return self.var / "journal.db"

    @property
    def ssh_sockets(self) -> Path:
        """Control sockets of shared ssh connections."""
        return self.var / "ssh"

    @property
    def tickets(self) -> Path:
        """Tickets of the gate."""
        return self.var / "tickets"

    @property
    def peer_log(self) -> Path:
        """What peers did and tried here."""
        return self.log / "peer.log"


@frozen
class Node:
    """Facts about the node that configuration, status and plans depend on.

    Attributes:
        name: host name, or ``$OSVC_NODE``.
        os_name: as ``uname -s`` prints it: ``Linux``, ``HP-UX``, ``SunOS``.
        folders: where things lie.
        boot_id: what tells this boot from the one before; empty where the system does not say.
        settings: of ``etc/node.conf``: section to keyword to value, all lower case names.
    """

    name: str
    os_name: str
    folders: Folders
    settings: Mapping[str, Mapping[str, str]] = field(factory=dict, hash=False)
    boot_id: str = ""

    def setting(self, section: str, keyword: str, default: str = "") -> str:
        """A setting of ``node.conf`` as text."""
        return self.settings.get(section, {}).get(keyword, default)
