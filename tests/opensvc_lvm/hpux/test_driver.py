"""``disk.hpux_lvm`` against a host that answers from a table: states, import, activation, export, files, disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import (
    ActionError,
    Command,
    CommandNotFound,
    CommandResult,
    Context,
    Device,
    Outcome,
    Resource,
    Status,
    StatusReport,
    Undetermined,
)
from opensvc_lvm.hpux.driver import HpuxVolumeGroup
from tests.opensvc_core.hpux.node import Answer, HpuxHost, context_on, hangs, resource_of, said
from tests.opensvc_lvm.hpux.samples import LVMTAB, MAP, absent, block, inactive

DEFAULTS = {keyword.name: keyword.default for keyword in HpuxVolumeGroup.keywords}
ACTIVE, INACTIVE, ABSENT = said(block("vg188")), said("", inactive("vg188"), 1), said("", absent("vg188"), 1)
DISPLAY = "vgdisplay vg188"
LUNS = "scsimgr -p get_attr all_lun -a wwid -a device_file -a instance"


def group(**options: object) -> Resource:
    return resource_of("vg#1", "disk.hpux_lvm", {**DEFAULTS, "vgname": "vg188", **options})


@pytest.fixture
def host() -> HpuxHost:
    host = HpuxHost()
    host.on(LUNS, said("0x6006:/dev/rdisk/disk18:18\n0x6007:/dev/rdisk/disk19:19\n"))
    host.on("strings /etc/lvmtab", said(LVMTAB))
    host.on("strings /etc/lvmtab_p", said("", "strings: can't open /etc/lvmtab_p", 1))
    for line in ("vgchange -c n vg188", "vgchange -a y vg188", "vgchange -a n vg188"):
        host.on(line, said("", "Volume group has been successfully changed."))
    return host


@pytest.fixture
def driver(tmp_path: Path) -> HpuxVolumeGroup:
    return HpuxVolumeGroup(tmp_path / "dev")


def on(host: HpuxHost, root: Path, *resources: Resource, is_dry: bool = False) -> Context:
    return context_on(host, root, *(resources or (group(),)), is_dry=is_dry)


def map_file(root: Path, text: str = MAP) -> Path:
    path = root / "var/vg_svc_vg188.map"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def writes_map(text: str = MAP, rc: int = 0, stderr: str = "") -> Answer:
    def answer(command: Command) -> CommandResult:
        Path(command.argv[command.argv.index("-m") + 1]).write_text(text)
        return said("", stderr, rc)

    return answer


def preview(root: Path) -> str:
    return f"vgexport -m {root}/var/.vg_svc_vg188.map.preview -p -s vg188"


def test_the_states_of_all_groups_in_one_call(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    names = ("vg188", "vg189", "vg190")
    groups = [
        resource_of(f"vg#{number}", "disk.hpux_lvm", {**DEFAULTS, "vgname": name}) for number, name in enumerate(names)
    ]
    host.on("vgdisplay vg188 vg189 vg190", said(block("vg188"), inactive("vg189") + absent("vg190"), 1))
    told = dict(driver.status(groups, on(host, tmp_path, *groups)))
    assert [told[each.id].status for each in groups] == [Status.UP, Status.DOWN, Status.DOWN]
    assert [note.code for note in told[groups[2].id].notes] == ["not_imported", "no_map"]
    assert host.lines == ["vgdisplay vg188 vg189 vg190"]


def status(host: HpuxHost, driver: HpuxVolumeGroup, root: Path, **options: object) -> StatusReport:
    resource = group(**options)
    return dict(driver.status([resource], on(host, root, resource)))[resource.id]


@pytest.mark.parametrize(
    "answer",
    [
        said(),
        said("", "vgdisplay: Couldn't access the list of volume groups.", 1),
        said("", inactive("vg188")[:-3], 1),
        said(block("vg188", "resting")),
        hangs,
        CommandNotFound("`vgdisplay` is not installed", argv=("vgdisplay",)),
    ],
)
def test_what_cannot_be_told_is_undef(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, answer: Answer) -> None:
    host.on(DISPLAY, answer)
    assert status(host, driver, tmp_path).status is Status.UNDEF
    veto = driver.preflight(group(), "start", on(host, tmp_path))
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("group_undef", False)


def test_a_group_that_hangs_does_not_hide_the_others(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    groups = [resource_of(f"vg#{name}", "disk.hpux_lvm", {**DEFAULTS, "vgname": name}) for name in ("vg188", "vg189")]
    host.on("vgdisplay vg188 vg189", hangs)
    host.on(DISPLAY, hangs)
    host.on("vgdisplay vg189", said(block("vg189")))
    told = dict(driver.status(groups, on(host, tmp_path, *groups)))
    assert [told[each.id].status for each in groups] == [Status.UNDEF, Status.UP]


@pytest.mark.parametrize(
    ("answer", "exclusive", "code"),
    [
        (block("vg188", active="1"), False, "disk_missing"),
        (block("vg188", access="read-only"), False, "read_only"),
        (block("vg188", "available, shared, client"), False, "shared_mode"),
        (block("vg188"), True, "not_exclusive"),
    ],
)
def test_an_active_group_that_is_not_as_it_should_be_is_warn(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, answer: str, exclusive: bool, code: str
) -> None:
    host.on(DISPLAY, said(answer))
    told = status(host, driver, tmp_path, exclusive=exclusive)
    assert (told.status, [note.code for note in told.notes]) == (Status.WARN, [code])


def test_a_name_that_is_an_option_is_never_a_word_of_a_command(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    assert status(host, driver, tmp_path, vgname="-a").status is Status.UNDEF
    with pytest.raises(ActionError):
        driver.start(group(vgname="-a"), on(host, tmp_path))
    assert host.lines == []


def test_a_start_imports_activates_and_verifies(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    path = map_file(tmp_path)
    (tmp_path / "var/vg_svc_vg188.mksf").write_text("/dev/rdisk/disk18:0x6006\n/dev/rdisk/vm188:0x6007\n")
    ask = "scsimgr get_attr -D /dev/rdisk/vm188 -a wwid -p"
    host.on(ask, said("", "no", 1), said("0x6007\n"))
    host.on("mksf -r -C disk -I 19 /dev/rdisk/vm188")
    host.on(f"vgimport -m {path} -s -N vg188", said("", "Warning: Cannot determine block size\nvgimport: \n"))
    host.on(DISPLAY, ABSENT, INACTIVE, ACTIVE)
    assert driver.start(group(), on(host, tmp_path)) == Outcome.changed(
        "vg188 special file /dev/rdisk/vm188 made, imported, activated"
    )
    assert host.lines == [
        DISPLAY,
        LUNS,
        ask,
        "mksf -r -C disk -I 19 /dev/rdisk/vm188",
        ask,
        f"vgimport -m {path} -s -N vg188",
        DISPLAY,
        "vgchange -c n vg188",
        "vgchange -a y vg188",
        DISPLAY,
    ]


def test_what_an_earlier_import_left_is_removed_first(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    path = map_file(tmp_path)
    leftover = tmp_path / "dev/vg188/group"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    host.on(f"rmsf {leftover}")
    host.on(f"vgimport -m {path} -s vg188")
    host.on(DISPLAY, ABSENT, INACTIVE, ACTIVE)
    driver.start(group(dsf=False), on(host, tmp_path))
    assert host.lines.index(f"rmsf {leftover}") < host.lines.index(f"vgimport -m {path} -s vg188")


def test_exclusive_mode(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on("vgchange -c y vg188")
    host.on("vgchange -a e vg188")
    host.on(DISPLAY, INACTIVE, said(block("vg188", "available, exclusive")))
    driver.start(group(exclusive=True), on(host, tmp_path))
    assert host.lines == [DISPLAY, "vgchange -c y vg188", "vgchange -a e vg188", DISPLAY]


def test_an_active_group_is_left_as_it_is(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on(DISPLAY, ACTIVE)
    assert not driver.start(group(), on(host, tmp_path)).is_changed
    assert host.lines == [DISPLAY]


@pytest.mark.parametrize("after", [INACTIVE, said("", "vgdisplay: ?", 1)])
def test_an_activation_counts_only_when_vgdisplay_shows_it(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, after: Answer
) -> None:
    host.on(DISPLAY, INACTIVE, after)
    with pytest.raises(ActionError) as error:
        driver.start(group(), on(host, tmp_path))
    assert error.value.code in {"not_activated", "group_undef"}


def test_a_refused_activation_says_why(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    said_so = 'vgchange: Activation mode requested for the volume group "/dev/vg188" conflicts with configured mode.'
    host.on("vgchange -a y vg188", said("", said_so, 1))
    host.on(DISPLAY, INACTIVE)
    with pytest.raises(ActionError, match="conflicts with configured mode"):
        driver.start(group(), on(host, tmp_path))


@pytest.mark.parametrize("text", [None, "", "rubbish"])
def test_without_a_map_nothing_is_imported(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        map_file(tmp_path, text)
    host.on(DISPLAY, ABSENT)
    with pytest.raises(ActionError) as error:
        driver.start(group(), on(host, tmp_path))
    assert error.value.code == "no_map"
    veto = driver.preflight(group(), "start", on(host, tmp_path))
    assert veto is not None
    assert veto.code == "no_map"
    assert host.lines == [DISPLAY, DISPLAY]


def test_a_stop_deactivates_verifies_and_exports(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    path = tmp_path / "var/vg_svc_vg188.map"
    host.on(preview(tmp_path), writes_map())
    host.on(f"vgexport -m {path} -s vg188", writes_map())
    host.on(DISPLAY, ACTIVE, INACTIVE)
    assert driver.stop(group(), on(host, tmp_path)) == Outcome.changed("vg188 deactivated, exported")
    assert host.lines == [
        DISPLAY,
        "vgchange -a n vg188",
        DISPLAY,
        "strings /etc/lvmtab",
        LUNS,
        preview(tmp_path),
        f"vgexport -m {path} -s vg188",
    ]
    assert path.read_text() == MAP
    host.on("strings /etc/lvmtab", said("/dev/vg00\n/dev/disk/disk2\n"))
    devices = driver.list_devices(group(), on(host, tmp_path))
    assert [device.identity for device in devices] == ["0x6006", "0x6007"], "its reservation can be given up"
    items = {each.name: each.value for each in driver.inventory([group()], on(host, tmp_path))}
    assert items["disks"] == devices


@pytest.mark.parametrize("answer", [INACTIVE, ABSENT])
def test_a_stop_of_what_is_down_is_unchanged(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, answer: Answer
) -> None:
    host.on(DISPLAY, answer)
    assert not driver.stop(group(), on(host, tmp_path)).is_changed
    assert host.lines == [DISPLAY]


def test_a_group_in_use_stays_up_and_its_holders_are_named(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    volume = tmp_path / "dev/vg188/lvol1"
    volume.parent.mkdir(parents=True)
    volume.touch()
    host.on("vgchange -a n vg188", said("", 'Couldn\'t deactivate volume group "/dev/vg188":\nDevice busy\n', 1))
    host.on("bdf -l", said(f"Filesystem kbytes used avail %used Mounted on\n{volume} 9 1 8 11% /vm188\n"))
    host.on(f"fuser {volume}", said(" 4711 4712", f"{volume}: oo"))
    host.on(DISPLAY, ACTIVE)
    with pytest.raises(ActionError, match=r"/vm188 is mounted.*processes 4711, 4712.*Device busy") as error:
        driver.stop(group(), on(host, tmp_path))
    assert error.value.code == "in_use"
    assert not any("vgexport" in line or " -f" in line for line in host.lines)


def test_an_export_without_a_map_is_not_made(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    path = map_file(tmp_path)
    host.on(preview(tmp_path), writes_map("half a li"))
    host.on(DISPLAY, ACTIVE, INACTIVE)
    context = on(host, tmp_path)
    assert driver.stop(group(), context) == Outcome.changed("vg188 deactivated")
    assert [note.code for note in context.notes] == ["not_exported"]
    assert path.read_text() == MAP
    assert not any(line.startswith(f"vgexport -m {path}") for line in host.lines)


def test_a_group_whose_disks_say_no_wwid_is_not_exported(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    host.on(LUNS, said("", "scsimgr: cannot", 1))
    host.on(DISPLAY, ACTIVE, INACTIVE)
    context = on(host, tmp_path)
    assert driver.stop(group(), context).is_changed
    assert [note.code for note in context.notes] == ["not_exported"]
    assert not any(line.startswith("vgexport") for line in host.lines)


def test_a_map_that_the_export_spoils_is_written_again(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    path = tmp_path / "var/vg_svc_vg188.map"
    host.on(preview(tmp_path), writes_map())
    host.on(f"vgexport -m {path} -s vg188", writes_map(""))
    host.on(DISPLAY, ACTIVE, INACTIVE)
    driver.stop(group(), on(host, tmp_path))
    assert path.read_text() == MAP


def test_a_stop_that_cannot_tell_changes_nothing(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on(DISPLAY, said())
    with pytest.raises(ActionError) as error:
        driver.stop(group(), on(host, tmp_path))
    assert error.value.code == "group_undef"
    assert host.lines == [DISPLAY]


def test_diskupdate_writes_map_and_special_files_without_changing_anything(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    host.on(preview(tmp_path), writes_map(stderr='vgexport: Volume group "/dev/vg188" is still active.'))
    host.on(DISPLAY, ACTIVE)
    outcome = driver.update_disks(group(), on(host, tmp_path))
    assert outcome == Outcome.changed("vg_svc_vg188.map and vg_svc_vg188.mksf written")
    assert (tmp_path / "var/vg_svc_vg188.map").read_text() == MAP
    assert (tmp_path / "var/vg_svc_vg188.mksf").read_text() == "/dev/rdisk/disk18:0x6006\n/dev/rdisk/disk19:0x6007\n"
    assert [path.name for path in driver.list_files(group(), on(host, tmp_path))] == [
        "vg_svc_vg188.map",
        "vg_svc_vg188.mksf",
    ]


@pytest.mark.parametrize("text", ["", "VGID 7\n", MAP + "2 lvol2\n"])
def test_diskupdate_keeps_the_old_map_when_the_new_one_is_not_the_group_s(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path, text: str
) -> None:
    path = map_file(tmp_path, MAP)
    host.on(preview(tmp_path), writes_map(text))
    host.on(DISPLAY, ACTIVE)
    with pytest.raises(ActionError):
        driver.update_disks(group(), on(host, tmp_path))
    assert path.read_text() == MAP
    assert [each.name for each in path.parent.iterdir()] == [path.name], "no scratch file is left"


def test_diskupdate_leaves_the_files_alone_where_the_group_is_down(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    path = map_file(tmp_path)
    host.on(DISPLAY, INACTIVE)
    assert not driver.update_disks(group(), on(host, tmp_path)).is_changed
    assert path.read_text() == MAP


def test_disks_are_those_of_the_table(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on(DISPLAY, ACTIVE)
    devices = driver.list_devices(group(), on(host, tmp_path))
    assert list(devices) == [Device("/dev/disk/disk18"), Device("/dev/disk/disk19")]


def test_a_table_that_lacks_a_disk_is_not_believed(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on(DISPLAY, said(block("vg188", disks="3", active="3")))
    with pytest.raises(ActionError) as error:
        driver.list_devices(group(), on(host, tmp_path))
    assert error.value.code == "devices_unknown"


def test_disks_of_a_group_that_is_not_imported_are_those_that_were_written(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    host.on("strings /etc/lvmtab", said("/dev/vg00\n/dev/disk/disk2\n"))
    with pytest.raises(ActionError):
        driver.list_devices(group(), on(host, tmp_path))
    (tmp_path / "var").mkdir()
    (tmp_path / "var/vg_svc_vg188.mksf").write_text("/dev/rdisk/vm188:0x6007\n")
    devices = driver.list_devices(group(), on(host, tmp_path))
    assert list(devices) == [Device("/dev/rdisk/vm188", identity="0x6007")]


def test_a_group_of_version_2_stands_in_the_other_table(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    host.on("strings /etc/lvmtab", said("/dev/vg00\n/dev/disk/disk2\n"))
    host.on("strings /etc/lvmtab_p", said("/dev/vg188\n/dev/disk/disk18\n/dev/disk/disk19\n"))
    host.on(DISPLAY, ACTIVE)
    assert len(driver.list_devices(group(), on(host, tmp_path))) == 2


def test_a_dry_run_shows_the_commands_up_to_what_depends_on_them(
    host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path
) -> None:
    path = map_file(tmp_path)
    host.on(DISPLAY, ABSENT)
    context = on(host, tmp_path, is_dry=True)
    with pytest.raises(Undetermined):
        driver.start(group(), context)
    assert context.recording is not None
    assert [str(line) for line in context.recording.commands] == [
        f"vgimport -m {path} -s -N vg188",
        "vgchange -c n vg188",
        "vgchange -a y vg188",
    ]


def test_a_status_reads_the_table_once_for_all_groups(host: HpuxHost, driver: HpuxVolumeGroup, tmp_path: Path) -> None:
    host.on(DISPLAY, ACTIVE)
    context = context_on(host, tmp_path, group(), action="status")
    assert driver.list_devices(group(), context) == driver.list_devices(group(), context)
    assert host.lines.count("strings /etc/lvmtab") == 1
