"""`fs.mount` over simulated `mount`, `umount` and a table of mounts in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import ActionError, CommandTimeout, Outcome, Status, StatusReport, Undetermined
from opensvc_core.model import Resource
from opensvc_core.recording import Recording
from opensvc_drivers_linux import Mount
from tests.opensvc_drivers_linux.world import World

pytestmark = pytest.mark.simulated

TABLE = "1 0 254:0 / / rw - ext4 /dev/vda rw\n2 1 0:21 / /proc rw - proc proc rw\n"
DATA = "9 1 253:3 / {mnt} rw,relatime - ext4 /dev/mapper/vg-data rw\n"
DEVICE = "/dev/mapper/vg-data"

CAT = 'case "$1" in /proc/self/mountinfo) exec /bin/cat table ;; *) exec /bin/cat "$@" ;; esac'
# /dev/mapper/vg-data is 253:3, /dev/vdb is 254:16; all else is really looked at.
STAT = """
format=$3; shift 3
rc=0
for path in "$@"; do case "$path" in
/dev/mapper/vg-data|/dev/dm-3) [ -e data.gone ] || { echo "fd:3:block special file:$path"; continue; }
    echo "stat: cannot statx '$path': No such file or directory" >&2; rc=1 ;;
/dev/vdb) echo "fe:10:block special file:$path" ;;
*) /usr/bin/stat -L -c "$format" "$path" || rc=1 ;;
esac; done
exit $rc
"""
MOUNT = """
for last do :; done
[ ! -e mount.fails ] || { cat mount.fails >&2; exit 32; }
[ -e mount.does-nothing ] || sed "s#{mnt}#$last#" mounted >>table
"""
UMOUNT = """
[ ! -e busy ] || { echo "umount: $1: target is busy." >&2; exit 32; }
grep -v " $1 " table >table.new; mv table.new table
"""


class Site(World):
    """A node on which a simulated `mount` mounts 253:3 wherever it is told to."""

    driver: Mount
    mnt: str

    def file_system(self, rid: str = "fs#0", **options: object) -> Resource:
        given = {"dev": DEVICE, "mnt": self.mnt, "fsck": "never", "stop_timeout": 0.3} | options
        return self.resource("fs.mount", Mount.keywords, rid, **given)

    def table(self, *lines: str) -> None:
        self.write("table", TABLE + "".join(line.replace("{mnt}", self.mnt) for line in lines))

    def status(self, *resources: Resource) -> dict[str, StatusReport]:
        answers = self.driver.status(resources=list(resources), context=self.context("status"))
        return {resource_id.rid: report for resource_id, report in answers}

    def one(self, resource: Resource) -> tuple[str, str]:
        """Status and code of the first note."""
        (report,) = self.status(resource).values()
        return report.status.value, report.notes[0].code if report.notes else ""

    def start(self, resource: Resource) -> Outcome:
        return self.driver.start(resource=resource, context=self.context())

    def stop(self, resource: Resource) -> Outcome:
        return self.driver.stop(resource=resource, context=self.context("stop"))

    @property
    def changes(self) -> list[str]:
        """Calls of commands that change something."""
        return [call for call in self.calls if call.split()[0] in {"mount", "umount", "fsck.ext4", "mkdir"}]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.driver = Mount()
    site.mnt = str(tmp_path / "mnt")
    (tmp_path / "mnt").mkdir()
    site.table()
    site.write("mounted", DATA)
    for name, script in (("cat", CAT), ("stat", STAT), ("mount", MOUNT), ("umount", UMOUNT)):
        site.simulate(name, script)
    return site


# -- status ---------------------------------------------------------------------------------------------------------


def test_the_device_counts_and_not_its_name(site: Site) -> None:
    site.table("9 1 253:3 / {mnt} rw - ext4 /dev/dm-3 rw\n")
    assert site.one(site.file_system()) == ("up", "")
    site.table("9 1 253:4 / {mnt} rw - ext4 /dev/mapper/vg-data rw\n")
    assert site.one(site.file_system(rid="fs#1")) == ("warn", "other_device")


def test_three_commands_tell_of_any_number(site: Site) -> None:
    site.table(DATA)
    many = [site.file_system(f"fs#{n}", mnt=f"/nowhere/{n}", dev=f"/dev/nothing{n}") for n in range(40)]
    site.simulate("realpath", 'exec /usr/bin/realpath "$@"')
    found = site.status(site.file_system("fs#mine"), *many)
    assert found.pop("fs#mine").status is Status.UP
    assert {report.status for report in found.values()} == {Status.DOWN}
    assert [call.split()[0] for call in site.calls] == ["cat", "realpath", "stat"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("9 1 253:3 / {mnt} ro - ext4 /dev/mapper/vg-data rw\n",), ("warn", "read_only")),
        (("9 1 253:3 / {mnt} rw - ext4 /dev/mapper/vg-data ro,errors=remount-ro\n",), ("warn", "read_only")),
        (("9 1 253:3 / {mnt} rw - ext4 /dev/mapper/vg-data rw,emergency_ro\n",), ("warn", "read_only")),
        (("9 1 253:3 / /elsewhere rw - ext4 /dev/mapper/vg-data rw\n",), ("warn", "mounted_elsewhere")),
        ((DATA, "10 1 253:3 / /elsewhere rw - ext4 /dev/mapper/vg-data rw\n"), ("up", "mounted_elsewhere")),
        ((DATA, "10 9 254:16 / {mnt} rw - ext4 /dev/vdb rw\n"), ("warn", "other_device")),
        (("9 1 0:40 / {mnt} rw - btrfs /dev/mapper/vg-data rw\n",), ("up", "")),
        (("9 1 0:40 / {mnt} rw - btrfs /dev/vdb rw\n",), ("warn", "other_device")),
    ],
)
def test_what_lies_at_the_mount_point(site: Site, lines: tuple[str, ...], expected: tuple[str, str]) -> None:
    site.table(*lines)
    assert site.one(site.file_system()) == expected


def test_read_only_can_be_as_it_should_be(site: Site) -> None:
    site.table("9 1 253:3 / {mnt} ro - ext4 /dev/mapper/vg-data ro\n")
    assert site.one(site.file_system(mnt_opt="noatime,ro")) == ("up", "")


def test_links_on_the_way_to_the_mount_point_are_followed(site: Site) -> None:
    (site.folder / "link").symlink_to(site.mnt)
    site.table(DATA)
    assert site.one(site.file_system(mnt=str(site.folder / "link") + "/")) == ("up", "")


def test_names_are_compared_where_there_is_no_device(site: Site) -> None:
    site.table("9 1 0:60 / {mnt} rw - nfs4 nas:/export/ rw\n")
    assert site.one(site.file_system(dev="nas:/export", type="nfs")) == ("up", "")
    assert site.one(site.file_system(dev="nas:/other", type="nfs", rid="fs#1")) == ("warn", "other_device")
    site.table("9 1 0:61 / {mnt} rw - tmpfs scratch rw\n")
    assert site.one(site.file_system(dev="scratch", type="tmpfs", rid="fs#2")) == ("up", "")
    assert site.one(site.file_system(dev="scratch", type="ramfs", rid="fs#3")) == ("warn", "other_device")


def test_a_bind_is_known_by_file_system_and_folder(site: Site) -> None:
    shown = site.folder / "shown"
    shown.mkdir()
    site.table(f"9 1 254:0 {shown} {{mnt}} rw - ext4 /dev/vda rw\n")
    assert site.one(site.file_system(dev=str(shown), mnt_opt="bind")) == ("up", "")
    site.table(f"9 1 254:0 {shown}2 {{mnt}} rw - ext4 /dev/vda rw\n")
    assert site.one(site.file_system(dev=str(shown), mnt_opt="bind", rid="fs#1")) == ("warn", "other_device")


def test_a_tag_is_looked_up(site: Site) -> None:
    site.simulate("findfs", '[ "$1" = "LABEL=erp data" ] && echo /dev/mapper/vg-data || exit 1')
    site.table(DATA)
    assert site.one(site.file_system(dev='LABEL="erp data"')) == ("up", "")
    assert site.one(site.file_system(dev="LABEL=other", rid="fs#1")) == ("warn", "other_device")
    site.table()
    assert site.one(site.file_system(dev="LABEL=other", rid="fs#2")) == ("down", "")


@pytest.mark.parametrize("script", ["echo garbage", "exit 1", "true", "head -c 60 table"])
def test_a_table_that_cannot_be_read_tells_nothing(site: Site, script: str) -> None:
    site.simulate("cat", script)
    with pytest.raises(ActionError):
        site.status(site.file_system())


def test_a_path_that_hangs_hides_only_its_own_answer(site: Site) -> None:
    site.simulate(
        "stat",
        'case "$*" in */dev/hangs*) exec sleep 60 ;; esac\nshift 3\n'
        'for path; do echo "fd:3:block special file:$path"; done',
    )
    site.table(DATA)
    found = site.status(site.file_system(), site.file_system("fs#1", dev="/dev/hangs", mnt="/nowhere/1"))
    assert found["fs#0"].status is Status.UP
    assert found["fs#1"].status is Status.UNDEF, "it may be mounted elsewhere"
    assert found["fs#1"].notes[0].code == "command_timeout"


def test_a_look_that_fails_is_not_taken_for_an_absence(site: Site) -> None:
    site.simulate("stat", "echo 'stat: cannot statx: Input/output error' >&2; exit 1")
    assert site.one(site.file_system()) == ("undef", "path_unknown")


# -- start ----------------------------------------------------------------------------------------------------------


def test_a_start_mounts_and_verifies(site: Site) -> None:
    assert site.start(site.file_system(type="ext4", mnt_opt="noatime, nodev")).is_changed
    assert site.changes == [f"mount -t ext4 -o noatime,nodev {DEVICE} {site.mnt}"]
    assert not site.start(site.file_system(rid="fs#1")).is_changed


def test_a_mount_that_lies_about_its_success_is_found_out(site: Site) -> None:
    site.write("mount.does-nothing", "")
    with pytest.raises(ActionError) as caught:
        site.start(site.file_system())
    assert caught.value.code == "not_mounted"


def test_the_wrong_device_after_a_mount_is_found_out(site: Site) -> None:
    site.write("mounted", DATA.replace("253:3", "253:9"))
    with pytest.raises(ActionError) as caught:
        site.start(site.file_system())
    assert caught.value.code == "other_device"


def test_what_mount_says_is_what_the_operator_reads(site: Site) -> None:
    site.write("mount.fails", "mount: wrong fs type, bad option, bad superblock on /dev/mapper/vg-data\n")
    with pytest.raises(ActionError, match="bad superblock"):
        site.start(site.file_system())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("9 1 254:16 / {mnt} rw - ext4 /dev/vdb rw\n", "other_device"),
        ("9 1 253:3 / /elsewhere rw - ext4 /dev/dm-3 rw\n", "mounted_elsewhere"),
    ],
)
def test_a_start_leaves_mounts_of_others_alone(site: Site, line: str, code: str) -> None:
    site.table(line)
    resource = site.file_system()
    site.statuses |= {resource.id: site.status(resource)[resource.rid]}
    veto = site.driver.preflight(resource=resource, action="start", context=site.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == (code, False)
    with pytest.raises(ActionError) as caught:
        site.start(resource)
    assert caught.value.code == code
    assert site.changes == []


def test_a_device_that_is_missing_is_named(site: Site) -> None:
    site.write("data.gone", "")
    with pytest.raises(ActionError, match=DEVICE) as caught:
        site.start(site.file_system())
    assert caught.value.code == "no_device"


def test_a_missing_mount_point_is_made_unless_that_is_forbidden(site: Site) -> None:
    missing = site.folder / "new" / "point"
    with pytest.raises(ActionError) as caught:
        site.start(site.file_system(mnt=str(missing), create_mnt=False))
    assert caught.value.code == "no_mount_point"
    assert site.start(site.file_system(mnt=str(missing), rid="fs#1")).is_changed
    assert missing.stat().st_mode & 0o777 == 0o755


def test_what_a_mount_hides_is_a_warning(site: Site) -> None:
    (Path(site.mnt) / "forgotten").touch()
    context = site.context()
    site.driver.start(resource=site.file_system(), context=context)
    assert [(note.code, "forgotten" in note.text) for note in context.notes] == [("not_empty", True)]


def test_a_dry_run_shows_the_commands(site: Site) -> None:
    site.simulate("fsck.ext4", "exit 9")
    recording = Recording()
    resource = site.file_system(type="ext4", fsck="auto", mnt=site.mnt + "/new")
    with pytest.raises(Undetermined):
        site.driver.start(resource=resource, context=site.context(recording=recording))
    assert [line.argv[0] for line in recording.commands] == ["mkdir", "fsck.ext4", "mount"]
    assert site.changes == []


# -- checks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rc", "code"),
    [
        (0, ""),
        (1, ""),
        (2, "fsck_reboot"),
        (3, "fsck_reboot"),
        (4, "fsck_failed"),
        (8, "fsck_failed"),
        (12, "fsck_failed"),
        (32, "fsck_failed"),
    ],
)
def test_each_answer_of_a_check(site: Site, rc: int, code: str) -> None:
    site.simulate("fsck.ext4", f"echo some words; exit {rc}")
    resource = site.file_system(type="ext4", fsck="auto")
    if code:
        with pytest.raises(ActionError, match="some words") as caught:
            site.start(resource)
        assert caught.value.code == code
        assert not any(call.startswith("mount") for call in site.calls)
    else:
        context = site.context()
        site.driver.start(resource=resource, context=context)
        assert [note.code for note in context.notes] == ["fsck_corrected"] * rc
    assert site.changes[0] == f"fsck.ext4 -p {DEVICE}"


def test_a_check_can_be_forced(site: Site) -> None:
    site.simulate("fsck.ext4", "")
    site.start(site.file_system(type="ext4", fsck="force"))
    assert site.changes[0] == f"fsck.ext4 -p -f {DEVICE}"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("xfs", {}), ("btrfs", {}), ("ext4", {"mnt_opt": "ro"}), ("", {}), ("ext4", {"fsck": "never"})],
)
def test_some_are_not_checked(site: Site, kind: str, options: dict[str, str]) -> None:
    site.simulate("blkid", "exit 2")
    for name in ("fsck.ext4", "fsck.xfs", "fsck.btrfs"):
        site.simulate(name, "exit 4")
    assert site.start(site.file_system(**{"type": kind, "fsck": "auto"} | options)).is_changed


def test_the_type_is_looked_at_where_it_is_not_given(site: Site) -> None:
    site.simulate("blkid", "echo ext4")
    site.simulate("fsck.ext4", "exit 4")
    with pytest.raises(ActionError):
        site.start(site.file_system(fsck="auto"))


def test_a_missing_check_is_a_warning_unless_it_was_asked_for(site: Site) -> None:
    site.hide_all_but("sed", "find", "realpath")
    with pytest.raises(ActionError, match=r"fsck\.ext4"):
        site.start(site.file_system(type="ext4", fsck="force"))
    context = site.context()
    site.driver.start(resource=site.file_system(rid="fs#1", type="ext4", fsck="auto"), context=context)
    assert [note.code for note in context.notes] == ["fsck_skipped"]


# -- stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_unmounts(site: Site) -> None:
    site.table(DATA)
    assert site.stop(site.file_system()).is_changed
    assert site.changes == [f"umount {site.mnt}"]
    assert not site.stop(site.file_system(rid="fs#1")).is_changed


def test_a_stop_leaves_what_is_not_the_service_s(site: Site) -> None:
    site.table("9 1 254:16 / {mnt} rw - ext4 /dev/vdb rw\n")
    context = site.context("stop")
    assert not site.driver.stop(resource=site.file_system(), context=context).is_changed
    assert [note.code for note in context.notes] == ["other_device"]
    assert site.changes == []


def test_what_is_mounted_on_top_is_named_first(site: Site) -> None:
    site.table(DATA, "10 9 254:16 / {mnt}/sub rw - ext4 /dev/vdb rw\n")
    with pytest.raises(ActionError, match="/sub") as caught:
        site.stop(site.file_system())
    assert caught.value.code == "nested_mount"
    assert site.changes == []


def test_a_mount_that_is_hidden_is_not_taken_for_gone(site: Site) -> None:
    site.table(DATA, "10 9 254:16 / {mnt} rw - ext4 /dev/vdb rw\n")
    with pytest.raises(ActionError) as caught:
        site.stop(site.file_system())
    assert caught.value.code == "hidden"


def test_a_busy_mount_is_tried_again_and_then_fails(site: Site) -> None:
    site.table(DATA)
    site.write("busy", "")
    context = site.context("stop")
    with pytest.raises(ActionError, match="still busy") as caught:
        site.driver.stop(resource=site.file_system(stop_timeout=3.0), context=context)
    assert caught.value.code == "busy"
    assert len(site.changes) > 1
    assert [note.code for note in context.notes] == ["busy"]
    assert not any("-l" in call.split() or "-f" in call.split() for call in site.changes)


def test_a_mount_that_is_busy_for_a_moment_is_unmounted(site: Site) -> None:
    site.table(DATA)
    site.write("busy", "")
    site.simulate("umount", "[ ! -e busy ] || { rm busy; echo target is busy >&2; exit 32; }\n" + UMOUNT)
    assert site.stop(site.file_system(stop_timeout=20.0)).is_changed
    assert len(site.changes) == 2


def test_an_umount_that_lies_is_found_out(site: Site) -> None:
    site.table(DATA)
    site.simulate("umount", "echo 'not permitted' >&2; exit 32")
    with pytest.raises(ActionError, match="not permitted") as caught:
        site.stop(site.file_system())
    assert caught.value.code == "still_mounted"


# -- storage that hangs -----------------------------------------------------------------------------------------------

# In place of a mount in uninterruptible sleep: it heeds no SIGTERM, and so do its children.
STUCK = "trap '' TERM; touch {folder}/stuck; sleep 600 & wait; sleep 600"


@pytest.fixture
def stuck(site: Site) -> Site:
    for name in ("mount", "umount"):
        site.simulate(name, STUCK.format(folder=site.folder))
    return site


def test_a_mount_that_hangs_ends_its_step_and_not_the_agent(stuck: Site) -> None:
    context = stuck.context()
    with pytest.raises(CommandTimeout, match="whether it takes effect is not known"):
        stuck.driver.start(resource=stuck.file_system(start_timeout=0.5), context=context)
    assert context.lost_changes == (f"mount {DEVICE} {stuck.mnt}",)
    assert (stuck.folder / "stuck").exists()


def test_an_umount_that_hangs_ends_its_step_and_not_the_agent(stuck: Site) -> None:
    stuck.table(DATA)
    context = stuck.context("stop")
    with pytest.raises(CommandTimeout):
        stuck.driver.stop(resource=stuck.file_system(stop_timeout=0.5), context=context)
    assert context.lost_changes == (f"umount {stuck.mnt}",)


def test_devices_are_listed(site: Site) -> None:
    listed = site.driver.list_devices(resource=site.file_system(), context=site.context())
    assert [(each.path, each.kind, each.is_writable) for each in listed] == [(DEVICE, "block", True)]
    other = site.file_system(rid="fs#1", dev="tmpfs")
    assert list(site.driver.list_devices(resource=other, context=site.context())) == []
    both = [site.file_system(), other]
    items = {(item.id.rid, item.name): item.value for item in site.driver.inventory(both, site.context())}
    assert items["fs#0", "disks"] == tuple(listed)
    assert items["fs#0", "mount"] == str(site.mnt)
    assert items["fs#1", "disks"] == ()
