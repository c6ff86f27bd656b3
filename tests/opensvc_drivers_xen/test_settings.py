"""Configuration files of Xen guests, and the disks that they name: every form of the vendor notes, and no program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Device
from opensvc_drivers_xen.disks import held_disks, list_disks, parse_disk
from opensvc_drivers_xen.settings import SettingsError, parse_settings

TEXT = """\
# a guest
name = "vm1"  # its name
memory = 512; vcpus = '2'
kernel = "/boot/vmlinuz # no comment"
disk = [ 'phy:/dev/vg/lv,xvda,w',
         "/root/image.iso,,hdc,cdrom",   # an image
       ]
disk += [ 'vdev=xvdb,target=/dev/a,b' ]
vif = [ 'mac=00:16:3e:00:00:01,bridge=xenbr0' ]
on_crash="preserve"
maxmem = 0x400
cpus = [[ '1', '2' ], 3]
"""


def test_a_file_is_read() -> None:
    settings = parse_settings(TEXT, "vm1.cfg")
    assert settings.text("name") == "vm1"
    assert (settings.number("memory"), settings.number("vcpus"), settings.number("maxmem")) == (512, 2, 1024)
    assert settings.text("kernel") == "/boot/vmlinuz # no comment"
    assert settings.words("disk") == [
        "phy:/dev/vg/lv,xvda,w",
        "/root/image.iso,,hdc,cdrom",
        "vdev=xvdb,target=/dev/a,b",
    ]
    assert settings.words("vif") == ["mac=00:16:3e:00:00:01,bridge=xenbr0"]
    assert settings.text("nothing") == ""
    assert settings.words("nothing") == []
    assert settings.number("name") is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("import os\n", "line 1: `=`"),
        ("name = os.getenv('X')\n", "line 1"),
        ("\nname = 'vm1\nmemory = 1\n", "line 2: the end of a string"),
        ("disk = [ 'a' 'b' ]\n", "`,` or `]`"),
        ("disk = [ 'a',\n", "a string"),
        ("name = 'a' + 'b'\n", "the end of the line"),
        ("x = " + "[" * 100 + "\n", "a flatter list"),
        ("= 1\n", "a name"),
    ],
)
def test_a_program_or_half_a_file_is_refused_with_the_line(text: str, where: str) -> None:
    with pytest.raises(SettingsError, match=r"vm1\.cfg, line") as caught:
        parse_settings(text, "vm1.cfg")
    assert where in caught.value.message


@given(st.text(alphabet=st.sampled_from(list("ab=[]'\"\\,;#\n 0x+-")), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        settings = parse_settings(text, "vm1.cfg")
    except SettingsError:
        return
    assert all(isinstance(value, str | int | list) for value in settings.values.values())


LV = Device("/dev/vg/lv", "block", is_writable=True, target="xvda")


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("phy:/dev/vg/lv,xvda,w", LV),
        ("phy:vg/lv,xvda,w", LV),
        ("/dev/vg/lv,raw,xvda,rw", LV),
        ("/dev/vg/lv,,xvda", LV),
        ("format=raw, vdev=xvda, access=rw, target=/dev/vg/lv", LV),
        ("raw:/dev/vg/lv,xvda,w", LV),
        ("phy:/dev/vg/lv,xvda,r", Device("/dev/vg/lv", "block", is_writable=False, target="xvda")),
        ("/dev/vg/lv,raw,xvda,ro", Device("/dev/vg/lv", "block", is_writable=False, target="xvda")),
        ("file:/srv/vm1.img,hda,w", Device("/srv/vm1.img", "file", target="hda")),
        ("tap:aio:/srv/vm1.img,xvda,w", Device("/srv/vm1.img", "file", target="xvda")),
        ("tap2:qcow2:/srv/vm1.img,xvda,w", Device("/srv/vm1.img", "file", target="xvda")),
        ("/srv/vm1.qcow2,qcow2,xvda,rw", Device("/srv/vm1.qcow2", "file", target="xvda")),
        ("/root/image.iso,,hdc,cdrom", Device("/root/image.iso", "file", is_writable=False, target="hdc")),
        ("file:/root/image.iso,hdc:cdrom,r", Device("/root/image.iso", "file", is_writable=False, target="hdc")),
        (
            "vdev=hdc, access=ro, devtype=cdrom, target=/a,b.iso",
            Device("/a,b.iso", "file", is_writable=False, target="hdc"),
        ),
        ("vdev=xvda, script=block-iscsi, target=iqn=x", Device("iqn=x", "network", target="xvda")),
        ("drbd:r0,xvda,w", Device("drbd:r0", "network", target="xvda")),
    ],
)
def test_a_disk_in_every_form(text: str, device: Device) -> None:
    assert list_disks([text], "vm1.cfg") == [device]


def test_an_empty_drive_is_no_disk() -> None:
    assert list_disks([",empty,hdc,cdrom", "vdev=hdc,devtype=cdrom,target="], "vm1.cfg") == []


@pytest.mark.parametrize("text", ["a,b,c,d,e", "/dev/vg/lv,nosuch,xvda,rw"])
def test_a_disk_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"vm1\.cfg: disk"):
        list_disks([text], "vm1.cfg")


@given(st.text(alphabet=st.sampled_from(list("a:/,=phytarge ")), max_size=40))
def test_any_specification_is_read_or_refused(text: str) -> None:
    try:
        fields = parse_disk(text)
    except ValueError:
        return
    assert all(isinstance(value, str) for value in fields.values())


def test_what_a_running_domain_holds() -> None:
    disks = [
        {"pdev_path": "/dev/vg/lv", "vdev": "xvda", "readwrite": 1},
        {"pdev_path": "/a.iso", "vdev": "hdc", "is_cdrom": 1},
        {"vdev": "hdd", "is_cdrom": 1},
    ]
    assert held_disks(disks) == [LV, Device("/a.iso", "file", is_writable=False, target="hdc")]
