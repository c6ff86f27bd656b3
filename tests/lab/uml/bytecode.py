"""What the agent imports, compiled once for all nodes: a node takes ten times as long for it as this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tests.lab.specification import REPOSITORY
from tests.lab.uml import specification

COMPILE_SECONDS = 60.0
_IMPORTS = Path(__file__).with_name("imports.py")
_CACHE = REPOSITORY / ".cache" / "lab"
_compiling = threading.Lock()
_compiled: list[bool] = []


def compile_for(folder: Path) -> None:
    """Have this machine compile what the agent imports, into the lab's `folder`.

    What one lab's was compiled to serves the next ones, and those of later sessions: Python sees what has changed.
    """
    with _compiling:
        if not _compiled:
            environment = {**specification.node_environment(_CACHE), "PATH": os.environ["PATH"]}
            line = [sys.executable, str(_IMPORTS)]
            subprocess.run(line, env=environment, check=True, timeout=COMPILE_SECONDS, cwd="/")
            _compiled.append(True)
    shutil.copytree(_CACHE / specification.BYTECODE, folder / specification.BYTECODE, dirs_exist_ok=True)
