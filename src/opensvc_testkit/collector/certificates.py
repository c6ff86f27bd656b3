"""A certificate authority of a test's own, and what it signs, made by `openssl`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from attrs import frozen

LIMIT = 60.0
_LIFE = "36500"
"""Days: a test that steps the clock must not fall out of it."""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@frozen
class Certificates:
    """What a collector shows, and what a client needs to believe it.

    Attributes:
        authority: PEM file of the authority, for clients.
        server: PEM file of the server's certificate with its key.
    """

    authority: Path
    server: Path

    @classmethod
    def make(cls, folder: Path, name: str = "localhost") -> Certificates:
        """Make an authority that nobody else trusts, and a server's certificate for a name.

        Args:
            folder: for the files; made.
            name: that clients call the server by; 127.0.0.1 is good too if it is ``localhost``.

        Raises:
            FileNotFoundError: there is no ``openssl``.
            subprocess.CalledProcessError: it fails.
        """
        folder.mkdir(parents=True, exist_ok=True)
        authority, key = folder / "authority.pem", folder / "authority.key"
        _openssl(
            "req", "-x509", *_KEY, "-keyout", str(key), "-out", str(authority), "-days", _LIFE,
            "-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip
        also = ",IP:127.0.0.1" if name == "localhost" else ""
        request, signed, own = folder / "server.csr", folder / "server.crt", folder / "server.key"
        _openssl("req", *_KEY, "-keyout", str(own), "-out", str(request), "-subj", f"/CN={name}")
        extensions = folder / "extensions"
        extensions.write_text(f"subjectAltName=DNS:{name}{also}\nbasicConstraints=CA:FALSE\n", encoding="utf-8")
        _openssl(
            "x509", "-req", "-in", str(request), "-CA", str(authority), "-CAkey", str(key), "-CAcreateserial",
            "-out", str(signed), "-days", _LIFE, "-extfile", str(extensions),
        )  # fmt: skip
        server = folder / "server.pem"
        server.write_text(signed.read_text(encoding="ascii") + own.read_text(encoding="ascii"), encoding="ascii")
        return cls(authority, server)


def has_openssl() -> bool:
    """Whether certificates can be made here."""
    return shutil.which("openssl") is not None


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=LIMIT)
