"""Answers of HP-UX LVM: the block of ``vgdisplay`` has the form of captures, refusals are made up after notes."""

from __future__ import annotations


def block(name: str, status: str = "available", access: str = "read/write", disks: str = "2", active: str = "2") -> str:
    """A group as ``vgdisplay`` shows it."""
    return f"""\
--- Volume groups ---
VG Name                     /dev/{name}
VG Write Access             {access}
VG Status                   {status}
Max LV                      255
Cur LV                      1
Open LV                     1
Max PV                      16
Cur PV                      {disks}
Act PV                      {active}
Max PE per PV               4350
VGDA                        4
PE Size (Mbytes)            4
Total PE                    4340
Alloc PE                    4340
Free PE                     0
Total PVG                   0
Total Spare PVs             0
Total Spare PVs in use      0

"""


def inactive(name: str) -> str:
    """What is said on standard error of a group that is imported and not active [R]."""
    return f'vgdisplay: Volume group not activated.\nvgdisplay: Cannot display volume group "/dev/{name}".\n'


def absent(name: str) -> str:
    """What is said of a group that is not imported."""
    return (
        f'vgdisplay: Volume group "/dev/{name}" does not exist in the "/etc/lvmtab" file.\n'
        f'vgdisplay: Cannot display volume group "/dev/{name}".\n'
    )


LVMTAB = """\
/dev/vg00
x8Qm
/dev/disk/disk2_p2
/dev/vg188
/dev/disk/disk18
/dev/disk/disk19
/dev/vg189
/dev/dsk/c4t0d3
"""

MAP = "VGID 7d1a2b3c4d5e6f70\n1 lvol1\n"
"""A map file of ``vgexport -s`` [R]."""
