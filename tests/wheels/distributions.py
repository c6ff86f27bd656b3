"""The distributions of this workspace: where they lie, what their files are, how they are built and installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import uv
from attrs import frozen

ROOT = Path(__file__).parents[2]
# What lies beside the modules for building only, and what running leaves behind.
BUILD_FILES = frozenset({"pyproject.toml", "README.md", "LICENSE"})
LEFT_BEHIND = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"})
BUILD_SECONDS = 120
INSTALL_SECONDS = 240
COMMAND_SECONDS = 60


@frozen
class Distribution:
    """One folder of the workspace that makes a wheel and an sdist."""

    folder: Path

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """Its `pyproject.toml`."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text())

    @property
    def name(self) -> str:
        """The name by which it is installed: `opensvc-core`."""
        return str(self.pyproject["project"]["name"])

    @property
    def file_name(self) -> str:
        """The name as its files have it, which is the import package too: `opensvc_core`."""
        return self.name.replace("-", "_")

    @property
    def is_root(self) -> bool:
        """Whether this is `opensvc` itself, a name with extras and no code."""
        return self.folder == ROOT

    def package_files(self) -> set[str]:
        """Every file of the import package, relative to its folder, that users are to get."""
        if self.is_root:
            return set()
        found = {
            path.relative_to(self.folder)
            for path in self.folder.rglob("*")
            if path.is_file() and not LEFT_BEHIND & set(path.parts)
        }
        return {path.as_posix() for path in found} - BUILD_FILES

    def has_entry_points(self) -> bool:
        """Whether it installs a script or an entry point."""
        return bool({"scripts", "entry-points"} & set(self.pyproject["project"]))


def members() -> list[Distribution]:
    """The distributions under `src/`."""
    return [Distribution(path.parent) for path in sorted((ROOT / "src").glob("*/pyproject.toml"))]


def distributions() -> list[Distribution]:
    """Every distribution: the root and the members."""
    return [Distribution(ROOT), *members()]


def run(*argv: str | Path, cwd: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command that knows nothing of this clone, and give what it said.

    Raises:
        AssertionError: it failed; with its output.
        subprocess.TimeoutExpired: it took longer than `seconds`.
    """
    hidden = ("PYTHON", "VIRTUAL_ENV", "OSVC_", "UV_PYTHON", "UV_PROJECT", "PYTEST")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env={**environment, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def build(folder: Path, target: Path, *kinds: str) -> None:
    """Build a distribution into `target`; without `kinds` the sdist, and the wheel from that sdist.

    Hatchling is the tested one of the environment that runs the tests, so building asks the network nothing.
    """
    command = [uv.find_uv_bin(), "build", "-q", "--no-build-isolation", "--python", sys.executable, *kinds]
    run(*command, "-o", target, folder, cwd=target, seconds=BUILD_SECONDS)


def wheel_files(wheel: Path) -> list[str]:
    """The names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def sdist_files(sdist: Path) -> list[str]:
    """The names of the members of an sdist, without their common first folder."""
    with tarfile.open(sdist) as archive:
        assert all(member.isfile() or member.isdir() for member in archive), "an sdist holds files, not links"
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


@frozen
class Environment:
    """A virtual environment that has only what is installed here."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        """A new environment, with no packages at all."""
        run(
            uv.find_uv_bin(),
            "venv",
            "-q",
            "--python",
            sys.executable,
            folder,
            cwd=folder.parent,
            seconds=COMMAND_SECONDS,
        )
        return cls(folder)

    def install(self, *requirements: str, wheels: Path) -> None:
        """Install by name: our own distributions from the files in `wheels`, others in their tested versions."""
        own = self.folder / "own-constraints.txt"
        files = {each.name: path for each in distributions() for path in wheels.glob(f"{each.file_name}-[0-9]*.whl")}
        own.write_text("".join(f"{name} @ {path.as_uri()}\n" for name, path in files.items()))
        command: list[str | Path] = [uv.find_uv_bin(), "pip", "install", "-q", "--python", self.folder]
        command += ["--find-links", wheels, "-c", own, "-c", ROOT / "constraints.txt"]
        run(*command, *requirements, cwd=self.folder, seconds=INSTALL_SECONDS)

    def run(self, program: str, *words: str) -> str:
        """What a program of this environment prints."""
        return run(self.folder / "bin" / program, *words, cwd=self.folder, seconds=COMMAND_SECONDS).stdout
