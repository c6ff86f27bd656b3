"""The kernel's table of mounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_drivers_linux.mountinfo import Mounts, parse_mountinfo, unescape

# Captured from Linux 6.18 with names of its own; the shape of optional fields from proc(5).
CAPTURED = r"""27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 27 0:21 / /proc rw,relatime - proc proc rw
24 27 0:6 / /dev rw,relatime shared:2 master:3 - devtmpfs devtmpfs rw,size=12334460k,mode=755
238 27 7:0 / /srv/my\040data rw,noatime - ext4 /dev/loop0 ro,errors=remount-ro
240 238 0:50 /@erp /srv/my\040data/sub rw - btrfs /dev/sdb rw,subvol=/@erp
241 27 0:60 / /srv/share rw - nfs4 nas:/export rw,vers=4.2
242 27 254:0 /var/lib /srv/bound rw - ext4 /dev/vda rw
243 27 7:1 / /srv/gone//deleted rw - ext4 /dev/loop1 rw
"""


def captured() -> Mounts:
    mounts = parse_mountinfo(CAPTURED)
    assert mounts is not None
    return mounts


def test_captured_lines_are_read() -> None:
    mounts = captured()
    data = mounts.at("/srv/my data")
    assert data is not None
    assert (data.number, data.type, data.source, data.has_device) == ("7:0", "ext4", "/dev/loop0", True)
    assert data.is_read_only, "the file system is, though the mount is not"
    assert [each.point for each in mounts.on(data)] == ["/srv/my data/sub"]
    sub = mounts.at("/srv/my data/sub")
    assert sub is not None
    assert (sub.root, sub.has_device, sub.is_read_only) == ("/@erp", False, False)
    assert mounts.at("/srv") is None
    gone = mounts.at("/srv/gone")
    assert gone is not None
    assert gone.number == "7:1"


def test_a_path_lies_on_the_nearest_mount() -> None:
    mounts = captured()
    for path, point in (("/", "/"), ("/srv", "/"), ("/srv/my data/x", "/srv/my data"), ("/srv/my datax", "/")):
        covering = mounts.covering(path)
        assert covering is not None
        assert covering.point == point
    assert [each.point for each in mounts.of_device("254:0")] == ["/", "/srv/bound"]


def test_of_mounts_on_one_point_the_topmost_counts() -> None:
    mounts = parse_mountinfo(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /m rw - ext4 /dev/b rw\n3 2 8:3 / /m rw - ext4 /dev/c rw\n"
    )
    assert mounts is not None
    top = mounts.at("/m")
    assert top is not None
    assert top.source == "/dev/c"
    assert [each.source for each in mounts.stack("/m")] == ["/dev/b", "/dev/c"]


def test_what_a_mount_above_hides_is_not_there() -> None:
    mounts = parse_mountinfo(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /a/b rw - ext4 /dev/b rw\n3 1 8:3 / /a rw - ext4 /dev/c rw\n"
    )
    assert mounts is not None
    assert mounts.at("/a/b") is None
    assert [each.source for each in mounts.stack("/a/b")] == ["/dev/b"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "cat: /proc/self/mountinfo: No such file",
        "1 0 8:1 / / rw ext4 /dev/a rw\n",
        "1 0 8 / / rw - ext4 /dev/a rw\n",
        "x 0 8:1 / / rw - ext4 /dev/a rw\n",
        "1 0 8:1 / relative rw - ext4 /dev/a rw\n",
        "1 0 8:1 / / rw - ext4 /dev/a rw\n1 0 8:1 / / rw - ext4 /dev/a rw\n",
        "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /m r",
    ],
)
def test_what_is_no_table_is_nothing(text: str) -> None:
    assert parse_mountinfo(text) is None


@given(st.text(alphabet=st.characters(exclude_characters=" \n\\"), min_size=1), st.text())
def test_names_come_back_as_they_were(plain: str, name: str) -> None:
    escaped = "".join(f"\\{ord(each):03o}" if each in " \t\n\\#" else each for each in name)
    assert unescape(escaped) == name
    assert unescape(plain) == plain


numbers = st.integers(0, 5)
lines = st.builds(
    "{} {} 8:{} / {} rw - ext4 /dev/x rw".format, numbers, numbers, numbers, st.sampled_from(["/", "/a", "/a/b", "/b"])
)


@given(st.lists(lines, max_size=8).map("\n".join) | st.text())
def test_any_table_is_read_or_refused_and_can_be_walked(text: str) -> None:
    mounts = parse_mountinfo(text)
    if mounts is None:
        return
    for path in ("/", "/a", "/a/b/c"):
        covering = mounts.covering(path)
        assert covering is None or (path + "/").startswith(covering.point.rstrip("/") + "/")
    for entry in mounts.entries:
        assert entry not in mounts.on(entry)
