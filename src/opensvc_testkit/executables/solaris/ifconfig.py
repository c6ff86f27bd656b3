"""Simulated ``ifconfig`` of Solaris: plumbs, gives to a zone, takes away (messages: illumos, but for [R])."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.network import is_address, resolve
from opensvc_testkit.executables.solaris import interfaces
from opensvc_testkit.executables.solaris.ifconfig_reports import LOOPBACK, listing
from opensvc_testkit.executables.solaris.interfaces import broadcast_of, class_prefix, number_of, prefix_of
from opensvc_testkit.executables.solaris.places import interfaces_of, new_interface, system_of, zones_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.solaris.shapes import Interface

IGNORED = ("inet", "deprecated", "-deprecated", "arp", "-arp", "trailers", "-trailers", "private", "-private",
           "nofailover", "-failover", "failover", "preferred", "-preferred")  # fmt: skip
HEX_MASK = 8


class RefusedError(Exception):
    """A word failed; what was done before it stands. The text is the message."""


class Change:
    """One run of words on one interface; ``name`` moves on to what ``addif`` made."""

    __slots__ = ("name", "node", "said", "words", "world")

    def __init__(self, world: World, node: Node, name: str, words: list[str]) -> None:
        self.world = world
        self.node = node
        self.name = name
        self.words = words
        self.said = ""

    def run(self) -> None:
        """Do what the words say, one after the other. Raises RefusedError."""
        runs = {
            "plumb": self._plumb,
            "unplumb": self._unplumb,
            "addif": self._addif,
            "removeif": self._removeif,
            "netmask": self._netmask,
            "broadcast": self._broadcast,
            "zone": self._zone,
            "-zone": self._no_zone,
            "up": self._up,
            "down": self._down,
        }
        while self.words:
            word = self.words.pop(0)
            if word in runs:
                runs[word]()
            elif word in IGNORED:
                continue
            elif word in ("mtu", "metric", "group"):
                self._argument(word)
            else:
                self._set_address(self._here("SIOCSLIFADDR"), word)

    def _argument(self, word: str) -> str:
        if not self.words:
            raise RefusedError(f"ifconfig: {word}: no argument")
        return self.words.pop(0)

    def _here(self, what: str) -> Interface:
        here = interfaces_of(self.node)
        if self.name not in here:
            raise RefusedError(f"ifconfig: {what}: {self.name}: no such interface")
        return here[self.name]

    def _plumb(self) -> None:
        here, physical = interfaces_of(self.node), interfaces.physical_of(self.name)
        if self.name in here:
            # [R]
            raise RefusedError(f"ifconfig: SIOCSLIFNAME for ip: {self.name}: already exists")
        if physical not in system_of(self.node)["links"]:
            # [R]
            solaris_10 = system_of(self.node)["release"] == "10"
            raise RefusedError(
                f"ifconfig: plumb: {self.name}: no such interface"
                if solaris_10
                else f'ifconfig: cannot open link "{physical}": object not found'
            )
        if physical != self.name and physical not in here:
            raise RefusedError(f"ifconfig: plumb: {self.name}: no such interface")
        here[self.name] = new_interface(self.node, self.name)

    def _unplumb(self) -> None:
        here = interfaces_of(self.node)
        if self.name not in here:
            # [R]
            raise RefusedError(f"ifconfig: cannot unplumb {self.name}: Interface does not exist")
        for name in [name for name in here if name == self.name or name.startswith(f"{self.name}:")]:
            del here[name]

    def _addif(self) -> None:
        physical = interfaces.physical_of(self.name)
        if physical not in interfaces_of(self.node):
            raise RefusedError(f"ifconfig: addif: SIOCLIFADDIF: {physical}: no such interface")
        word = self._argument("addif")
        self._numbers(word)
        made = interfaces.add_logical(self.node, physical)
        self.said += f"Created new logical interface {made['name']}\n"
        self.name = made["name"]
        self._set_address(made, word)

    def _removeif(self) -> None:
        physical, address = interfaces.physical_of(self.name), self._argument("removeif")
        here = interfaces_of(self.node)
        for name, each in here.items():
            if interfaces.physical_of(name) == physical and each["address"] == address and name != physical:
                del here[name]
                return
        # [R]
        raise RefusedError(f"ifconfig: removeif: SIOCLIFREMOVEIF: {physical}: no such interface")

    def _numbers(self, word: str) -> tuple[str, int | None]:
        """Address and prefix length of ``A`` or ``A/24``; a name is looked up."""
        address, slash, bits = word.partition("/")
        if not is_address(address):
            found = resolve(self.world, address)
            if not found:
                raise RefusedError(f"ifconfig: {address}: bad address")
            address = found[0]
        return address, int(bits) if slash and bits.isdigit() else None

    def _set_address(self, each: Interface, word: str) -> None:
        address, prefix = self._numbers(word)
        each["address"] = address
        each["prefix"] = class_prefix(address) if prefix is None else prefix
        if prefix is not None:
            each["broadcast"] = broadcast_of(address, prefix)

    def _netmask(self) -> None:
        each, word = self._here("SIOCSLIFNETMASK"), self._argument("netmask")
        if word == "+":
            each["prefix"] = class_prefix(each["address"])
            return
        digits = word.removeprefix("0x")
        if is_address(word):
            prefix = prefix_of(number_of(word))
        elif len(digits) == HEX_MASK and not set(digits.lower()) - set("0123456789abcdef"):
            prefix = prefix_of(int(digits, 16))
        else:
            prefix = None
        if prefix is None:
            raise RefusedError(f"ifconfig: {word}: bad address")
        each["prefix"] = prefix

    def _broadcast(self) -> None:
        each, word = self._here("SIOCSLIFBRDADDR"), self._argument("broadcast")
        each["broadcast"] = broadcast_of(each["address"], each["prefix"]) if word == "+" else word

    def _zone(self) -> None:
        name = self._argument("zone")
        zone = zones_of(self.node).get(name)
        if name == "global":
            self._here("SIOCSLIFZONE")["zone"] = ""
            return
        # It must be ready at least: only then the kernel knows it.
        if zone is None or zone["id"] is None:
            raise RefusedError(f"ifconfig: unknown zone '{name}'")
        self._here("SIOCSLIFZONE")["zone"] = name

    def _no_zone(self) -> None:
        self._here("SIOCSLIFZONE")["zone"] = ""

    def _up(self) -> None:
        self._here("setifflags: SIOCGLIFFLAGS")["is_up"] = True

    def _down(self) -> None:
        self._here("setifflags: SIOCGLIFFLAGS")["is_up"] = False


def run(call: Call) -> Answer:
    """Answer one ``ifconfig`` call."""
    words = [word for word in call.words if word != "inet"]
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        if not words or words[0].startswith("-") or len(words) == 1:
            return listing(node, interfaces_of(node).values(), words or ["-a"])
        if words[0] == LOOPBACK or "inet6" in words:
            raise NotSimulatedError("ifconfig " + " ".join(call.words))
        change = Change(world, node, words[0], words[1:])
        try:
            change.run()
        except RefusedError as error:
            return Answer(1, change.said, f"{error}\n")
        return Answer(0, change.said)
