"""Public keys for tests: of the right form, belonging to nobody."""

from __future__ import annotations

import base64

from opensvc_core.cluster.keys import PublicKey


def key(number: int, kind: str = "ssh-ed25519") -> PublicKey:
    """A key that is another for every number."""
    blob = len(kind).to_bytes(4, "big") + kind.encode() + (32).to_bytes(4, "big") + number.to_bytes(32, "big")
    return PublicKey(kind, base64.b64encode(blob).decode())
