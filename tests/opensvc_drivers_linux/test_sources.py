"""What `dev` names, and what stat and losetup say of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.model import Resource, ResourceId
from opensvc_drivers_linux.mountinfo import Mounted
from opensvc_drivers_linux.sources import FileFact, Form, Source, form_of, is_mount_of, parse_loops, parse_stat


@pytest.mark.parametrize(
    ("dev", "options", "type_name", "form"),
    [
        ("/dev/mapper/vg-data", "", "ext4", Form.PATH),
        ("/srv/disk.img", "loop", "", Form.PATH),
        ("LABEL=erp", "", "", Form.TAG),
        ("PARTUUID=1-2", "noatime", "", Form.TAG),
        ("/srv/a", "ro,bind", "", Form.BIND),
        ("/srv/a", "rbind", "", Form.BIND),
        ("/srv/a", "binding", "", Form.PATH),
        ("nas:/export", "", "", Form.NAME),
        ("[fd00::1]:/export", "", "", Form.NAME),
        ("//nas/share", "", "cifs", Form.NAME),
        ("//nas/share", "", "", Form.NAME),
        ("tmpfs", "size=1m", "tmpfs", Form.NAME),
        ("COLOUR=red", "", "", Form.NAME),
    ],
)
def test_how_what_is_mounted_is_named(dev: str, options: str, type_name: str, form: Form) -> None:
    values = {"dev": dev, "mnt_opt": options or None} | ({"type": type_name} if type_name else {})
    assert form_of(Resource(ResourceId("svc", "fs#0"), "fs.mount", values)) is form


def test_captured_stat_output_is_read() -> None:
    # Captured from coreutils 9.1; the colon in a name is made.
    found = parse_stat(
        "fe:0:block special file:/dev/vda\n0:0:regular file:/etc/pass:wd\n0:0:directory:/tmp\nnonsense\n"
    )
    assert found == {
        "/dev/vda": FileFact("block special file", "254:0"),
        "/etc/pass:wd": FileFact("regular file", "0:0"),
        "/tmp": FileFact("directory", "0:0"),
    }


def test_captured_losetup_output_is_read() -> None:
    # Captured from util-linux 2.38.1.
    text = '{"loopdevices": [{"name": "/dev/loop0", "maj:min": "  7:0  ", "back-file": "/tmp/img"}]}'
    assert parse_loops(text) == {"7:0": "/tmp/img"}
    assert parse_loops('{\n   "loopdevices": [\n\n   ]\n}\n') == {}
    assert parse_loops("") == {}


@pytest.mark.parametrize("text", ["losetup: unknown option", "[]", '{"loopdevices": [{}]}', '{"loopdevices": 3}', "{"])
def test_what_losetup_never_says_is_nothing(text: str) -> None:
    assert parse_loops(text) is None


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(
        json.dumps
    )
)
def test_any_output_is_read_or_refused(text: str) -> None:
    parse_loops(text)
    assert all(path.startswith("/") for path in parse_stat(text))


def test_nfs_and_nfs4_are_one_and_a_slash_at_the_end_is_none() -> None:
    mounted = Mounted(2, 1, "0:60", "/", "/srv", type="nfs4", source="nas:/export/")
    assert is_mount_of(mounted, Source(Form.NAME, "nas:/export", "nfs"), {})
    assert is_mount_of(mounted, Source(Form.NAME, "nas:/export", ""), {})
    assert not is_mount_of(mounted, Source(Form.NAME, "nas:/export", "cifs"), {})
    assert not is_mount_of(mounted, Source(Form.NAME, "nas:/exported", "nfs"), {})
