"""Distributions that lie somewhere and are found without being installed."""

from __future__ import annotations

import tomllib
from pathlib import Path


def write_entry_points(distribution: Path, site: Path) -> None:
    """Write into a folder of `sys.path` what an installer writes about a distribution: its name and entry points."""
    project = tomllib.loads((distribution / "pyproject.toml").read_text())["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["opensvc.drivers"]
    lines = [f"{name} = {value}\n" for name, value in points.items()]
    (info / "entry_points.txt").write_text("[opensvc.drivers]\n" + "".join(lines))
