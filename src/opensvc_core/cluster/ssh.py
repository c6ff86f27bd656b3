"""How ssh is called to reach another node: the agent's own key and pinned host keys, nothing of root's settings."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from opensvc_core.node import Folders

ALIVE_INTERVAL = 2
"""Seconds between two signs of life that ssh asks for."""
ALIVE_COUNT = 3
"""How many may stay without an answer."""
KEPT = 60
"""Seconds for which a connection that nobody uses is kept for the next command."""
LONGEST_SOCKET = 84
"""Bytes of a control socket's path: a socket's own limit is 104, and ssh makes it under a longer name first."""
SESSION = "osvc peer"
"""What is asked of the gate for a session."""


@frozen
class Ssh:
    """The way to other nodes.

    Attributes:
        folders: of this node.
        run: where a folder for sockets is made when those below ``var/`` would have too long names.
    """

    folders: Folders
    run: Path = Path("/run")

    def argv(self, node: str, address: str, seconds: float, *, shares: bool = True) -> tuple[str, ...]:
        """The call of ssh, up to the options: the address and what is asked follow.

        Args:
            node: name of the peer, under which its host key is pinned.
            address: where it is looked for: each address has a connection of its own.
            seconds: until a connection must stand.
            shares: whether a connection that is there already may be used, and left for the next command.
        """
        socket = self.socket(node, address) if shares else None
        options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            f"IdentityFile={_quoted(self.folders.ssh_key)}",
            "IdentityAgent=none",
            "PreferredAuthentications=publickey",
            "StrictHostKeyChecking=yes",
            f"UserKnownHostsFile={_quoted(self.folders.ssh_known_hosts)}",
            "GlobalKnownHostsFile=/dev/null",
            f"HostKeyAlias={node}",
            "CheckHostIP=no",
            "UpdateHostKeys=no",
            "ClearAllForwardings=yes",
            "ForwardAgent=no",
            "ForwardX11=no",
            "PermitLocalCommand=no",
            "RequestTTY=no",
            "EscapeChar=none",
            f"ConnectTimeout={max(1, round(seconds))}",
            "ConnectionAttempts=1",
            f"ServerAliveInterval={ALIVE_INTERVAL}",
            f"ServerAliveCountMax={ALIVE_COUNT}",
            "LogLevel=ERROR",
        ]
        if socket is None:
            options += ["ControlMaster=no", "ControlPath=none"]
        else:
            options += ["ControlMaster=auto", f"ControlPath={_quoted(socket)}", f"ControlPersist={KEPT}"]
        # `-F none`: no file of the user's or the system's has a say.
        return ("ssh", "-F", "none", "-T", *(word for option in options for word in ("-o", option)))

    def session_argv(self, node: str, address: str, seconds: float, *, shares: bool = True) -> tuple[str, ...]:
        """The call of ssh for a session with a peer."""
        return (*self.argv(node, address, seconds, shares=shares), "--", f"root@{address}", SESSION)

    def exit_argv(self, node: str, address: str) -> tuple[str, ...]:
        """The call of ssh that ends a connection that is kept."""
        return (
            "ssh",
            "-F",
            "none",
            "-o",
            f"ControlPath={_quoted(self.socket(node, address) or Path('none'))}",
            "-O",
            "exit",
            node,
        )

    def socket(self, node: str, address: str) -> Path | None:
        """The control socket of the connection to a node at an address; its folder is there, and its owner's alone.

        ``None`` if there can be no such folder: then every command has a connection of its own.
        """
        name = hashlib.sha256(f"{node}\0{address}\0{self.folders.root}".encode()).hexdigest()[:16]
        places = (
            self.folders.ssh_sockets,
            self.run / f"opensvc-{hashlib.sha256(os.fsencode(self.folders.root)).hexdigest()[:12]}",
        )
        for folder in places:
            path = folder / name
            if len(os.fsencode(path)) <= LONGEST_SOCKET and _own(folder):
                return path
        return None


def _own(folder: Path) -> bool:
    """Make a folder for sockets; whether it is there, and nobody else can put anything into it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != os.getuid() or folder.is_symlink():
            return False
        if found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        return False
    return True


def _quoted(path: Path) -> str:
    """A path as a value of an option: ssh reads quotes, and replaces what follows a percent sign."""
    return '"' + str(path).replace("%", "%%") + '"'
