"""What one changing ``zoneadm`` call works with: a zone of a node, and how it refuses."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris import zones
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.solaris.shapes import Zone


class FailedError(Exception):
    """The command failed: lines for standard error, each whole."""

    def __init__(self, *lines: str, status: int = 1, stdout: str = "") -> None:
        super().__init__("".join(f"{line}\n" for line in lines))
        self.status = status
        self.stdout = stdout


class ZoneSession:
    """One change of a zone. ``waits``: what the command still blocks on when its work is recorded.

    Raises:
        FailedError: there is no such zone.
    """

    __slots__ = ("after_wait", "call", "name", "node", "now", "waits", "world")

    def __init__(self, call: Call, world: World, node: Node, name: str) -> None:
        self.call = call
        self.world = world
        self.node = node
        self.name = name
        self.now = now(world)
        self.waits: Callable[[World], bool] | None = None
        self.after_wait: Callable[[World], Answer] | None = None
        if name != zones.GLOBAL and name not in zones_of(node):
            raise FailedError(f"zoneadm: {name}: No such zone configured")

    @property
    def zone(self) -> Zone:
        """The zone itself."""
        return zones_of(self.node)[self.name]

    @property
    def release(self) -> str:
        """Of the node's Solaris."""
        return system_of(self.node)["release"]

    @property
    def state(self) -> str:
        """The state that ``zoneadm list`` shows now."""
        return zones.shown_state(self.world, self.node, self.zone, self.now)

    def refusal(self, text: str) -> FailedError:
        """An error of ``zoneadm`` itself about this zone."""
        return FailedError(f"zoneadm: zone '{self.name}': {text}")

    def daemon_says(self, text: str) -> str:
        """A line that ``zoneadmd`` answers; that Solaris 10 puts zoneadm's name before it is [R]."""
        return f"{'zoneadm: ' if self.release == '10' else ''}zone '{self.name}': {text}\n"

    def time_of(self, world: World) -> float:
        """Seconds of the cluster's clock, later."""
        return now(world)

    def finish(self, answer: Answer) -> Answer:
        """Outside the lock: wait for what the command waits for."""
        if self.waits is None:
            return answer
        self.call.wait_while(self.waits)
        if self.after_wait is None:
            return answer
        with self.call.store.opened() as world:
            return self.after_wait(world)
