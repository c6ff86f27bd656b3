"""Public ssh keys as data, and this node's own key: made once by ssh-keygen, closed to everybody else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.host import Host
    from opensvc_core.node import Folders

KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
"""Kinds of keys that are taken; certificates and DSA are not among them."""
LONGEST_KEY = 8192
"""Characters of a key's base64; RSA with 16384 bit has 2,772."""
OTHERS = 0o077
"""Mode bits that a private file must not have."""
MAKE_LIMIT = 60.0
"""Seconds that ssh-keygen may take."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class TrustError(OpenSVCError):
    """Keys, cards or the trust between nodes are not as they must be.

    Codes: ``key_exposed``, ``key_missing``, ``key_changed``, ``host_key_changed``, ``card``, ``trust_forbidden``,
    ``trust_root`` (the root folder cannot stand in a forced command), ``trust_exchange`` (the other node gave no card).
    """

    code = "trust"


@frozen
class PublicKey:
    """A public key: its kind and its data. There is no comment, and nothing that could be an option.

    Attributes:
        kind: one of ``KINDS``.
        data: base64, as it stands in files of ssh.
    """

    kind: str
    data: str

    def __str__(self) -> str:
        """``ssh-ed25519 AAAA…``."""
        return f"{self.kind} {self.data}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``, as ssh shows it."""
        digest = hashlib.sha256(base64.b64decode(self.data)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def parse_public_key(text: str) -> PublicKey:
    """Read ``kind base64 [comment]`` of one line; the comment is dropped.

    Raises:
        ValueError: it is no public key of a kind that is taken; the message says why.
    """
    line = text.removesuffix("\n")
    if "\n" in line or "\r" in line:
        message = "it is more than one line"
        raise ValueError(message)
    words = line.split(" ", 2)
    if len(words) < 2 or words[0] not in KINDS:
        message = f"it does not begin with a kind of key that is taken: {', '.join(KINDS)}"
        raise ValueError(message)
    return _checked(words[0], words[1])


def _checked(kind: str, data: str) -> PublicKey:
    if len(data) > LONGEST_KEY or not _BASE64.fullmatch(data):
        message = "its data is not base64"
        raise ValueError(message)
    try:
        blob = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        message = "its data is not base64"
        raise ValueError(message) from error
    name = kind.encode()
    # RFC 4253 6.6: a key begins with its own kind, length first. One that says another would be read as that.
    if not blob.startswith(len(name).to_bytes(4, "big") + name) or len(blob) < len(name) + 36:
        message = f"its data is not that of a key of the kind {kind}"
        raise ValueError(message)
    if base64.b64encode(blob).decode() != data:
        message = "its base64 is not spelt as ssh spells it"
        raise ValueError(message)
    return PublicKey(kind, data)


def exposed(path: Path) -> str:
    """Why a file with a secret is not closed to others, empty if it is. Raises OSError."""
    facts = path.stat()
    if facts.st_uid not in {0, os.geteuid()}:
        return f"{path} belongs to user {facts.st_uid}"
    if facts.st_mode & OTHERS:
        return f"others than its owner can read or write {path} (mode {stat.S_IMODE(facts.st_mode):04o})"
    return ""


def read_own_key(folders: Folders) -> PublicKey:
    """The public part of this node's key.

    Raises:
        TrustError: ``key_missing`` while there is none, ``key_exposed`` when others can read the private part.
    """
    private = folders.ssh_key
    public = private.with_name(f"{private.name}.pub")
    try:
        reason = exposed(private)
        text = public.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise TrustError(
            f"this node has no key: there is no {error.filename}", code="key_missing", hint="osvc node install makes it"
        ) from error
    except (OSError, UnicodeError) as error:
        raise TrustError(f"the key of this node cannot be read: {error}", code="key_missing") from error
    if reason:
        raise TrustError(
            f"the key of this node may be known to others: {reason}",
            code="key_exposed",
            hint=f"chmod 600 {private}; if others were on this node meanwhile, remove both files, `osvc node install`, "
            "and `osvc node trust --replace` on the other nodes",
        )
    try:
        return parse_public_key(text)
    except ValueError as error:
        raise TrustError(
            f"{public} holds no key: {error}", code="key_missing", hint=f"ssh-keygen -y -f {private} >{public}"
        ) from error


def make_own_key(folders: Folders, node: str, host: Host) -> bool:
    """Make this node's key, ed25519 without a passphrase; one that is there is kept. Whether one was made.

    Args:
        folders: of this node.
        node: its name, for the comment.
        host: where ssh-keygen runs.

    Raises:
        CommandError: ssh-keygen failed, or is not installed.
        OSError: its folder cannot be made.
    """
    from opensvc_core.clock import Cancel
    from opensvc_core.host import Command

    private = folders.ssh_key
    if private.exists():
        if not private.with_name(f"{private.name}.pub").exists():
            _derive(private, host)
        return False
    make_private_folder(private.parent)
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"opensvc@{node}", "-f", str(private))
    result = host.execute(Command(argv, timeout=MAKE_LIMIT, changes=True), Cancel())
    if result.rc != 0:
        _failed(result.rc, argv, result.stdout, result.stderr)
    private.chmod(0o600)
    return True


def _derive(private: Path, host: Host) -> None:
    """Write the public part anew from the private one."""
    from opensvc_core.clock import Cancel
    from opensvc_core.cluster.key_files import replace
    from opensvc_core.host import Command

    argv = ("ssh-keygen", "-y", "-P", "", "-f", str(private))
    result = host.execute(Command(argv, timeout=MAKE_LIMIT), Cancel())
    if result.rc != 0:
        _failed(result.rc, argv, result.stdout, result.stderr)
    replace(private.with_name(f"{private.name}.pub"), result.stdout.encode(), 0o644)


def _failed(rc: int, argv: tuple[str, ...], stdout: str, stderr: str) -> None:
    from opensvc_core.errors import CommandFailed

    said = (stderr or stdout).strip().splitlines()
    raise CommandFailed(
        f"ssh-keygen ended with status {rc}: {said[-1] if said else 'it said nothing'}",
        argv=argv,
        rc=rc,
        stdout=stdout,
        stderr=stderr,
        hint=f"is there space and a right to write in {argv[-1]}?",
    )


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner looks into; one that is there is left as it is. Raises OSError."""
    from opensvc_core.state_files import make_folder

    make_folder(folder.parent)
    folder.mkdir(0o700, exist_ok=True)
