"""The page on writing a driver, walked through by a reader: its commands, one after the other, in an environment."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.wheels.distributions import ROOT, Environment, build, distributions

pytestmark = [pytest.mark.wheels, pytest.mark.timeout(400)]
PAGE = ROOT / "docs" / "how-to" / "write-a-driver.md"
NEEDED = ("opensvc-core", "opensvc-testkit")


def typed() -> str:
    """Every command of the page, in order."""
    lines = []
    for language, block in re.findall(r"```(console|sh)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        every = block.splitlines()
        lines += [line.removeprefix("$ ") for line in every if language == "sh" or line.startswith("$ ")]
    return "\n".join(lines)


def test_the_walk(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for each in distributions():
        if each.name in NEEDED:
            build(each.folder, wheels, "--wheel")
    environment = Environment.create(tmp_path / "environment")
    environment.install(*NEEDED, "pip", wheels=wheels)
    place = tmp_path / "place"
    place.mkdir()
    # The reader has a clone beside the new driver.
    script = f"set -eux\n{typed()}\n".replace("./examples", str(ROOT / "examples"))
    assert "osvc driver new acme" in script
    assert "pytest" in script
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=place,
        env={
            "PATH": f"{environment.folder}/bin:{os.defpath}",
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "OSVC_ROOT": str(tmp_path / "root"),
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONSTRAINT": str(environment.folder / "own-constraints.txt"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_INDEX") or "proxy" in name},
        },
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "disk.acme: 48 passed, 0 failed, 0 exempt" in done.stdout
    assert re.search(r"^disk\.loop +opensvc-disk-loop", done.stdout, re.MULTILINE)
    assert re.search(r"^disk\.acme +opensvc-disk-acme", done.stdout, re.MULTILINE)
