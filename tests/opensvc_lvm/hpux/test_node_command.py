"""`osvc node lvm` is about the LVM of Linux, and says so on HP-UX."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["check", "setup"])
def test_on_hpux_nothing_is_looked_at(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "opensvc_core", "node", "lvm", command],
        env={**os.environ, "OSVC_ROOT": str(tmp_path), "OSVC_OS": "HP-UX"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "this node runs HP-UX" in done.stderr
    assert "Traceback" not in done.stderr
