"""Files of Debian packages, without installing them; and the shared libraries that a program needs."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

_SECONDS = 120


def unpack(package: str, target: Path) -> None:
    """Download a package and unpack its files into the folder `target`.

    Raises:
        RuntimeError: apt does not know it, or cannot fetch it; the message holds apt's own.
    """
    with tempfile.TemporaryDirectory() as folder:
        # As root apt would drop to its own user, which may not write here.
        _run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=Path(folder))
        (archive,) = Path(folder).glob("*.deb")
        _run("dpkg-deb", "-x", str(archive), str(target))


def real_package(meta: str) -> str:
    """The first package that the package `meta` depends on: the kernel that a kernel meta-package means today.

    Raises:
        RuntimeError: apt does not know the package.
    """
    for line in _run("apt-cache", "depends", meta).splitlines():
        head, _, name = line.strip().partition(" ")
        if head == "Depends:":
            return name
    raise RuntimeError(f"apt knows no package {meta}: run apt-get update")


def libraries(program: Path) -> list[Path]:
    """The shared libraries of `program`, its loader included, as `ldd` finds them on this machine.

    Raises:
        RuntimeError: one of them is missing.
    """
    text = _run("ldd", str(program))
    missing = re.findall(r"(\S+) => not found", text)
    if missing:
        raise RuntimeError(f"{program} needs {', '.join(missing)}")
    return [Path(found) for found in re.findall(r"(/\S+) \(0x", text)]


def _run(*argv: str, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout
