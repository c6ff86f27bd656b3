"""`disk.lvm` with `scsireserv`, on a simulated LVM: nothing is written to a group that this node does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define, field

from opensvc_core.api import Context, Device, Host, Resource
from opensvc_core.node import Folders, Node
from tests.opensvc_core.spc_model import ModelBackends, Target
from tests.opensvc_lvm.stand_ins import LvmNode, group_resource

pytestmark = pytest.mark.simulated

RESERVED = group_resource(scsireserv=True)
OTHER = 0x2222
HERE = ("n1", "a")
THERE = ("n2", "a")


@define
class OneDisk:
    """The group lies on one disk."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return (Device("/dev/sda"),)


@define
class ReservedGroup:
    """A group of this node, inactive and with its tag, on a disk with reservations."""

    lvm: LvmNode
    var: Path
    target: Target = field(factory=Target)
    backends: ModelBackends = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.backends = ModelBackends("n1", {"sda": self.target})

    def context(self, *, is_dry: bool = False) -> Context:
        context = self.lvm.context(RESERVED, is_dry=is_dry)
        context.node = Node("n1", "Linux", Folders(self.var), boot_id="boot-2")
        context.reservations, context.drivers = self.backends, OneDisk()
        return context

    def stop(self) -> tuple[bool, list[str]]:
        """Whether the stop changed anything, and the codes of its notes."""
        context = self.context()
        outcome = self.lvm.driver.stop(RESERVED, context)
        return outcome.is_changed, [note.code for note in context.notes]

    @property
    def key(self) -> int:
        """This node's key, as it registers."""
        return next(iter(self.target.registered.values()))


@pytest.fixture
def group(tmp_path: Path) -> ReservedGroup:
    lvm = LvmNode(tmp_path / "bin")
    lvm.install()
    lvm.add_group(tags=["n1", "web"])
    return ReservedGroup(lvm, tmp_path / "root")


def test_a_free_disk_is_reserved_before_the_tag_is_dropped(group: ReservedGroup) -> None:
    assert group.stop() == (True, [])
    assert group.lvm.tags() == {"web"}
    assert group.target.holder == HERE


def test_a_reservation_of_an_earlier_boot_is_made_anew_before_the_tag_is_dropped(group: ReservedGroup) -> None:
    group.stop()
    key = group.key
    # The node came back as another initiator: its old registration holds the disk, and its writes are refused.
    group.target.registered, group.target.holder = {("n1", "before"): key}, ("n1", "before")
    (group.var / "var" / "registrations.json").unlink()
    group.lvm.change_group(tags=["n1"])
    assert group.stop() == (True, [])
    assert group.lvm.tags() == set()
    assert (group.target.registered, group.target.holder) == ({HERE: key}, HERE)


def test_a_disk_that_is_held_already_is_only_read(group: ReservedGroup) -> None:
    group.stop()
    group.lvm.change_group(tags=["n1"])
    group.backends.trace.clear()
    assert group.stop() == (True, [])
    assert {what for what, _ in group.backends.trace} == {"read"}


def test_what_another_node_holds_is_not_written(group: ReservedGroup) -> None:
    group.target.registered, group.target.holder = {THERE: OTHER}, THERE
    assert group.stop() == (False, ["not_reserved", "stale_tag"])
    assert group.lvm.tags() == {"n1", "web"}
    assert group.lvm.calls("vgchange") == []
    assert (group.target.registered, group.target.holder) == ({THERE: OTHER}, THERE)


def test_what_no_backend_can_tell_of_is_not_written(group: ReservedGroup) -> None:
    group.backends.targets.clear()
    assert group.stop() == (False, ["not_reserved", "stale_tag"])
    assert group.lvm.calls("vgchange") == []


def test_a_record_that_cannot_be_written_undoes_no_reservation(group: ReservedGroup) -> None:
    # As on a full disk: the file cannot be put in its place.
    (group.var / "var" / "registrations.json").mkdir(parents=True)
    assert group.stop() == (True, ["record_unwritten"])
    assert group.lvm.tags() == {"web"}
    assert group.target.holder == HERE


def test_a_dry_run_shows_the_reservation_before_the_tag(group: ReservedGroup) -> None:
    context = group.context(is_dry=True)
    group.lvm.driver.stop(RESERVED, context)
    assert [what for what, _ in group.backends.trace if what != "read"] == ["register", "reserve"]
    assert context.recording is not None
    assert [command.argv[:3] for command in context.recording.commands] == [("vgchange", "--deltag", "n1")]
