"""The import contracts hold, and each of them can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

# Imports that the contract named must refuse: the module that gets it, and the line.
REFUSED = {
    "layers": ("opensvc_core/model.py", "import opensvc_core.graph"),
    "core-no-driver": ("opensvc_core/actions/__init__.py", "import opensvc_drivers_kvm"),
    "independent": ("opensvc_drivers_kvm/__init__.py", "import opensvc_testkit"),
    "drivers-api": ("opensvc_drivers_kvm/__init__.py", "import opensvc_core.model"),
    "only-dispatcher-pluggy": ("opensvc_core/actions/__init__.py", "import pluggy"),
    "only-registry-stevedore": ("opensvc_core/actions/__init__.py", "import stevedore"),
    "only-host-plumbum": ("opensvc_core/actions/__init__.py", "import plumbum"),
    "only-journal-sqlite": ("opensvc_core/actions/__init__.py", "import sqlite3"),
    "only-cli-typer": ("opensvc_core/actions/__init__.py", "import typer"),
    "only-render-rich": ("opensvc_core/cli/__init__.py", "import rich"),
    "pure": ("opensvc_core/graph.py", "import time"),
    "builtin-api": ("opensvc_core/builtin/__init__.py", "import opensvc_core.model"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources with the settings of the workspace."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken(tree: Path) -> set[str]:
    """The names of the contracts that the tree breaks."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", "--verbose"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Contracts" in done.stdout, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(any(each["name"] in line for line in lines) for each in CONTRACTS), done.stdout
    return {each["name"] for each in CONTRACTS if any(line.startswith(f"{each['name']} BROKEN") for line in lines)}


def test_each_contract_is_tried() -> None:
    assert {each["id"] for each in CONTRACTS} == set(REFUSED)


def test_the_sources_keep_every_contract(tree: Path) -> None:
    assert broken(tree) == set()


def test_each_contract_refuses_what_it_must(tree: Path) -> None:
    for module, line in REFUSED.values():
        with (tree / "src" / module).open("a") as file:
            file.write(f"\n{line}\n")
    assert broken(tree) == {each["name"] for each in CONTRACTS}
