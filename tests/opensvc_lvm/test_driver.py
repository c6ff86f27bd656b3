"""`disk.lvm` on a simulated LVM: who may have a group active, and what a start and a stop leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.api import ActionError, CommandFailed, CommandTimeout, Device, NodeState, Status, Undetermined
from opensvc_core.recording import Recording
from opensvc_testkit.faults import FaultKind
from tests.opensvc_lvm.stand_ins import LvmNode, codes, group_resource, text_of

pytestmark = pytest.mark.simulated

DATA = group_resource()
RESERVED = group_resource(scsireserv=True)


@pytest.fixture
def lvm(tmp_path: Path) -> LvmNode:
    made = LvmNode(tmp_path / "bin")
    made.install()
    return made


# -- start ----------------------------------------------------------------------------------------------------------


def test_a_start_tags_and_activates_and_a_second_one_changes_nothing(lvm: LvmNode) -> None:
    lvm.add_group(tags=["local", "backup=daily"])
    assert lvm.start(DATA).is_changed
    assert lvm.tags() == {"local", "backup=daily", "n1"}
    assert lvm.active() == {"base", "logs-1"}
    assert lvm.status(DATA).status is Status.UP
    lvm.forget_calls()
    assert not lvm.start(DATA).is_changed
    assert lvm.calls("vgchange") == []


def test_the_checks_before_a_run_ask_lvm_for_nothing_that_its_statuses_told(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n2"])
    asked = lvm.context(DATA)
    asked.action = "status"
    reports = dict(lvm.driver.status([DATA], asked))
    assert "tagged_elsewhere" in codes(reports[DATA.id])
    lvm.forget_calls()
    checking = lvm.context(DATA, evidence={"n2": NodeState.UNKNOWN})
    checking.is_checking, checking.memory = True, asked.memory
    veto = lvm.driver.preflight(DATA, "start", checking)
    assert veto is not None
    assert veto.code == "tagged_elsewhere"
    assert lvm.driver.list_devices(DATA, checking) == (Device("/dev/sda"),)
    assert lvm.calls() == []
    # A step asks anew.
    assert lvm.driver.list_devices(DATA, lvm.context(DATA)) == (Device("/dev/sda"),)
    assert [call[0] for call in lvm.calls()] == ["vgs"]


def test_the_right_tag_is_not_written_again(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1"])
    assert lvm.start(DATA).is_changed
    assert lvm.writes() == 0
    assert lvm.active() == {"base", "logs-1"}


def test_an_active_group_without_the_tag_gets_it(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.activate_by_hand()
    report = lvm.status(DATA)
    assert report.status is Status.WARN
    assert "untagged" in codes(report)
    assert lvm.start(DATA).is_changed
    assert lvm.status(DATA).status is Status.UP


def test_the_tag_is_spelt_as_the_node_spells_its_name(lvm: LvmNode) -> None:
    """volume_list knows `@n1` only."""
    lvm.add_group(tags=["n1.example.com"])
    assert lvm.start(DATA).is_changed
    assert lvm.tags() == {"n1"}


@pytest.mark.parametrize("tag", ["n2", "n3", "n3.example.com", "N2", "n2.example.com"])
def test_a_group_tagged_for_another_node_is_left_alone(lvm: LvmNode, tag: str) -> None:
    lvm.add_group(tags=[tag, "local"])
    veto = lvm.preflight(DATA)
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("tagged_elsewhere", False)
    node = {"n3": "n3.example.com", "N2": "n2", "n2.example.com": "n2"}.get(tag, tag)
    assert f"--declare-dead {node}" in veto.hint
    with pytest.raises(ActionError, match=f"tagged for {node}") as caught:
        lvm.start(DATA, permits=["tagged_elsewhere"])
    assert caught.value.code == "tagged_elsewhere"
    assert lvm.tags() == {tag, "local"}
    assert lvm.active() == set()


@pytest.mark.parametrize("state", [NodeState.DOWN, NodeState.FENCED])
def test_a_tag_is_taken_over_from_a_node_that_is_known_to_be_down(lvm: LvmNode, state: NodeState) -> None:
    lvm.add_group(tags=["n2", "n3", "local"])
    assert lvm.preflight(DATA, evidence={"n2": state}) is not None
    both = {"n2": state, "n3.example.com": state}
    assert lvm.preflight(DATA, evidence=both) is None
    assert lvm.start(DATA, evidence=both).is_changed
    assert lvm.tags() == {"n1", "local"}
    assert lvm.writes() == 1


@pytest.mark.parametrize("state", [NodeState.UP, NodeState.UNKNOWN, NodeState.UNASKED])
def test_any_other_word_on_a_node_is_no_evidence(lvm: LvmNode, state: NodeState) -> None:
    lvm.add_group(tags=["n2"])
    assert lvm.preflight(DATA, evidence={"n2": state}) is not None
    with pytest.raises(ActionError, match="tagged for n2"):
        lvm.start(DATA, evidence={"n2": state})


def test_two_words_that_differ_are_no_evidence(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n2"])
    context = lvm.context(DATA, evidence={"n2": NodeState.DOWN, "n2.example.com": NodeState.UP})
    assert lvm.driver.preflight(DATA, "start", context) is not None


def test_with_a_reservation_a_foreign_tag_is_dropped(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n2", "web"])
    assert lvm.preflight(RESERVED) is None
    assert lvm.start(RESERVED).is_changed
    assert lvm.tags() == {"n1", "web"}


def test_tags_that_name_no_node_of_the_service_stay(lvm: LvmNode) -> None:
    lvm.add_group(tags=["local", "n9", "n22", "n1x"])
    assert lvm.preflight(DATA) is None
    lvm.start(DATA)
    lvm.stop(DATA)
    assert lvm.tags() == {"local", "n9", "n22", "n1x"}


def test_a_short_tag_that_fits_two_nodes_counts_as_the_others(lvm: LvmNode) -> None:
    lvm.node = "n3.example.org"
    lvm.add_group(tags=["n3"])
    assert lvm.preflight(DATA) is not None


def test_a_node_that_tags_it_at_the_same_moment_is_seen(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.race("n2")
    with pytest.raises(ActionError, match="n2 changed the tags of data") as caught:
        lvm.start(DATA)
    assert caught.value.code == "tag_race"
    assert lvm.active() == set()


def test_a_silent_refusal_is_told_with_its_reason(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.configure(volume_list=["@local", "@other"])
    with pytest.raises(ActionError, match="refused without a word") as caught:
        lvm.start(DATA)
    assert caught.value.code == "activation_refused"
    assert "base, logs-1" in caught.value.message
    assert "@other" in caught.value.message
    assert "osvc node lvm check" in caught.value.hint


def test_a_volume_that_asks_to_be_skipped_is_not_missed(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.groups.change_volume("data", "logs-1", skip=True)
    assert lvm.start(DATA).is_changed
    assert lvm.active() == {"base"}
    assert lvm.status(DATA).status is Status.UP
    assert not lvm.start(DATA).is_changed


def test_a_group_without_volumes_is_up_where_its_tag_says(lvm: LvmNode) -> None:
    lvm.add_group(volumes=())
    assert lvm.status(DATA).status is Status.DOWN
    assert lvm.start(DATA).is_changed
    assert lvm.status(DATA).status is Status.UP
    assert not lvm.start(DATA).is_changed
    assert lvm.stop(DATA).is_changed
    assert lvm.status(DATA).status is Status.DOWN


def test_a_write_that_the_disk_refuses_is_told(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.reserve_elsewhere()
    with pytest.raises(CommandFailed, match="Failed to write VG data") as caught:
        lvm.start(DATA)
    assert "reserved" in caught.value.hint
    assert lvm.active() == set()


def test_an_activation_that_hangs_ends_at_its_limit(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.fault("vgchange", "-ay", kind=FaultKind.HANG)
    with pytest.raises(CommandTimeout):
        lvm.start(group_resource(start_timeout=0.5))


def test_a_dry_run_shows_both_changes_and_makes_none(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n2"])
    context = lvm.context(RESERVED, is_dry=True)
    with pytest.raises(Undetermined, match="vgchange -ay data"):
        lvm.driver.start(RESERVED, context)
    assert isinstance(context.recording, Recording)
    assert [str(line) for line in context.recording.commands] == [
        "vgchange --deltag n2 --addtag n1 data",
        "vgchange -ay data",
    ]
    assert lvm.tags() == {"n2"}


# -- what stands in the way -----------------------------------------------------------------------------------------


def test_an_exported_group(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.change_group(exported=True)
    veto = lvm.preflight(DATA)
    assert veto is not None
    assert (veto.code, veto.hint) == ("exported", "if it is meant for this node: vgimport data")
    with pytest.raises(ActionError, match="data is exported"):
        lvm.start(DATA)
    assert text_of(lvm.status(DATA)) == "data is exported"


def test_a_group_that_cannot_be_used_is_not_up_by_its_tag(lvm: LvmNode) -> None:
    """LVM lists no volume of it, as if it were empty."""
    lvm.add_group(tags=["n1"])
    for values in ({"exported": True}, {"exported": False, "system_id": "n9"}):
        lvm.change_group(**values)
        assert lvm.status(DATA).status is Status.DOWN
        with pytest.raises(ActionError):
            lvm.start(DATA)
        context = lvm.context(DATA)
        assert not lvm.driver.stop(DATA, context).is_changed
        assert [note.code for note in context.notes] == ["stale_tag"]
    lvm.change_group(volumes=[])
    assert lvm.status(DATA).status is Status.DOWN


def test_a_group_of_another_system(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.change_group(system_id="n9")
    assert "belongs to the system n9" in text_of(lvm.status(DATA))
    with pytest.raises(ActionError, match="belongs to the system n9"):
        lvm.start(DATA)
    lvm.change_group(system_id="n1")
    assert lvm.status(DATA).notes == ()
    assert lvm.start(DATA).is_changed


def test_two_groups_of_one_name(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.add_group()
    assert "2 volume groups are named data" in text_of(lvm.status(DATA))
    assert lvm.status(DATA).status is Status.DOWN
    with pytest.raises(ActionError, match="2 volume groups are named data"):
        lvm.start(DATA)
    assert lvm.calls("vgchange") == []


def test_a_missing_disk_stops_a_start_before_anything_is_written(lvm: LvmNode) -> None:
    """A change of tags would mark the disk as missing for good."""
    lvm.add_group(disks=2)
    lvm.lose_disk()
    assert lvm.preflight(DATA) is None
    missed = f"misses the disk {lvm.disk_uuid(1)}, last seen as /dev/sdx"
    with pytest.raises(ActionError, match=missed) as caught:
        lvm.start(DATA)
    assert caught.value.code == "disk_missing"
    assert lvm.writes() == 0
    assert lvm.start(DATA, permits=["disk_missing"]).is_changed
    assert "disk_missing" in codes(lvm.status(DATA))


def test_a_group_that_is_up_stays_so_when_a_disk_goes(lvm: LvmNode) -> None:
    lvm.add_group(disks=2)
    lvm.start(DATA)
    lvm.lose_disk()
    lvm.copy_disk()
    assert lvm.preflight(DATA) is None
    assert not lvm.start(DATA).is_changed
    report = lvm.status(DATA)
    assert report.status is Status.UP
    assert {"disk_missing", "duplicate_disk"} <= codes(report)


def test_volumes_that_lie_on_a_missing_disk_are_named(lvm: LvmNode) -> None:
    lvm.add_group(volumes=["base"], disks=2)
    lvm.groups.add_volume("data", "logs-1", 1, disk=1)
    lvm.lose_disk()
    with pytest.raises(ActionError, match="not active: logs-1: Refusing activation of partial LV data/logs-1"):
        lvm.start(DATA, permits=["disk_missing"])


def test_a_disk_that_the_devices_file_leaves_out_is_told_so(lvm: LvmNode) -> None:
    lvm.add_group(disks=2)
    lvm.lose_disk()
    lvm.configure(uses_devices_file=True)
    devices = lvm.folder / "etc/devices/system.devices"
    devices.parent.mkdir(parents=True)
    devices.write_text("# LVM uses devices listed in this file.\nVERSION=1.1.2\nIDTYPE=devname PVID=other\n")
    assert "devices file does not list (lvmdevices --adddev)" in text_of(lvm.status(DATA))
    pvid = lvm.disk_uuid(1).replace("-", "")
    devices.write_text(f"IDTYPE=sys_wwid IDNAME=naa.6 DEVNAME=/dev/sdx PVID={pvid}\n")
    assert "devices file" not in text_of(lvm.status(DATA))
    assert "devices file (lvmdevices" in text_of(lvm.status(group_resource("nosuch")))
    lvm.configure(uses_devices_file=False)
    assert "devices file" not in text_of(lvm.status(group_resource("nosuch")))


def test_a_disk_that_is_there_twice(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.copy_disk()
    assert "/dev/sdz holds a copy of /dev/sda of data" in text_of(lvm.status(DATA))
    with pytest.raises(ActionError, match="holds a copy"):
        lvm.start(DATA)


@pytest.mark.parametrize("name", ["-an", "@tag", "a/b", "", "a b"])
def test_a_name_that_is_none_reaches_no_command(lvm: LvmNode, name: str) -> None:
    resource = group_resource(name)
    for verb in (lvm.start, lvm.stop):
        with pytest.raises(ActionError, match="cannot be the name of a volume group"):
            verb(resource)
    assert lvm.calls() == []
    assert lvm.status(resource).status is Status.UNDEF


# -- stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_deactivates_and_drops_the_tag_and_no_other(lvm: LvmNode) -> None:
    lvm.add_group(tags=["local", "n2x"])
    lvm.start(DATA)
    assert lvm.stop(DATA).is_changed
    assert lvm.active() == set()
    assert lvm.tags() == {"local", "n2x"}
    lvm.forget_calls()
    assert not lvm.stop(DATA).is_changed
    assert lvm.calls("vgchange") == []


def test_a_stop_drops_the_tag_of_a_group_that_is_inactive(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1", "n1.example.com", "n2"])
    report = lvm.status(DATA)
    assert report.status is Status.DOWN
    assert codes(report) == {"stale_tag", "tagged_elsewhere"}
    assert lvm.stop(DATA).is_changed
    assert lvm.tags() == {"n2"}


def test_a_stop_keeps_the_tag_while_a_disk_is_missing(lvm: LvmNode) -> None:
    lvm.add_group(disks=2)
    lvm.start(DATA)
    lvm.lose_disk()
    context = lvm.context(DATA)
    assert lvm.driver.stop(DATA, context).is_changed
    assert lvm.active() == set()
    assert lvm.tags() == {"n1"}
    assert [note.code for note in context.notes] == ["stale_tag"]


def _clean(lvm: LvmNode, *, holds: bool) -> tuple[bool, list[str]]:
    """Clean the group; whether anything changed, and the notes. `holds` is whether this node still has its disks."""
    context = lvm.context(RESERVED)
    with pytest.MonkeyPatch.context() as patch:
        # The reservation is its companion's; here it is only what that says.
        patch.setattr(type(context), "holds_still", lambda context, resource: holds)
        changed = lvm.driver.clean(RESERVED, context).is_changed
    return changed, [note.code for note in context.notes]


def test_what_a_crash_left_is_cleaned_where_this_node_still_holds_the_disks(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1", "n2", "backup=daily"])
    assert _clean(lvm, holds=False) == (False, ["stale_tag"])
    assert lvm.writes() == 0
    assert _clean(lvm, holds=True) == (True, [])
    assert lvm.tags() == {"n2", "backup=daily"}
    assert _clean(lvm, holds=True) == (False, [])


def test_a_group_that_is_active_is_not_cleaned(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1"])
    lvm.activate_by_hand()
    with pytest.raises(ActionError, match="active"):
        _clean(lvm, holds=True)
    assert (lvm.tags(), lvm.active()) == ({"n1"}, {"base", "logs-1"})


def test_without_a_reservation_nothing_is_written_at_boot(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1"])
    assert not lvm.driver.clean(DATA, lvm.context(DATA)).is_changed
    assert lvm.writes() == 0


def test_what_is_open_for_a_moment_is_waited_for(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.start(DATA)
    lvm.change_active("base", open=2)
    assert lvm.stop(DATA).is_changed
    assert len(lvm.calls("vgchange")) == 2 + 3 + 1
    assert lvm.active() == set()


def test_what_stays_open_is_named_after_bounded_tries(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.start(DATA)
    lvm.change_active("base", open=-1)
    with pytest.raises(ActionError, match="data stays active, kept open by: nobody that can be seen") as caught:
        lvm.stop(group_resource(stop_timeout=0.5))
    assert caught.value.code == "in_use"
    assert "Logical volume data/base in use." in caught.value.message
    assert lvm.tags() == {"n1"}


def test_a_mount_is_named_at_once(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.start(DATA)
    lvm.change_active("base", open=-1)
    (lvm.folder / "proc/self").mkdir()
    (lvm.folder / "proc/self/mountinfo").write_text("30 1 254:0 / /srv/a\\040b rw - ext4 /dev/mapper/data-base rw\n")
    lvm.forget_calls()
    with pytest.raises(ActionError, match="kept open by: mounted on /srv/a b "):
        lvm.stop(group_resource(stop_timeout=50.0))
    assert len(lvm.calls("vgchange")) == 1


def test_a_group_that_is_gone_is_down_unless_the_kernel_still_has_it(lvm: LvmNode) -> None:
    lvm.add_group("web-1")
    web = group_resource("web-1")
    lvm.start(web)
    lvm.lose_disk(0)
    report = lvm.status(web)
    assert report.status is Status.WARN
    assert "web--1-base" in text_of(report)
    with pytest.raises(ActionError, match=r"web--1-base.* is in this node's kernel, but LVM does not see the group"):
        lvm.stop(web)
    assert lvm.status(group_resource("web")).status is Status.DOWN
    lvm.groups.forget_active("n1")
    report = lvm.status(web)
    assert report.status is Status.DOWN
    assert codes(report) == {"not_visible"}
    assert not lvm.stop(web).is_changed


def test_a_stop_of_what_cannot_be_told_is_no_success(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.start(DATA)
    lvm.configure(has_mapper=False)
    with pytest.raises(ActionError, match="cannot tell whether its volumes are active"):
        lvm.stop(DATA)
    assert lvm.tags() == {"n1"}


# -- status ---------------------------------------------------------------------------------------------------------


def test_any_number_of_groups_takes_one_vgs_and_one_lvs(lvm: LvmNode) -> None:
    resources = []
    for number in range(20):
        lvm.add_group(f"vg{number}")
        resources.append(group_resource(f"vg{number}", f"svc{number}"))
    lvm.start(resources[7])
    lvm.forget_calls()
    reports = dict(lvm.driver.status(resources, lvm.context(*resources)))
    assert {str(key.service) for key, report in reports.items() if report.status is Status.UP} == {"svc7"}
    assert [call[0] for call in lvm.calls()] == ["vgs", "lvs"]


def test_a_group_that_is_partly_active(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1"])
    lvm.activate_by_hand("base")
    report = lvm.status(DATA)
    assert report.status is Status.WARN
    assert text_of(report) == "not active: logs-1"


def test_active_here_and_tagged_for_another(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1", "n2"])
    lvm.activate_by_hand()
    report = lvm.status(DATA)
    assert report.status is Status.WARN
    assert "active here, and tagged for n2 too" in text_of(report)


def test_a_volume_that_takes_no_writes(lvm: LvmNode) -> None:
    lvm.add_group(tags=["n1"])
    lvm.activate_by_hand()
    lvm.change_active("base", health="D", full="100.00")
    assert text_of(lvm.status(DATA)) == "base: out of data space (100 % full): writes may fail"
    lvm.change_active("base", health="", suspended=True)
    assert text_of(lvm.status(DATA)) == "suspended: base"


GARBAGE = ["", "{", "no json", '{"report": []}', '{"report": [{"vg": [{}], "lv": [{}]}]}', '{"report": [{"log": []}]}']


@pytest.mark.parametrize("program", ["vgs", "lvs"])
@pytest.mark.parametrize("said", GARBAGE)
def test_garbage_is_undef_and_stops_every_verb(lvm: LvmNode, program: str, said: str) -> None:
    lvm.add_group(tags=["n1"])
    lvm.activate_by_hand()
    # Without a text this kind of fault would print other garbage.
    lvm.fault(program, kind=FaultKind.GARBAGE if said else FaultKind.FAIL, text=said)
    assert lvm.status(DATA).status is Status.UNDEF
    for verb in (lvm.start, lvm.stop):
        with pytest.raises(CommandFailed, match="no report that can be read"):
            verb(DATA)
    assert lvm.calls("vgchange") == []


@pytest.mark.parametrize("program", ["vgs", "lvs"])
def test_a_failure_is_undef_with_its_words(lvm: LvmNode, program: str) -> None:
    words = "  Parse error at byte 101 (line 1): unexpected token\n  Failed to load config file /etc/lvm/lvm.conf\n"
    lvm.fault(program, kind=FaultKind.FAIL, text=words, status=4)
    report = lvm.status(DATA)
    assert report.status is Status.UNDEF
    assert "Failed to load config file" in text_of(report)


@pytest.mark.parametrize("program", ["vgs", "lvs"])
def test_a_report_with_a_bad_exit_status_is_not_taken_for_down(lvm: LvmNode, program: str) -> None:
    lvm.add_group()
    kind = {"vgs": "vg", "lvs": "lv"}[program]
    lvm.replace(program, f'{{"report": [{{"{kind}": []}}]}}', "  some device failed", 5)
    report = lvm.status(DATA)
    assert report.status is Status.UNDEF
    assert "some device failed" in text_of(report)
    with pytest.raises(ActionError, match="LVM stumbled"):
        lvm.stop(DATA)


def test_a_missing_tool_is_undef(lvm: LvmNode) -> None:
    (lvm.folder / "vgs").unlink()
    assert lvm.status(DATA).status is Status.UNDEF


def test_a_tool_that_hangs_is_undef(lvm: LvmNode) -> None:
    lvm.fault("lvs", kind=FaultKind.HANG)
    report = lvm.status(DATA, limit=1.0)
    assert report.status is Status.UNDEF
    assert codes(report) == {"command_timeout"}


def test_without_device_mapper_nothing_can_be_told(lvm: LvmNode) -> None:
    lvm.add_group()
    lvm.configure(has_mapper=False)
    assert lvm.status(DATA).status is Status.UNDEF


# -- devices and inventory ------------------------------------------------------------------------------------------


def test_a_status_that_asks_for_the_disks_too_asks_lvm_once(lvm: LvmNode) -> None:
    lvm.add_group()
    context = evolve(lvm.context(DATA), action="status")
    lvm.driver.list_devices(DATA, context)
    lvm.driver.list_devices(DATA, context)
    list(lvm.driver.status([DATA], context))
    assert [call[0] for call in lvm.calls()] == ["vgs", "lvs"]


def test_all_disks_are_listed_or_none(lvm: LvmNode) -> None:
    lvm.add_group(disks=2)
    devices = lvm.driver.list_devices(DATA, evolve(lvm.context(DATA), action="start"))
    assert [(each.path, each.identity, each.is_writable) for each in devices] == [
        ("/dev/sda", "", True), ("/dev/sdb", "", True),
    ]  # fmt: skip
    assert [call[0] for call in lvm.calls()] == ["vgs"]
    lvm.lose_disk()
    with pytest.raises(ActionError, match="misses the disk"):
        lvm.driver.list_devices(DATA, lvm.context(DATA))
    with pytest.raises(ActionError, match="LVM sees no volume group nosuch"):
        lvm.driver.list_devices(group_resource("nosuch"), lvm.context(group_resource("nosuch")))


def test_inventory(lvm: LvmNode) -> None:
    lvm.add_group()
    items = {item.name: item.value for item in lvm.driver.inventory([DATA], lvm.context(DATA))}
    assert items == {"size": 260046848, "free": 213909504, "group": "data", "disks": (Device("/dev/sda"),)}
