"""Snapshots as sources, with simulated tools of LVM: made, read, gone again, also after failures and cuts."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.builtin.snapshot import PREFIX, remove_leftovers, snapshots_of
from opensvc_core.clock import Cancel
from opensvc_core.errors import ActionError, Cancelled
from opensvc_core.recording import Recording
from tests.opensvc_core.world import World

pytestmark = pytest.mark.simulated

TOOLS = {
    "findmnt": """
case "$*" in
*--mountpoint*) for p; do :; done; grep -qx "$p" {state}/mounts ;;
*) echo '/dev/mapper/vg0-web /srv/my\\x20web ext4' ;;
esac
""",
    "lvs": """
case "$*" in
*--separator*--select*)
    for p; do case $p in lv_name=*) n=${{p#lv_name=~^}} ;; esac; done
    grep "^${{n%% *}}" {state}/volumes | sed 's#^#  vg0/#' ;;
*--select*) cat {state}/volumes ;;
*/dev/mapper/vg0-web) echo '  vg0/web' ;;
*lv_attr*) cat {state}/attributes ;;
*) echo "not a volume" >&2; exit 5 ;;
esac
""",
    "lvcreate": """
[ -e {state}/lvcreate.fails ] && {{ echo '  Volume group "vg0" has insufficient free space' >&2; exit 5; }}
while [ "$1" != --name ]; do shift; done
echo "$2" >>{state}/volumes
""",
    "mount": """
[ -e {state}/mount.fails ] && {{ echo 'wrong fs type' >&2; exit 32; }}
for p; do :; done; echo "$p" >>{state}/mounts
""",
    "umount": """grep -vx "$1" {state}/mounts >{state}/new; mv {state}/new {state}/mounts""",
    "lvremove": """n=${{2#vg0/}}; grep -vx "$n" {state}/volumes >{state}/new; mv {state}/new {state}/volumes""",
}
SOURCE = "/srv/my web/data/"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    state = tmp_path / "state"
    state.mkdir()
    for name in ("mounts", "volumes"):
        (state / name).touch()
    (state / "attributes").write_text("  swi-aos---\n")
    for name, script in TOOLS.items():
        log = f"echo '{name}' \"$@\" >>{state}/calls\n"
        world.simulate(name, f"#!/bin/sh\n{log}{script.format(state=state)}")
    return world


def left(world: World) -> tuple[str, str]:
    """What is still mounted, and the volumes that are still there."""
    state = world.folder / "state"
    return (state / "mounts").read_text(), (state / "volumes").read_text()


def test_the_snapshot_is_the_source_and_gone_afterwards(world: World) -> None:
    with snapshots_of([SOURCE], "web/sync#1!n2", None, world.context("sync")) as sources:
        assert len(sources) == 1
        assert sources[0].startswith(str(world.folder / "tmp" / PREFIX))
        assert sources[0].endswith("/data/")
        assert left(world)[1].startswith(PREFIX)
    assert left(world) == ("", "")
    assert not list((world.folder / "tmp").iterdir())
    calls = (world.folder / "state/calls").read_text()
    assert "lvcreate --snapshot --yes --extents 10%ORIGIN --name" in calls
    assert "-o ro,noload" in calls


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("lvcreate", "no room for a snapshot of vg0/web: Volume group .vg0. has insufficient"),
        ("mount", "wrong fs type"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(world: World, tool: str, text: str) -> None:
    (world.folder / f"state/{tool}.fails").touch()
    with pytest.raises(ActionError, match=text), snapshots_of([SOURCE], "web/sync#1!n2", 4096, world.context("sync")):
        pytest.fail("it was made")
    assert left(world) == ("", "")


def test_a_transfer_that_is_cancelled_leaves_nothing(world: World) -> None:
    world.cancel = Cancel()
    context = world.context("sync")
    with snapshots_of([SOURCE], "web/sync#1!n2", None, context):
        world.cancel.set("a signal")
        with pytest.raises(Cancelled):
            context.run("true")
    assert left(world) == ("", "")


def test_what_a_cut_run_left_is_taken_away_by_the_next(world: World) -> None:
    owner = "web/sync#1!n2"
    with snapshots_of([SOURCE], owner, None, world.context("sync")):
        mounts, volumes = left(world)
    (world.folder / "state/mounts").write_text(mounts)
    (world.folder / "state/volumes").write_text(volumes)
    with snapshots_of([SOURCE], owner, None, world.context("sync")):
        assert left(world) == (mounts, volumes)
    assert left(world) == ("", "")


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_read_of_a_full_snapshot_counts_for_nothing(world: World, *, fails: bool) -> None:
    (world.folder / "state/attributes").write_text("  swi-Ios---\n")
    context = world.context("sync")
    with (
        pytest.raises(ActionError, match=r"the snapshot vg0/osvcsync_\w+ of web is full") as caught,
        snapshots_of([SOURCE], "web/sync#1!n2", None, context),
    ):
        context.run("false" if fails else "true")
    assert caught.value.code == "sync_snapshot_full"
    assert left(world) == ("", "")


def test_what_a_killed_run_left_of_a_resource_is_found_whatever_its_peer(world: World) -> None:
    here = []
    for owner in ("web/sync#1!n2", "web/sync#1!n3", "web/sync#2!n2"):
        with snapshots_of([SOURCE], owner, None, world.context("sync")):
            here.append(left(world))
    mounts, volumes = ("".join(each) for each in zip(*here, strict=True))
    (world.folder / "state/mounts").write_text(mounts)
    (world.folder / "state/volumes").write_text(volumes)
    gone = remove_leftovers("web/sync#1", world.context("start"))
    assert gone == [f"vg0/{name}" for name in volumes.split()[:2]]
    assert left(world) == here[2]
    assert remove_leftovers("web/sync#1", world.context("start")) == []


def test_what_lies_on_no_volume_says_so(world: World) -> None:
    world.simulate("findmnt", "#!/bin/sh\necho '/dev/sda1 / ext4'\n")
    with (
        pytest.raises(ActionError, match="is no logical volume"),
        snapshots_of(["/srv/x"], "web/sync#1!n2", None, world.context("sync")),
    ):
        pytest.fail("it was made")


def test_a_dry_run_makes_none(world: World) -> None:
    recording = Recording()
    with snapshots_of([SOURCE], "web/sync#1!n2", None, world.context("sync", recording)):
        pass
    assert [line.argv[0] for line in recording.commands] == ["lvcreate", "mount"]
    assert left(world) == ("", "")
