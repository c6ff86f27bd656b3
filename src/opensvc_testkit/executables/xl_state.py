"""Domains of one node's Xen: what ``xl`` and ``xm`` share, and what happens when a guest goes off by itself."""

from __future__ import annotations

from typing import Any

from opensvc_testkit.executables import life

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, Power, World

    Domain = dict[str, Any]

PLATFORM = "xl"
MEMORY = 65536
"""MiB of a node, unless a test says otherwise."""
DOMAIN_0_MEMORY = 2048
ACTIONS = {life.SHUTDOWN_DONE: "on_poweroff", life.REBOOTED: "on_reboot", life.HAS_CRASHED: "on_crash"}
USUALLY = {"on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"}
REASONS = {life.SHUTDOWN_DONE: "-", life.REBOOTED: "r", life.HAS_CRASHED: "c"}


def state_of(node: Node) -> dict[str, Any]:
    """The state of Xen on a node, made on first use.

    ``domains`` by name are those that have an id; ``managed`` by name are the files of those that ``xm new`` keeps;
    ``is_xen``: whether the hypervisor runs.
    """
    usual = {"next_id": 1, "domains": {}, "managed": {}, "memory": MEMORY, "is_xen": True}
    return node["platforms"].setdefault(PLATFORM, usual)


def find(node: Node, word: str) -> Domain | None:
    """The domain with an id or a name; domain 0 is not among them."""
    for domain in state_of(node)["domains"].values():
        if domain["domid"] == (int(word) if word.isdigit() else -1) or domain["name"] == word:
            found: Domain = domain
            return found
    return None


def free_memory(node: Node) -> int:
    """MiB that no domain has."""
    state = state_of(node)
    used: int = sum(domain["memory"] for domain in state["domains"].values())
    return int(state["memory"]) - DOMAIN_0_MEMORY - used


def start(  # what, where, when
    folder: str, world: World, node: Node, settings: dict[str, Any], at: float, *, paused: bool = False
) -> Domain:
    """Build a domain of its settings and let it run."""
    state = state_of(node)
    domain: Domain = {
        "name": settings["name"],
        "domid": state["next_id"],
        "memory": settings.get("memory", 128),
        "vcpus": settings.get("vcpus", 1),
        "settings": settings,
        "began": at,
        "reason": "",
    }
    state["next_id"] += 1
    state["domains"][domain["name"]] = domain
    life.power_up(folder, world, node, PLATFORM, domain["name"], at, paused=paused)
    return domain


def destroy(node: Node, domain: Domain) -> None:
    """The domain is gone at once."""
    life.power_down(node, domain["name"])
    del state_of(node)["domains"][domain["name"]]


def power_ended(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """A domain shut down, asked to be rebooted, or crashed: its configuration says what then."""
    domains = state_of(node)["domains"]
    domain = domains.get(power["key"])
    if domain is None:
        return
    keyword = ACTIONS.get(how, "on_poweroff")
    action = domain["settings"].get(keyword, USUALLY[keyword])
    if action == "preserve":
        domain["reason"] = REASONS[how]
        return
    del domains[power["key"]]
    if "restart" in action:
        start(folder, world, node, domain["settings"], at)


def letters(node: Node, domain: Domain) -> str:
    """Its six letters: running, blocked, paused, shut down, why, dying. A guest that idles is blocked."""
    if domain["reason"]:
        return f"---s{domain['reason']}-"
    power = node["powered"][domain["name"]]
    if power["is_paused"]:
        return "--p---"
    return "r-----" if power["is_frozen"] else "-b----"


def seconds(domain: Domain, now: float) -> float:
    """Processor time that it has used: a tenth of its life."""
    return max(0.0, float(now - domain["began"])) / 10
