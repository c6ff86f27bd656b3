"""Which drivers are there, what the platform lacks for them, and which of them fail to load."""

from __future__ import annotations

import ast
import shutil
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.actions.opening import installed_observers
from opensvc_core.backends import ReservationBackends
from opensvc_core.errors import DriverError
from opensvc_core.observers import last_failure

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.dispatcher import Plugins

BACKEND = "reservation."
"""What begins the id of a reservation backend in a listing."""
OBSERVER = "observer."
"""What begins the id of an observer in a listing."""


@frozen
class DriverListing:
    """An installed driver, reservation backend or observer.

    Attributes:
        id: ``container.kvm``, ``reservation.sg_persist``, ``observer.collector``.
        distribution: that gives it.
        version: of the distribution.
        entry_point: ``package.module:Class``.
        missing_commands: external commands that it needs and that are not on this node.
        problem: why it cannot be used, empty if it can or was not tried; how an observer failed last.
    """

    id: str
    distribution: str
    version: str
    entry_point: str
    missing_commands: tuple[str, ...] = ()
    problem: str = ""


def list_drivers(agent: Agent) -> list[DriverListing]:
    """Every installed driver, then every reservation backend (``reservation.sg_persist``), then every observer.

    What their commands are is read from their source, so that nothing is imported.
    """
    found = []
    for kind, plugins in _kinds(agent):
        listings = plugins.registry.listings()
        twice = {listing.id for listing in listings if sum(other.id == listing.id for other in listings) > 1}
        found += [
            DriverListing(
                f"{kind}{listing.id}",
                listing.distribution,
                listing.version,
                listing.entry_point,
                _missing(agent, declared_commands(listing.entry_point)),
                "two distributions give this id: uninstall one of them"
                if listing.id in twice
                else _last_failure(agent, kind, listing.id),
            )
            for listing in listings
        ]
    return found


def check_drivers(agent: Agent) -> list[DriverListing]:
    """Everything installed, loaded and checked against the hooks."""
    kinds = dict(_kinds(agent))
    checked = []
    for listing in list_drivers(agent):
        try:
            prefix = next((kind for kind in kinds if kind and listing.id.startswith(kind)), "")
            if prefix:
                kinds[prefix].driver(listing.id.removeprefix(prefix))
            else:
                agent.dispatcher.describe(listing.id)
        except DriverError as error:
            checked.append(evolve(listing, problem=error.message))
        else:
            checked.append(listing)
    return checked


def _kinds(agent: Agent) -> list[tuple[str, Plugins]]:
    """What begins the id of each kind of plugin in a listing, and where they are."""
    found: list[tuple[str, Plugins]] = [("", agent.dispatcher)]
    if isinstance(agent.reservations, ReservationBackends):
        found.append((BACKEND, agent.reservations))
    found.append((OBSERVER, installed_observers(agent)))
    return found


def _last_failure(agent: Agent, kind: str, name: str) -> str:
    """How an observer failed when it was told of something last; empty for what is none, or did not."""
    failure = last_failure(agent.node.folders, name) if kind == OBSERVER else None
    if failure is None:
        return ""
    return f"failed at {datetime.fromtimestamp(failure.at).astimezone().isoformat(timespec='seconds')}: {failure.text}"


def declared_commands(entry_point: str) -> tuple[str, ...]:
    """The ``commands`` tuple of a driver class, read from the text of its module; empty if it cannot be read.

    A package that only hands the class on from one of its modules is followed to that module.
    """
    module, _, name = entry_point.partition(":")
    package, _, _ = module.partition(".")
    try:
        # Finding a submodule would import its package; the package itself is found without importing anything.
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return ()
        origin = Path(spec.origin)
        if spec.submodule_search_locations is None:
            return _commands_of(origin.parent, [origin.stem], name)
        return _commands_of(origin.parent, module.split(".")[1:], name)
    except (OSError, ValueError, SyntaxError, ImportError):
        return ()


def _commands_of(package: Path, module: list[str], name: str) -> tuple[str, ...]:
    place = package.joinpath(*module)
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _declared(node)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{package.name}."):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _commands_of(package, node.module.split(".")[1:], alias.name)
    return ()


def _declared(driver: ast.ClassDef) -> tuple[str, ...]:
    for statement in driver.body:
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
