"""The example of `examples/`, by its own tests, run as its author would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.unpacked import write_entry_points
from tests.examples.installed import EXAMPLE

pytestmark = pytest.mark.simulated


def test_the_example_passes_its_tests(tmp_path: Path) -> None:
    write_entry_points(EXAMPLE, tmp_path)
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLE / "tests"), f"--rootdir={tmp_path}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{EXAMPLE}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "disk.loop: 48 passed, 0 failed, 0 exempt\n" in tested.stdout
