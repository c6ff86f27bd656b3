"""Where a collector is, as its URL says. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import frozen


@frozen
class Address:
    """Where a collector is.

    Attributes:
        is_encrypted: whether by HTTPS.
        host: name or address.
        port: number.
        path: of the XML-RPC service.
        has_port: whether the URL says the port.
    """

    is_encrypted: bool
    host: str
    port: int
    path: str
    has_port: bool = True

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{url!r} is no address of a collector: http://HOST/PATH or https://HOST/PATH is due"
            raise ValueError(message)
        if parts.username or parts.password:
            message = "an address of a collector holds neither a user nor a password"
            raise ValueError(message)
        is_encrypted = parts.scheme == "https"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or any(not " " < each < "\x7f" for each in path):
            message = f"{url!r}: the path holds characters that no request can carry"
            raise ValueError(message)
        return cls(is_encrypted, parts.hostname, parts.port or (443 if is_encrypted else 80), path, bool(parts.port))

    @property
    def is_off(self) -> bool:
        """Whether it stands for no collector at all: ``127.0.0.1`` without a port (agent 2010)."""
        return self.host == "127.0.0.1" and not self.has_port

    @property
    def authority(self) -> str:
        """``host:port`` as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
