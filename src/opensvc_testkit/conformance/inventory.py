"""Checks of the inventory: asked at once, facts that mean the same whoever tells them, and no tool that spoils it."""

from __future__ import annotations

from opensvc_core.api import InventoryItem, OpenSVCError, Resource, Status, trouble_with_fact
from opensvc_testkit.conformance import faults
from opensvc_testkit.conformance.batch import FEW, MANY
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import Fault
from opensvc_testkit.conformance.requirement import attempt, require
from opensvc_testkit.conformance.stage import Stage

DISKS = "disks"


class Inventories(Checks):
    """What a driver tells of its resources; a driver without the hook passes."""

    def test_an_inventory_has_known_facts(self, stage: Stage) -> None:
        """Each fact once, of what was asked, in its unit or ready for JSON; the disks are those of `list_devices`."""
        resources = [stage.resource(0), stage.unknown()]
        for is_up in (False, True):
            if is_up:
                stage.bring(resources[0], Status.UP)
            items = self._items(stage, *resources)
            told = [(item.id, item.name) for item in items]
            twice = next((f"{name} of {about}" for about, name in told if told.count((about, name)) > 1), "")
            require(not twice, f"`inventory` tells {twice} twice")
            for item in items:
                require(item.id in {each.id for each in resources}, f"`inventory` tells of {item.id}, unasked")
                problem = trouble_with_fact(item.name, item.value)
                require(not problem, f"`inventory` of {item.id}: {item.name} {problem}")
            self._compare_disks(stage, resources[0], items)

    def test_the_commands_of_an_inventory_do_not_grow(self, stage: Stage) -> None:
        """A node with 500 services is asked by the same commands as one with two."""
        counts = []
        for number in (FEW, MANY):
            resources = [stage.resource(each) for each in range(number)]
            with stage.observation.watching() as seen:
                self._items(stage, *resources)
            counts.append(len([each for each in seen if not each.is_inner]))
        require(
            counts[0] == counts[1],
            f"an inventory of {FEW} resources takes {counts[0]} commands, one of {MANY} takes {counts[1]}: ask at once",
        )

    def test_a_tool_never_spoils_an_inventory(self, stage: Stage) -> None:
        """Missing, hung, failed, garbled: nothing is raised; what is told is as before, what is not has a note."""
        resource = stage.resource()
        stage.bring(resource, Status.UP)
        healthy = {item.name: item.value for item in self._items(stage, resource) if item.value is not None}
        spoilt: list[tuple[str, Fault]] = [
            ("is missing", faults.be_absent),
            ("fails", faults.fail),
            ("hangs", faults.hang(stage.clock)),
            *((f"prints {text[:20]!r}", faults.print_instead(text)) for text in faults.GARBAGE),
        ]
        for what, fault in spoilt:
            self._try(stage, resource, healthy, what, fault)

    def _try(self, stage: Stage, resource: Resource, healthy: dict[str, object], what: str, fault: Fault) -> None:
        if not self._has_hook(stage):
            return
        context = stage.context("inventory", resource)
        call = stage.dispatcher.hook("inventory", self.driver)
        with stage.observation.struck(fault), stage.observation.watching() as seen:
            error, given = attempt(lambda: list(call(resources=[resource], context=context) or ()))
        require(error is None, f"a tool {what}: `inventory` raised {error!r} where a note is due")
        told = {item.name: item.value for item in given if item.value is not None}  # type: ignore[attr-defined]
        for name, value in told.items():
            require(
                healthy.get(name) == value,
                f"a tool {what}: `inventory` tells {name} as {value!r}, and {healthy.get(name)!r} when all is well",
            )
        is_less = bool(seen) and bool(set(healthy) - set(told))
        require(context.notes or not is_less, f"a tool {what}: `inventory` tells less, and no note says why")

    def _compare_disks(self, stage: Stage, resource: Resource, items: list[InventoryItem]) -> None:
        dispatcher = stage.dispatcher
        if not self._has_hook(stage) or not dispatcher.has_hook("list_devices", self.driver):
            return
        error, devices = attempt(lambda: dispatcher.list_devices(resource, stage.context("inventory", resource)))
        if isinstance(error, OpenSVCError):
            return
        told = next((item.value for item in items if item.id == resource.id and item.name == DISKS), None)
        is_same = told is not None and tuple(told) == devices
        require(is_same, f"`inventory` tells {DISKS} as {told!r}, `list_devices` gives {devices!r}")

    def _items(self, stage: Stage, *resources: Resource) -> list[InventoryItem]:
        if not self._has_hook(stage):
            return []
        context = stage.context("inventory", *resources)
        given = list(stage.dispatcher.hook("inventory", self.driver)(resources=list(resources), context=context) or ())
        require(all(isinstance(each, InventoryItem) for each in given), f"`inventory` gave {given!r}")
        return given

    def _has_hook(self, stage: Stage) -> bool:
        return stage.dispatcher.has_hook("inventory", self.driver)
