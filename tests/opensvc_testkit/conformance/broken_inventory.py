"""Drivers whose inventory is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp


class Vague(GoodLamp):
    @api.hookimpl
    def inventory(self, resources: Sequence[api.Resource]) -> Iterator[api.InventoryItem]:
        yield from (api.InventoryItem(each.id, "memory", "512 MB") for each in resources)


class Forgetful(GoodLamp):
    @api.hookimpl
    def inventory(self, resources: Sequence[api.Resource]) -> Iterator[api.InventoryItem]:
        yield from (api.InventoryItem(each.id, "vcpus", 1) for each in resources)

    @api.hookimpl
    def list_devices(self) -> Sequence[api.Device]:
        return (api.Device("/dev/lamp"),)


class LampByLamp(GoodLamp):
    @api.hookimpl
    def inventory(self, resources: Sequence[api.Resource], context: api.Context) -> Iterator[api.InventoryItem]:
        for resource in resources:
            try:
                states = self.look(context)
            except api.ActionError as error:
                context.note_error(error)
                return
            yield api.InventoryItem(resource.id, "state", states.get(resource.text("lamp"), "off"))


class Fragile(GoodLamp):
    @api.hookimpl
    def inventory(self, resources: Sequence[api.Resource], context: api.Context) -> Iterator[api.InventoryItem]:
        states = self.look(context)
        yield from (api.InventoryItem(each.id, "state", states.get(each.text("lamp"))) for each in resources)


class Tacit(GoodLamp):
    @api.hookimpl
    def inventory(self, resources: Sequence[api.Resource], context: api.Context) -> Iterator[api.InventoryItem]:
        try:
            states = self.look(context)
        except api.ActionError:
            return
        yield from (api.InventoryItem(each.id, "state", states.get(each.text("lamp"))) for each in resources)


ALSO = [
    ("an_inventory_has_known_facts", Forgetful),
    ("a_tool_never_spoils_an_inventory", Tacit),
]
BROKEN = {
    "an_inventory_has_known_facts": Vague,
    "the_commands_of_an_inventory_do_not_grow": LampByLamp,
    "a_tool_never_spoils_an_inventory": Fragile,
}
