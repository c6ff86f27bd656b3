"""`disk.lvm` handed from one node to another, on a simulated LVM: who tags, who activates, and who writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import ActionError
from opensvc_lvm.groups import LogicalVolume, Survey, VolumeGroup
from opensvc_lvm.handover import unshareable
from tests.opensvc_lvm.stand_ins import LvmNode, group_resource

pytestmark = pytest.mark.simulated

DATA = group_resource()
RESERVED = group_resource(scsireserv=True)
BOTH = {"n1", "n2"}
VOLUMES = {"base", "logs-1"}


@pytest.fixture
def lvm(tmp_path: Path) -> LvmNode:
    made = LvmNode(tmp_path / "bin")
    made.install()
    return made


def test_the_source_admits_with_a_tag_and_a_second_time_with_nothing(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1", "web"])
    lvm.activate_by_hand()
    assert lvm.driver.admit(DATA, "n2", lvm.context(DATA)).is_changed
    assert lvm.tags() == {*BOTH, "web"}
    assert lvm.active() == VOLUMES
    assert not lvm.driver.admit(DATA, "n2", lvm.context(DATA)).is_changed
    assert lvm.writes() == 1


@pytest.mark.parametrize("tags", [[], ["n1"], ["n2"], ["n1", "n3.example.com"]])
def test_nobody_admits_what_is_not_in_use_by_him_alone(lvm: LvmNode, tags: list[str]) -> None:
    lvm.add_group(tags=tags)
    if len(tags) == 2:
        lvm.activate_by_hand()
    with pytest.raises(ActionError):
        lvm.driver.admit(DATA, "n2", lvm.context(DATA))
    assert lvm.writes() == 0


def test_the_destination_activates_what_is_tagged_for_both_and_writes_nothing(lvm: LvmNode) -> None:
    lvm.add_group(tags=BOTH)
    lvm.reserve_elsewhere()
    assert lvm.driver.join(RESERVED, "n2", lvm.context(RESERVED)).is_changed
    assert lvm.active() == VOLUMES
    assert not lvm.driver.join(RESERVED, "n2", lvm.context(RESERVED)).is_changed
    assert lvm.driver.leave(RESERVED, "n2", lvm.context(RESERVED)).is_changed
    assert lvm.active() == set()
    assert lvm.tags() == BOTH
    assert lvm.writes() == 0


@pytest.mark.parametrize("tags", [[], ["n1"], ["n2"], ["n1", "n2", "n3.example.com"]])
def test_the_destination_refuses_what_it_was_not_admitted_to(lvm: LvmNode, tags: list[str]) -> None:
    lvm.add_group(tags=tags)
    with pytest.raises(ActionError) as refused:
        lvm.driver.join(DATA, "n2", lvm.context(DATA))
    assert refused.value.code in {"not_admitted", "tagged_elsewhere"}
    assert lvm.active() == set()


def test_a_group_that_lvm_conf_does_not_allow_is_not_taken_for_active(lvm: LvmNode) -> None:
    lvm.add_group(tags=BOTH)
    lvm.configure(volume_list=["@somebody"])
    with pytest.raises(ActionError) as refused:
        lvm.driver.join(DATA, "n2", lvm.context(DATA))
    assert refused.value.code == "activation_refused"


def test_who_has_the_guest_drops_the_others_tag_and_only_that(lvm: LvmNode) -> None:
    lvm.add_group(tags=[*BOTH, "web"])
    with pytest.raises(ActionError) as refused:
        lvm.driver.settle(DATA, "n2", lvm.context(DATA))
    assert refused.value.code == "not_active"
    assert lvm.writes() == 0
    lvm.activate_by_hand()
    assert lvm.driver.settle(DATA, "n2", lvm.context(DATA)).is_changed
    assert lvm.tags() == {"n1", "web"}
    assert not lvm.driver.settle(DATA, "n2", lvm.context(DATA)).is_changed


@pytest.mark.parametrize(
    ("attributes", "may"),
    [("-wi-a-----", True), ("twi-aotz--", False), ("Vwi-a-tz--", False), ("owi-a-s---", False), ("rwi-a-r---", False)],
)
def test_what_keeps_a_state_of_its_own_in_the_kernel_is_never_active_twice(attributes: str, may: bool) -> None:
    group = VolumeGroup("data", "uuid", "wz--n-")
    survey = Survey((group,), (LogicalVolume("uuid", "one", "-wi-a-----"), LogicalVolume("uuid", "two", attributes)))
    assert (unshareable("data", survey) is None) is may


def test_a_dry_run_shows_both_sides_and_writes_nothing(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n2"])
    for hook in (lvm.driver.admit, lvm.driver.join):
        hook(DATA, "n2", lvm.context(DATA, is_dry=True))
    assert lvm.writes() == 0
    assert lvm.active() == set()
