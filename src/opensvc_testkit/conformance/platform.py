"""What the author of a driver makes for the suite: a world in which a resource is down."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from opensvc_core.api import ActionError, Context, Device, Host, Keyword, Resource, ResourceId, StatusReport
from opensvc_core.host.local import LocalHost

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Platform(ABC):
    """A world of one node, made anew for each check. The suite runs the driver's hooks in it.

    Attributes:
        node: name of the node.
        nodes: of the service.
        os_name: of the node, as ``uname -s`` prints it.
        rid: of the resource in its service; by default the driver's group with ``#0``.
        container: rid of the container in whose guest the resource lives, or empty.
        permits: codes of vetoes that are lifted.
        keywords: that options may have beside those that the driver declares: a companion gets its resource's.
    """

    node: str = "node1"
    nodes: Sequence[str] = ("node1",)
    os_name: str = "Linux"
    rid: str = ""
    container: str = ""
    permits: frozenset[str] = frozenset()
    keywords: Sequence[Keyword] = ()

    # -- what every platform says -----------------------------------------------------------------------------------

    @property
    @abstractmethod
    def root(self) -> Path:
        """The root folder of OpenSVC on the node: a folder of the test."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where the node's executables lie, as in ``$PATH``."""

    @abstractmethod
    def options(self, number: int) -> Mapping[str, Any]:
        """Keywords of one of several resources, numbered from 0, each down at first and known to the platform.

        Values are text as in a service file, or what the driver gets. Called as often as the suite likes.
        """

    @abstractmethod
    def state(self) -> object:
        """All that a driver could change, in a form that can be compared. Not the record of its calls."""

    def host(self) -> Host:
        """Where the node's commands run: processes of this machine with that path, unless the platform knows better."""
        return LocalHost(self.node, self.path, os_name=self.os_name)

    # -- what some say ----------------------------------------------------------------------------------------------

    def unknown(self) -> Mapping[str, Any]:
        """Keywords of a resource that the platform has never heard of."""
        message = "say what an unknown resource is (`Platform.unknown`), or exempt the driver from this check"
        raise NotImplementedError(message)

    def advance(self, seconds: float) -> None:  # noqa: B027 - most platforms have no time of their own
        """That much time has passed: nobody waits for real. For platforms on which things take time."""

    def companions(self, service: str) -> Sequence[Resource]:
        """Other resources of a service, such as the container that the resource lives in."""
        return ()

    def statuses(self, service: str) -> Mapping[ResourceId, StatusReport]:
        """What is known of these before the driver is asked."""
        return {}

    def open_guest(self, container: Resource, context: Context) -> Host:
        """Where commands run inside the guest of a companion. Raises ActionError."""
        raise ActionError(f"{container.id} has no guest here", code="no_guest")

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Devices of a companion."""
        return ()

    # -- the network ------------------------------------------------------------------------------------------------

    def addresses(self, name: str) -> tuple[str, ...]:
        """Addresses of a name; empty if it does not resolve."""
        return (name,)

    def answers_ping(self, address: str) -> bool:
        """Whether an address answers."""
        return False

    def neighbour(self, address: str) -> str:
        """The MAC address that answers for an address, empty for none."""
        return ""


class ScriptedPlatform(Platform):
    """A platform of scripts: simulated tools in ``bin``, what they act on in ``state``.

    Args:
        folder: an empty folder of the test.
    """

    interpreters: ClassVar[str] = SYSTEM_PATH
    """What follows ``bin`` in the path: where scripts find their interpreter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.files = folder / "state"
        self.bin.mkdir()
        self.files.mkdir()

    def write_tool(self, name: str, script: str) -> None:
        """Put a simulated tool on the path; ``$STATE`` is the folder of what it acts on, if it is a shell script."""
        first, _, rest = script.partition("\n")
        if first.endswith("sh"):
            script = f"{first}\nSTATE='{self.files}'\n{rest}"
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    @property
    def root(self) -> Path:
        """A folder beside them."""
        return self.folder / "opensvc"

    @property
    def path(self) -> str:
        """The simulated tools, then the system's."""
        return f"{self.bin}{os.pathsep}{self.interpreters}"

    def state(self) -> object:
        """The files in ``state``, and what is in them."""
        return {
            str(path.relative_to(self.files)): path.read_bytes()
            for path in sorted(self.files.rglob("*"))
            if path.is_file()
        }
