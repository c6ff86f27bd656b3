"""Definitions of domains: what is refused, when two are the same, which disks they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Device
from opensvc_drivers_kvm.definition import Definition, DefinitionError, VolumeDisk, split_definitions

XML = """\
<domain type='kvm'>
  <name>vm1</name>
  <uuid>fc7059e0-4023-445b-ad21-1d5ba956faf5</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <nvram>/var/lib/libvirt/qemu/nvram/vm1_VARS.fd</nvram>
  </os>
  <devices>
    <disk type='block' device='disk'><source dev='/dev/vg/vm1'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='disk'><source file='/srv/vm1.qcow2'/><backingStore type='file'>
      <source file='/srv/base.qcow2'/></backingStore><target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><source file='/iso/x.iso'/><target dev='sda'/><readonly/></disk>
    <disk type='file' device='cdrom'><target dev='sdb'/><readonly/></disk>
    <disk type='block' device='disk'><source dev='/dev/vg/shared'/><target dev='vdc'/><readonly/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/img'><host name='mon1'/></source>
      <target dev='vdd'/></disk>
    <disk type='volume' device='disk'><source pool='default' volume='v1'/><target dev='vde'/></disk>
  </devices>
</domain>
"""


def parse(text: str | bytes) -> Definition:
    return Definition.parse(text, "vm1.xml")


def test_disks() -> None:
    assert list(parse(XML).disks()) == [
        Device("/dev/vg/vm1", "block", target="vda"),
        Device("/srv/vm1.qcow2", "file", target="vdb"),
        Device("/iso/x.iso", "file", is_writable=False, target="sda"),
        Device("/dev/vg/shared", "block", is_writable=False, target="vdc"),
        Device("pool/img", "network", target="vdd"),
        VolumeDisk("default", "v1", is_writable=True, target="vde"),
    ]


def test_facts() -> None:
    definition = parse(XML)
    assert (definition.name, definition.uuid) == ("vm1", "fc7059e0-4023-445b-ad21-1d5ba956faf5")
    assert (definition.vcpus, definition.memory) == (2, 1 << 30)
    assert list(definition.files()) == [Path("/var/lib/libvirt/qemu/nvram/vm1_VARS.fd")]
    assert not definition.is_live
    assert parse(XML.replace("<domain ", "<domain id='7' ")).is_live


def test_blanks_comments_and_the_order_of_attributes_do_not_matter() -> None:
    other = "<!--\nWARNING: generated -->\n\n" + XML.replace(
        "placement='static' current='2'", 'current="2"   placement="static"'
    ).replace("\n  ", "\n\n      ")
    assert parse(XML).is_same(parse(other))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("current='2'", "current='3'"),
        ("<target dev='vdc'/><readonly/>", "<target dev='vdc'/>"),
        (
            "    <disk type='block' device='disk'><source dev='/dev/vg/vm1'/><target dev='vda' bus='virtio'/></disk>\n",
            "",
        ),
        ("/srv/base.qcow2", "/srv/Base.qcow2"),
        ("<name>vm1</name>", "<name>vm2</name>"),
    ],
)
def test_everything_else_does(old: str, new: str) -> None:
    assert old in XML
    assert not parse(XML).is_same(parse(XML.replace(old, new)))


def test_a_uuid_is_added() -> None:
    bare = parse(XML.replace("  <uuid>fc7059e0-4023-445b-ad21-1d5ba956faf5</uuid>\n", ""))
    assert bare.uuid == ""
    assert parse(bare.with_uuid("fc7059e0-4023-445b-ad21-1d5ba956faf5")).is_same(parse(XML))


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><domain><name>&b;</name></domain>'


@pytest.mark.parametrize("document", [BOMB, BOMB.encode("utf-16"), '<!DOCTYPE domain SYSTEM "http://x/"><domain/>'])
def test_a_doctype_is_refused(document: str | bytes) -> None:
    with pytest.raises(DefinitionError, match="DOCTYPE"):
        parse(document)


@pytest.mark.parametrize(
    "document", ["", "no xml", "<domain>", "<network/>", "<domain>&x;</domain>", b"\xff\xfe", "\0"]
)
def test_what_is_no_domain_is_refused(document: str | bytes) -> None:
    with pytest.raises(DefinitionError, match=r"vm1\.xml"):
        parse(document)


@given(st.text() | st.binary())
def test_nothing_but_a_definition_error_comes_of_garbage(document: str | bytes) -> None:
    with pytest.raises(DefinitionError):
        parse(document)


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("<memory>1024</memory>", 1 << 20),
        ("<memory unit='b'>5</memory>", 5),
        ("<memory unit='bytes'>5</memory>", 5),
        ("<memory unit='KB'>2</memory>", 2000),
        ("<memory unit='MB'>2</memory>", 2 * 10**6),
        ("<memory unit='M'>2</memory>", 2 << 20),
        ("<memory unit='MiB'>2</memory>", 2 << 20),
        ("<memory unit='GiB'>2</memory>", 2 << 30),
        ("<memory unit='TiB'>2</memory>", 2 << 40),
        ("<memory unit='furlong'>2</memory>", None),
        ("<memory>much</memory>", None),
        ("", None),
    ],
)
def test_memory(memory: str, size: int | None) -> None:
    assert parse(f"<domain>{memory}</domain>").memory == size


def test_what_several_dumps_print_is_taken_apart() -> None:
    text = f"{XML}\nerror: something\n{XML.replace('vm1', 'vm2')}\n<domain><name>cut</name>"
    assert [parse(document).name for document in split_definitions(text)] == ["vm1", "vm2"]


def test_a_domain_snapshot_is_not_taken_for_a_domain() -> None:
    assert split_definitions("<domainsnapshot></domainsnapshot>") == []


# -- the disk that tells a guest where it boots -----------------------------------------------------------------------


def test_the_flag_is_one_empty_disk_that_is_read_only_and_comes_off_again() -> None:
    plain = Definition.parse(
        "<domain><name>vm1</name><devices><disk><target dev='vda'/></disk></devices></domain>", "x"
    )
    flagged = plain.with_flag(Path("/opt/opensvc/var/drp_flag.vdisk"))
    (disk,) = flagged.disks()
    assert disk == Device("/opt/opensvc/var/drp_flag.vdisk", "file", is_writable=False, target="vdosvc")
    assert flagged.with_flag(Path("/opt/opensvc/var/drp_flag.vdisk")) is flagged
    moved = flagged.with_flag(Path("/other/flag"))
    assert [device.path for device in moved.disks() if isinstance(device, Device)] == ["/other/flag"]
    assert flagged.with_flag(None).is_same(plain)
    assert plain.with_flag(None) is plain
