"""Checks of status and of the other hooks that read: free of changes, and many resources at once."""

from __future__ import annotations

from opensvc_core.api import Device, InventoryItem, OpenSVCError, Resource, ResourceId, Status, StatusReport, Veto
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.stage import Stage, changes

FEW, MANY = 2, 7
"""Resources that one status asks about."""
OPTIONAL = ("inventory", "list_devices", "list_files", "companions", "preflight")


class Batch(Checks):
    """What is asked of a driver."""

    def test_a_status_changes_nothing(self, stage: Stage) -> None:
        """All its commands are queries, and the platform is as before, up or down."""
        resource = stage.resource()
        for status in (Status.DOWN, Status.UP):
            if status is Status.UP:
                stage.bring(resource, status)
            before = stage.platform.state()
            with stage.observation.watching() as seen:
                stage.status(resource)
            ran = changes(seen)
            require(not ran, f"a status runs `{ran[0] if ran else ''}` as a change; what reads is `context.query`")
            require(stage.platform.state() == before, "a status left the platform other than it was")

    def test_one_status_answers_for_many(self, stage: Stage) -> None:
        """Each of the asked ones once, each with its own state, none that was not asked about."""
        resources = [stage.resource(number) for number in range(MANY)]
        stage.bring(resources[1], Status.UP)
        context = stage.context("status", *resources)
        hook = stage.dispatcher.hook("status", self.driver)
        answers: list[tuple[ResourceId, StatusReport]] = list(hook(resources=list(resources), context=context))
        told = [resource_id for resource_id, _ in answers]
        asked = [resource.id for resource in resources]
        require(sorted(told) == sorted(asked), f"asked about {_names(asked)}, it answered for {_names(told)}")
        for resource_id, report in answers:
            is_up = resource_id == resources[1].id
            words = f"of {MANY}, {resources[1].id} alone is up; of {resource_id} it says {report}"
            require((report.status is Status.UP) == is_up, words)

    def test_the_commands_of_a_status_do_not_grow(self, stage: Stage) -> None:
        """A node with 500 services is asked by the same commands as one with two."""
        counts = []
        for number in (FEW, MANY):
            resources = [stage.resource(each) for each in range(number)]
            with stage.observation.watching() as seen:
                stage.status(*resources)
            counts.append(len([each for each in seen if not each.is_inner]))
        require(
            counts[0] == counts[1],
            f"a status of {FEW} resources takes {counts[0]} commands, one of {MANY} takes {counts[1]}: ask at once",
        )

    def test_the_other_hooks_only_read(self, stage: Stage) -> None:
        """Inventory, devices, files, companions and vetoes: of the right types, and without a change."""
        resource = stage.resource()
        for is_up in (False, True):
            if is_up:
                stage.bring(resource, Status.UP)
            stage.asked = stage.status(resource)
            before = stage.platform.state()
            for hook in OPTIONAL:
                with stage.observation.watching() as seen:
                    self._call(stage, hook, resource)
                ran = changes(seen)
                require(not ran, f"`{hook}` runs `{ran[0] if ran else ''}`, which changes something")
            require(stage.platform.state() == before, "a hook that reads left the platform other than it was")

    def _call(self, stage: Stage, hook: str, resource: Resource) -> None:
        if not stage.dispatcher.has_hook(hook, self.driver):
            return
        context = stage.context("status", resource)
        call = stage.dispatcher.hook(hook, self.driver)
        kinds = {"inventory": InventoryItem, "list_devices": Device, "companions": Resource, "preflight": Veto}
        given: object
        try:
            if hook == "companions":
                given = call(resource=resource)
            elif hook == "inventory":
                given = list(call(resources=[resource], context=context) or ())
            elif hook == "preflight":
                given = [veto for action in ("start", "stop") for veto in self._vetoes(stage, resource, action)]
            else:
                given = call(resource=resource, context=context)
        except OpenSVCError:
            return
        if hook in kinds and given is not None:
            right = isinstance(given, (tuple, list)) and all(isinstance(each, kinds[hook]) for each in given)
            require(right, f"`{hook}` gave {given!r}, no sequence of {kinds[hook].__name__}")

    def _vetoes(self, stage: Stage, resource: Resource, action: str) -> list[object]:
        hook = stage.dispatcher.hook("preflight", self.driver)
        context = stage.context(action, resource)
        return [veto for veto in hook(resource=resource, action=action, context=context) if veto is not None]


def _names(ids: list[ResourceId]) -> str:
    return ", ".join(str(each) for each in ids) or "none"
