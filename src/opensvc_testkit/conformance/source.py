"""Checks of the text of a driver's distribution: what it imports, and what it does past the context."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.requirement import require

STARTS_PROCESSES = frozenset(
    {"subprocess", "pty", "multiprocessing", "plumbum", "pexpect", "sh"}
    | {"asyncio.subprocess", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
    | {f"os.{name}" for name in ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp")}
    | {f"os.{kind}{form}" for kind in ("exec", "spawn") for form in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
)
Names = tuple[tuple[str, str], ...]
"""Dotted names, each with where it stands."""
WAITS = frozenset({"time.sleep", "asyncio.sleep"})


class Source(Checks):
    """What is read in the source."""

    def test_it_imports_nothing_of_the_core_but_its_api(self) -> None:
        """All else of the core may change with any version."""
        found = [
            f"{where}: {name}"
            for where, name in self._names(imports_only=True)
            if name.split(".")[0] == "opensvc_core"
            and name != "opensvc_core"
            and not f"{name}.".startswith("opensvc_core.api.")
            and not (self.source and f"{name}.".startswith(f"{self.source}."))
        ]
        require(not found, "import `opensvc_core.api` only:\n" + "\n".join(found))

    def test_it_runs_commands_through_the_context_only(self) -> None:
        """What ``context`` does not run has no limit, is in no journal, and happens in a dry run."""
        found = self._uses(STARTS_PROCESSES)
        require(not found, "use `context.query` and `context.run`:\n" + "\n".join(found))

    def test_it_waits_through_the_context_only(self) -> None:
        """A sleep hears no cancel and knows no deadline."""
        found = self._uses(WAITS)
        require(not found, "use `context.wait_until` or `context.pause`:\n" + "\n".join(found))

    def _uses(self, names: frozenset[str]) -> list[str]:
        return [
            f"{where}: {name}"
            for where, name in self._names()
            if any(f"{name}.".startswith(f"{each}.") for each in names)
        ]

    def _names(self, *, imports_only: bool = False) -> Iterator[tuple[str, str]]:
        """Dotted names of modules and of what is used of them, with where that is."""
        for path in self._files():
            imported, used = _names_in(path, path.stat().st_mtime_ns)
            yield from imported
            if not imports_only:
                yield from used

    def _files(self) -> list[Path]:
        """The modules of the driver's distribution."""
        entry = self.entry_point()
        if not entry:
            pytest.skip(f"not tried: driver {self.driver} is not installed")
        package = self.source or entry.partition(":")[0].partition(".")[0]
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            pytest.skip(f"not tried: there is no package {package}")
        path = Path(spec.origin)
        return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


@cache
def _names_in(path: Path, _changed: int) -> tuple[Names, Names]:
    """Names that a file imports, and what it uses of them; asked once, as drivers of a distribution share its files."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    imported: list[tuple[str, str]] = []
    known: dict[str, str] = {}
    # Read whole before it is walked twice: an import at the end of a file counts at its top too.
    nodes = list(ast.walk(tree))
    for node in nodes:
        place = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
                imported.append((place, alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                imported.append((place, f"{node.module}.{alias.name}"))
    used = tuple(
        (f"{path.name}:{node.lineno}", f"{known[node.value.id]}.{node.attr}")
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known
    )
    return tuple(imported), used
