"""A service file into a validated Service, for a node; or all that is wrong with it."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.config.drivers import Describe
from opensvc_core.config.reading import read_service, subsets_of
from opensvc_core.errors import ConfigProblem
from opensvc_core.model import Service
from opensvc_core.node import Node


def load_service(
    path: Path, node: Node, describe: Describe, *, text: str | None = None, name: str | None = None
) -> Service:
    """The service that a file describes, as ``node`` reads it.

    A node that is in neither ``nodes`` nor ``drpnodes`` reads it too: see ``check_managed``. Of the file system only
    ``path`` is looked at (unless ``text`` is given), and for a service without guest whether its folder of launchers
    exists.

    Args:
        path: of the service file.
        node: the node that reads it.
        describe: what is known of a driver by its id: ``None`` if it is not installed; raises DriverError if it is
            broken. A resource whose driver cannot be used gets a ``problem``, its keywords unchecked.
        text: text of the file, where it is not to be read from ``path``.
        name: name of the service; by default that of the file without ``.env``.

    Raises:
        ConfigError: with every problem of the file, in the order of its lines.
    """
    reading = read_service(path, node, describe, text=text, name=name)
    reading.problems.raise_if_any()
    scopes = reading.defaults.scopes
    return Service(
        name=reading.name,
        path=path,
        resources=tuple(draft.resource(reading.name, reading.defaults) for draft in reading.drafts),
        nodes=scopes.nodes,
        drpnodes=scopes.drpnodes,
        options=reading.defaults.options(),
        subsets=subsets_of(reading),
    )


def check_managed(service: Service, node: Node) -> ConfigProblem | None:
    """A problem if the node is neither a production nor a disaster-recovery node of the service, else ``None``."""
    if node.name in service.all_nodes:
        return None
    return ConfigProblem(
        service.path,
        0,
        "default",
        "nodes",
        f"{node.name} is not a node of {service.name}: it is not run here",
        f"its nodes are {', '.join(service.all_nodes)}",
    )
