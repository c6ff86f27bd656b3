"""The volume groups of Linux and of HP-UX share a distribution, and neither imports the other."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LINUX = {f"opensvc_lvm.{name}" for name in ("driver", "lvm", "kernel", "groups", "cli")} | {"typer"}


def imported(module: str) -> set[str]:
    """What a new process has imported after it has imported a module."""
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_hpux_imports_nothing_of_linux() -> None:
    assert not imported("opensvc_lvm.hpux.driver") & LINUX


@pytest.mark.parametrize("module", ["opensvc_lvm.driver", "opensvc_lvm"])
def test_linux_imports_nothing_of_hpux(module: str) -> None:
    assert not {name for name in imported(module) if "hpux" in name}
