"""Writes the simulated executables: small scripts that start the real interpreter without site-packages."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from opensvc_testkit.executables.commands import INSIDE, MODULES, USUAL

COMMANDS = tuple(dict.fromkeys(name for platform in USUAL for name in MODULES[platform]))
"""Executables that a node has unless it is told otherwise."""
PLATFORMS = tuple(platform for platform in MODULES if platform != INSIDE)
"""Platforms whose executables can be simulated on a node."""
SHEBANG_LIMIT = 120
"""Bytes of a ``#!`` line that every Linux kernel reads (127 before 5.1)."""


def write_executables(
    folder: Path, cluster: Path, names: Iterable[str], prefix: str = "", node: str = "", platform: str = ""
) -> None:
    """Write scripts that act on the simulated cluster in a folder.

    Args:
        folder: where they go; it is made.
        cluster: the cluster's folder.
        names: of the files.
        prefix: put before the name to say which simulator a file starts.
        node: where they run if ``$OSVC_NODE`` does not say; the agent gives its commands an environment without it.
        platform: of the executables; empty: the first that has one of that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_script(folder / name, executable_text(f"{prefix}{name}", cluster, node, platform))


def write_platforms(folder: Path, cluster: Path, platforms: Iterable[str], node: str = "") -> None:
    """Write all executables of some platforms; of two that have one name, the later platform's stays.

    Raises:
        KeyError: there is no such platform.
    """
    for platform in platforms:
        write_executables(folder, cluster, MODULES[platform], node=node, platform=platform)


def executable_text(simulator: str, cluster: Path, node: str = "", platform: str = "") -> str:
    """The text of one executable."""
    # A version manager's shim in place of the interpreter would cost 100 ms a call.
    interpreter = str(Path(sys.executable).resolve())
    first = f"#!{interpreter} -ISE\n"
    if len(first) > SHEBANG_LIMIT or " " in interpreter:
        # Read by sh and by Python alike.
        first = f"#!/bin/sh\n''''exec '{interpreter}' -ISE \"$0\" \"$@\" #'''\n"
    packages = str(Path(__file__).resolve().parent.parent)
    return (
        f"{first}"
        f"# SIMULATED {simulator}: nothing here is real; it acts on the simulated cluster in {cluster}\n"
        "import sys\n"
        f"sys.path.append({packages!r})\n"
        "from opensvc_testkit.executables.launcher import main\n"
        f"main({simulator!r}, sys.argv[1:], {str(cluster)!r}, {node!r}, {platform!r})\n"
    )


def write_script(path: Path, text: str) -> None:
    """Write an executable file, replacing a former one at once."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o755)
    new.replace(path)
