"""``container.hpvm`` against a host that answers from a table: states, changes, disks, sharing, migration, files."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    ActionError,
    Command,
    CommandFailed,
    CommandNotFound,
    CommandResult,
    Device,
    InventoryItem,
    Outcome,
    Resource,
    Severity,
    Status,
    StatusReport,
    Undetermined,
)
from opensvc_drivers_hpvm import HpvmContainer
from opensvc_drivers_hpvm.guests import HpvmPlatform
from tests.opensvc_core.hpux.node import Answer, HpuxHost, context_on, hangs, resource_of, said
from tests.opensvc_drivers_hpvm.samples import DEVICES, SHARING, STARTED, guest_line

DEFAULTS = {keyword.name: keyword.default for keyword in LIFE_CYCLE_KEYWORDS}
GUEST = resource_of("container#0", "container.hpvm", {**DEFAULTS, "name": "vm188", "shell": False})
VMDG = resource_of("vmdg", "disk.vmdg", {}, container="container#0")
ALL, ONE = "hpvmstatus -M", "hpvmstatus -M -P vm188"
UP, DOWN = said(guest_line("vm188", "On", "Manual")), said(guest_line("vm188", "Off", "Manual"))
OTHER = said(guest_line("vm089", "On", "Manual"))
LUNS = "scsimgr -p get_attr all_lun -a wwid -a device_file -a instance"


@pytest.fixture
def host() -> HpuxHost:
    host = HpuxHost()
    host.on(LUNS, said("0x6006:/dev/rdisk/disk18:18\n"))
    return host


def report(host: HpuxHost, tmp_path: Path, *resources: Resource) -> StatusReport:
    resources = resources or (GUEST,)
    context = context_on(host, tmp_path, *resources, action="status")
    return dict(HpvmContainer().status(list(resources), context))[resources[0].id]


@pytest.mark.parametrize(("answer", "status"), [(UP, Status.UP), (DOWN, Status.DOWN)])
def test_one_call_tells_the_state_of_every_guest(
    host: HpuxHost, tmp_path: Path, answer: Answer, status: Status
) -> None:
    host.on(ALL, answer)
    assert report(host, tmp_path) == StatusReport(status)
    assert host.lines == [ALL]


def test_boot_policy_auto_is_warn_for_a_guest_that_runs(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ALL, said(guest_line("vm188", "On", "Auto")))
    told = report(host, tmp_path)
    assert told.status is Status.WARN
    assert [note.code for note in told.notes] == ["autostart"]


def test_a_boot_policy_that_is_not_known_is_told(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ALL, said(guest_line("vm188", "Off", "Sometimes")))
    told = report(host, tmp_path)
    assert (told.status, [note.code for note in told.notes]) == (Status.DOWN, ["boot_policy"])


@pytest.mark.parametrize("word", ["Invalid", "On (OS)", "off", "", "Starting"])
def test_a_run_state_that_is_not_sourced_is_undef(host: HpuxHost, tmp_path: Path, word: str) -> None:
    host.on(ALL, said(guest_line("vm188", word, "Manual")))
    assert report(host, tmp_path).status is Status.UNDEF


@pytest.mark.parametrize(
    "answer",
    [
        said("", "hpvmstatus: Unable to communicate", 1),
        said(guest_line("vm188", "Off", "Manual"), "", 1),
        said(guest_line("vm188", "Off", "Manual") + "half a l"),
        said("\x1b[?1034h\n" + guest_line("vm188", "Off", "Manual")),
        CommandNotFound("`hpvmstatus` is not installed", argv=("hpvmstatus",)),
    ],
)
def test_an_answer_that_is_not_whole_is_never_down(host: HpuxHost, tmp_path: Path, answer: Answer) -> None:
    host.on(ALL, answer)
    assert report(host, tmp_path).status is Status.UNDEF


def test_a_list_that_hangs_is_undef_when_the_guest_alone_hangs_too(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ALL, hangs)
    host.on(ONE, hangs)
    assert report(host, tmp_path).status is Status.UNDEF


def test_a_guest_that_is_stuck_does_not_hide_the_others(host: HpuxHost, tmp_path: Path) -> None:
    stuck = resource_of("container#1", "container.hpvm", {**DEFAULTS, "name": "vm089"})
    host.on(ALL, hangs)
    host.on(ONE, DOWN)
    host.on("hpvmstatus -M -P vm089", hangs)
    context = context_on(host, tmp_path, GUEST, stuck, action="status")
    told = dict(HpvmContainer().status([GUEST, stuck], context))
    assert [told[GUEST.id].status, told[stuck.id].status] == [Status.DOWN, Status.UNDEF]


@pytest.mark.parametrize(
    ("listed", "refused"),
    [
        (OTHER, said("", "hpvmstatus: it is not there", 1)),
        (said("No vPars or VMs currently configured\n"), said("", "", 1)),
        (said("", "No vPars or VMs currently configured\n", 1), said("", "", 1)),
        (said(""), said("", "hpvmstatus: vm188: no such guest", 1)),
    ],
)
def test_a_guest_is_not_configured_when_list_and_name_agree(
    host: HpuxHost, tmp_path: Path, listed: Answer, refused: Answer
) -> None:
    host.on(ALL, listed)
    host.on(ONE, refused)
    told = report(host, tmp_path)
    assert (told.status, [note.code for note in told.notes]) == (Status.DOWN, ["not_defined"])


@pytest.mark.parametrize(
    ("listed", "asked", "status"),
    [
        (said(""), said(""), Status.UNDEF),
        (said(""), said("", "", 1), Status.UNDEF),
        (OTHER, said(""), Status.UNDEF),
        (OTHER, UP, Status.UP),
    ],
    ids=["nothing at all", "no list", "a list without it and an empty answer", "a list that was cut at a line"],
)
def test_a_guest_that_is_not_listed_is_asked_for(
    host: HpuxHost, tmp_path: Path, listed: Answer, asked: Answer, status: Status
) -> None:
    host.on(ALL, listed)
    host.on(ONE, asked)
    assert report(host, tmp_path).status is status


def test_a_start_that_is_chatty_on_standard_error_has_succeeded(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, DOWN, UP)
    host.on("hpvmstart -P vm188", said("", STARTED))
    assert HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST)) == Outcome.changed("vm188 started")


def test_a_start_switches_the_boot_policy_to_manual_on_a_service_of_several_nodes(
    host: HpuxHost, tmp_path: Path
) -> None:
    host.on(ONE, said(guest_line("vm188", "Off", "Auto")), UP)
    host.on("hpvmmodify -P vm188 -B manual")
    host.on("hpvmstart -P vm188", said("", STARTED))
    HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST))
    assert host.lines.index("hpvmmodify -P vm188 -B manual") < host.lines.index("hpvmstart -P vm188")


def test_a_refused_start_says_what_hpvmstart_said_last(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, DOWN)
    host.on("hpvmstart -P vm188", said("", "Copyright\nhpvmstart: The guest is not runnable.\n", 1))
    with pytest.raises(CommandFailed, match="hpvmstart: The guest is not runnable") as error:
        HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST))
    assert "register_status=enabled" in error.value.hint


def test_a_start_of_a_guest_that_is_not_configured_names_what_is_missing(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, said("", "vm188?", 1))
    host.on(ALL, OTHER)
    with pytest.raises(ActionError, match="not configured") as error:
        HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST))
    assert "/var/opt/hpvm/guests/vm188" in error.value.hint


def test_a_graceful_stop(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, UP, UP, DOWN)
    host.on("hpvmstop -g -F -P vm188")
    assert HpvmContainer().stop(GUEST, context_on(host, tmp_path, GUEST)) == Outcome.changed("vm188 shut down")


def test_a_guest_that_does_not_obey_is_stopped_by_force(host: HpuxHost, tmp_path: Path) -> None:
    answers = [UP]

    def force(_: Command) -> CommandResult:
        answers[0] = DOWN
        return said()

    host.on(ONE, lambda _: answers[0])
    host.on("hpvmstop -g -F -P vm188")
    host.on("hpvmstop -F -P vm188", force)
    context = context_on(host, tmp_path, GUEST)
    assert HpvmContainer().stop(GUEST, context) == Outcome.changed("vm188 stopped by force")
    assert [note.code for note in context.notes] == ["forced_stop"]


def test_a_migration_is_verified_here(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, UP, DOWN)
    host.on("hpvmmigrate -o -P vm188 -h node2")
    outcome = HpvmContainer().migrate(GUEST, "node2", context_on(host, tmp_path, GUEST))
    assert outcome == Outcome.changed("vm188 migrated to node2")


@pytest.mark.parametrize(
    ("before", "after", "rc", "code"),
    [
        (DOWN, DOWN, 0, "container_not_up"),
        (UP, UP, 1, "command_failed"),
        (UP, UP, 0, "container_not_down"),
        (UP, said("", "", 1), 0, "container_not_down"),
    ],
)
def test_a_migration_that_is_not_seen_to_be_made_is_an_error(
    host: HpuxHost, tmp_path: Path, before: Answer, after: Answer, rc: int, code: str
) -> None:
    host.on(ONE, before, after)
    host.on(ALL, said(""))
    host.on("hpvmmigrate -o -P vm188 -h node2", said("", "hpvmmigrate: no", rc))
    with pytest.raises(ActionError) as error:
        HpvmContainer().migrate(GUEST, "node2", context_on(host, tmp_path, GUEST))
    assert error.value.code == code


def test_the_disks_of_a_guest(host: HpuxHost, tmp_path: Path) -> None:
    host.on("hpvmstatus -d -P vm188", said(DEVICES))
    devices = HpvmContainer().list_devices(GUEST, context_on(host, tmp_path, GUEST))
    assert list(devices) == [
        Device("/dev/rdisk/disk18", target="0,0,0"),
        Device("/dev/vg188/rlvol1", target="0,1,0"),
        Device("/hpvm/vm188/disk", "file", target="0,2,0"),
        Device("/dev/rdsk/c0t0d0", is_writable=False, target="0,4,0"),
    ]


def test_a_volume_of_a_group_of_the_service_is_its_group_s_business(host: HpuxHost, tmp_path: Path) -> None:
    host.on("hpvmstatus -d -P vm188", said(DEVICES))
    for name, is_disabled, is_listed in (("vg188", False, False), ("vg1", False, True), ("/dev/vg188", True, True)):
        group = evolve(resource_of("vg#1", "disk.hpux_lvm", {"vgname": name}), is_disabled=is_disabled)
        devices = HpvmContainer().list_devices(GUEST, context_on(host, tmp_path, GUEST, group))
        assert ("/dev/vg188/rlvol1" in [device.path for device in devices]) is is_listed
    mount = resource_of("fs#1", "fs.mount", {"mnt": "/hpvm/vm188/"})
    devices = HpvmContainer().list_devices(GUEST, context_on(host, tmp_path, GUEST, mount))
    assert "/hpvm/vm188/disk" not in [device.path for device in devices]


@pytest.mark.parametrize("answer", [said("", "no", 1), said(DEVICES[:-4])])
def test_disks_that_cannot_be_told_are_an_error(host: HpuxHost, tmp_path: Path, answer: Answer) -> None:
    host.on("hpvmstatus -d -P vm188", answer)
    with pytest.raises(ActionError) as error:
        HpvmContainer().list_devices(GUEST, context_on(host, tmp_path, GUEST))
    assert error.value.code == "devices_unknown"


def test_diskupdate_writes_for_peers_what_they_need(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, UP)
    host.on("hpvmstatus -d -P vm188", said(DEVICES))
    host.on("hpvmdevmgmt -l all", said(SHARING))
    context = context_on(host, tmp_path, GUEST, VMDG)
    outcome = HpvmContainer().update_disks(GUEST, context)
    assert outcome == Outcome.changed("vg_svc_vmdg.share and vg_svc_vmdg.mksf written")
    assert (tmp_path / "var/vg_svc_vmdg.share").read_text() == "/dev/rdisk/disk18:YES\n"
    assert (tmp_path / "var/vg_svc_vmdg.mksf").read_text() == "/dev/rdisk/disk18:0x6006\n"
    known = HpvmContainer().list_devices(GUEST, context)[0]
    assert known.identity == "0x6006", "by it the disk is found where the special file is missing"


def test_diskupdate_keeps_what_was_written_where_it_cannot_tell(host: HpuxHost, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/vg_svc_vmdg.share").write_text("/dev/rdisk/disk18:YES\n")
    host.on(ONE, UP)
    host.on("hpvmstatus -d -P vm188", said(DEVICES))
    host.on("hpvmdevmgmt -l all", said("", "hpvmdevmgmt: no database", 1))
    with pytest.raises(ActionError) as error:
        HpvmContainer().update_disks(GUEST, context_on(host, tmp_path, GUEST, VMDG))
    assert error.value.code == "sharing_unknown"
    assert (tmp_path / "var/vg_svc_vmdg.share").read_text() == "/dev/rdisk/disk18:YES\n"


@pytest.mark.parametrize("vmdg", [(), (VMDG,)], ids=["no vmdg", "down here"])
def test_diskupdate_writes_nothing_where_there_is_nothing_to_write(
    host: HpuxHost, tmp_path: Path, vmdg: tuple[Resource, ...]
) -> None:
    host.on(ONE, DOWN)
    outcome = HpvmContainer().update_disks(GUEST, context_on(host, tmp_path, GUEST, *vmdg))
    assert outcome is not None
    assert not outcome.is_changed
    assert not (tmp_path / "var").exists()


def test_a_start_on_a_peer_applies_the_share_file_before_the_boot(host: HpuxHost, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    lines = "/dev/rdisk/disk18:YES\n/dev/rdisk/disk19:YES\n/dev/rdisk/disk77:NO\n"
    (tmp_path / "var/vg_svc_vmdg.share").write_text(lines)
    host.on(ONE, DOWN, UP)
    host.on("hpvmdevmgmt -l all", said(SHARING))
    host.on("hpvmdevmgmt -m gdev:/dev/rdisk/disk19:attr:SHARE=YES")
    host.on("hpvmdevmgmt -a gdev:/dev/rdisk/disk77")
    host.on("hpvmdevmgmt -m gdev:/dev/rdisk/disk77:attr:SHARE=NO")
    host.on("hpvmstart -P vm188", said("", STARTED))
    HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST, VMDG))
    assert [line for line in host.lines if not line.startswith("hpvmstatus")] == [
        "hpvmdevmgmt -l all",
        "hpvmdevmgmt -m gdev:/dev/rdisk/disk19:attr:SHARE=YES",
        "hpvmdevmgmt -a gdev:/dev/rdisk/disk77",
        "hpvmdevmgmt -m gdev:/dev/rdisk/disk77:attr:SHARE=NO",
        "hpvmstart -P vm188",
    ]


def test_a_share_file_is_not_applied_where_the_guest_runs(host: HpuxHost, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/vg_svc_vmdg.share").write_text("/dev/rdisk/disk18:NO\n")
    host.on(ONE, UP)
    assert not HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST, VMDG)).is_changed
    assert host.lines == [ONE]


def test_a_share_file_that_is_none_stops_the_start_before_the_boot(host: HpuxHost, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/vg_svc_vmdg.share").write_text("/dev/rdisk/disk18:PERH")
    host.on(ONE, DOWN)
    with pytest.raises(ActionError) as error:
        HpvmContainer().start(GUEST, context_on(host, tmp_path, GUEST, VMDG))
    assert error.value.code == "share_file_unreadable"


def test_peers_need_the_guest_s_link_its_folder_and_what_is_kept_of_its_disks(host: HpuxHost, tmp_path: Path) -> None:
    folder, link = tmp_path / "uuids/u1", tmp_path / "guests/vm188"
    folder.mkdir(parents=True)
    link.parent.mkdir()
    link.symlink_to(folder)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/vg_svc_vmdg.share").write_text("")
    platform = HpvmPlatform(link.parent)
    context = context_on(host, tmp_path, GUEST, VMDG)
    assert list(platform.list_files(GUEST, context)) == [link, folder, tmp_path / "var/vg_svc_vmdg.share"]
    link.unlink()
    assert list(platform.list_files(GUEST, context)) == [tmp_path / "var/vg_svc_vmdg.share"]


def test_inventory(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ALL, UP)
    host.on("hpvmstatus -d -P vm188", said(DEVICES))
    context = context_on(host, tmp_path, GUEST)
    items = list(HpvmContainer().inventory([GUEST], context))
    assert items == [
        InventoryItem(GUEST.id, "vcpus", 2),
        InventoryItem(GUEST.id, "memory", 2 << 30),
        InventoryItem(GUEST.id, "disks", HpvmContainer().list_devices(GUEST, context)),
    ]


def test_disks_that_are_not_told_are_no_facts_but_a_note(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ALL, UP)
    host.on("hpvmstatus -d -P vm188", said(DEVICES[:-4]))
    context = context_on(host, tmp_path, GUEST)
    assert [item.name for item in HpvmContainer().inventory([GUEST], context)] == ["vcpus", "memory"]
    assert [note.code for note in context.notes] == ["devices_unknown"]


def test_a_dry_run_shows_the_boot_and_makes_nothing(host: HpuxHost, tmp_path: Path) -> None:
    host.on(ONE, DOWN)
    context = context_on(host, tmp_path, GUEST, is_dry=True)
    with pytest.raises(Undetermined):
        HpvmContainer().start(GUEST, context)
    assert context.recording is not None
    assert [str(line) for line in context.recording.commands] == ["hpvmstart -P vm188"]
    assert host.lines == [ONE]
    assert not any(note.severity is Severity.ERROR for note in context.notes)
