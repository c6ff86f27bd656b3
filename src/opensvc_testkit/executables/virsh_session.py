"""What one virsh command works with: a connection to one node's libvirt, and how that refuses."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import HangsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Domain, Guest, Node, World


class RefusedError(Exception):
    """The command failed: lines without ``error: `` (further lines of one reason keep theirs)."""

    def __init__(self, *lines: str, stdout: str = "") -> None:
        super().__init__("\n".join(lines))
        self.text = "".join(f"error: {line}\n" for line in lines)
        self.stdout = stdout


class Session:
    """One command on one connection; ``waits``: what it still blocks on when its work is recorded."""

    __slots__ = ("call", "node", "now", "quiet", "uri", "waits", "world")

    def __init__(self, call: Call, world: World, node: Node, now: float, uri: str, *, quiet: bool) -> None:
        self.call = call
        self.world = world
        self.node = node
        self.now = now
        self.uri = uri
        self.quiet = quiet
        self.waits: Callable[[World], bool] | None = None

    def domain(self, word: str) -> Domain:
        """The domain that a word means: a running one's id, a uuid, a name. Raises RefusedError, HangsError."""
        found = self._find(word)
        if life.is_held(found):
            raise HangsError(self._holds([found["name"]]))
        return found

    def all_domains(self) -> list[Domain]:
        """Every domain of this libvirt. Raises HangsError while one is held, as the real listing waits for it."""
        domains = list(self.node["domains"].values())
        held = [domain["name"] for domain in domains if life.is_held(domain)]
        if held:
            raise HangsError(self._holds(held))
        return domains

    def _holds(self, names: list[str]) -> Callable[[World], bool]:
        node = self.node["name"]
        return lambda world: any(
            name in world["nodes"][node]["domains"] and life.is_held(world["nodes"][node]["domains"][name])
            for name in names
        )

    def is_busy(self, name: str) -> Callable[[World], bool]:
        """Whether a job of a domain is under way, asked again and again."""
        node = self.node["name"]
        return lambda world: (
            name in world["nodes"][node]["domains"] and world["nodes"][node]["domains"][name]["job"] is not None
        )

    def _find(self, word: str) -> Domain:
        if not word:
            raise RefusedError("Failed to get option 'domain': Option argument is empty")
        domains = self.node["domains"]
        if word.isdigit():
            for domain in domains.values():
                if domain["id"] == int(word):
                    return domain
        for domain in domains.values():
            if domain["uuid"] == word.lower():
                return domain
        if word not in domains:
            raise RefusedError(f"failed to get domain '{word}'")
        return domains[word]

    def guest(self, domain: Domain) -> Guest:
        """What is installed in it."""
        return self.world["guests"].get(domain["name"]) or life.new_guest(domain["name"])

    def say(self, text: str) -> str:
        """A line of success, which ``-q`` leaves out."""
        return "" if self.quiet else f"{text}\n"
