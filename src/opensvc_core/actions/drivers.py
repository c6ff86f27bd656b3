"""Which drivers are there, what the platform lacks for them, and which of them fail to load."""

from __future__ import annotations

import ast
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.errors import DriverError

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent


@frozen
class DriverListing:
    """An installed driver.

    Attributes:
        id: ``container.kvm``.
        distribution: that gives it.
        version: of the distribution.
        entry_point: ``package.module:Class``.
        missing_commands: external commands that it needs and that are not on this node.
        problem: why it cannot be used, empty if it can or was not tried.
    """

    id: str
    distribution: str
    version: str
    entry_point: str
    missing_commands: tuple[str, ...] = ()
    problem: str = ""


def list_drivers(agent: Agent) -> list[DriverListing]:
    """Every installed driver; what its commands are is read from its source, so that nothing is imported."""
    listings = agent.dispatcher.registry.listings()
    twice = {listing.id for listing in listings if sum(other.id == listing.id for other in listings) > 1}
    return [
        DriverListing(
            listing.id,
            listing.distribution,
            listing.version,
            listing.entry_point,
            _missing(agent, declared_commands(listing.entry_point)),
            "two distributions give this id: uninstall one of them" if listing.id in twice else "",
        )
        for listing in listings
    ]


def check_drivers(agent: Agent) -> list[DriverListing]:
    """Every installed driver, loaded and checked against the hooks."""
    checked = []
    for listing in list_drivers(agent):
        try:
            agent.dispatcher.describe(listing.id)
        except DriverError as error:
            checked.append(evolve(listing, problem=error.message))
        else:
            checked.append(listing)
    return checked


def declared_commands(entry_point: str) -> tuple[str, ...]:
    """The ``commands`` tuple of a driver class, read from the text of its module; empty if it cannot be read."""
    module, _, name = entry_point.partition(":")
    package, _, _ = module.partition(".")
    try:
        # Finding a submodule imports its package; a package whose own file holds the class is not imported at all.
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return ()
        path = spec.origin
        if module != package:
            path = path.removesuffix("__init__.py") + module.removeprefix(package + ".").replace(".", "/") + ".py"
        origin = _origin_of(path, name)
        return declared_commands(f"{origin}:{name}") if origin not in {"", module} else _commands_of(path, name)
    except (OSError, ValueError, SyntaxError, ImportError):
        return ()


def _origin_of(path: str, name: str) -> str:
    """The module that a package takes the class from under the same name; empty if it does not."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for node in tree.body:
        names = node.names if isinstance(node, ast.ImportFrom) and not node.level else ()
        if any(alias.name == name and alias.asname in {None, name} for alias in names):
            return getattr(node, "module", None) or ""
    return ""


def _commands_of(path: str, name: str) -> tuple[str, ...]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            for statement in node.body:
                target = statement.target if isinstance(statement, ast.AnnAssign) else None
                if isinstance(statement, ast.Assign):
                    target = statement.targets[0]  # type: ignore[assignment]
                if isinstance(target, ast.Name) and target.id == "commands":
                    value = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
                    return tuple(str(command) for command in value)
    return ()


def _missing(agent: Agent, commands: tuple[str, ...]) -> tuple[str, ...]:
    path = getattr(agent.host, "path", None)
    return tuple(command for command in commands if shutil.which(command, path=path) is None)
