"""Answers of Integrity VM's commands, made up after the vendor notes: the places of fields are sourced, fillers not."""

from __future__ import annotations

UUID = "24a7bfa4-b1b2-11e2-8400-b499ba6430e0"


def guest_line(name: str, state: str, boot: str, vcpus: str = "2;1;100", memory: str = "2GB;2048") -> str:
    """A line of ``hpvmstatus -M``."""
    filler = ":".join(["x;y"] * 7)
    return f"{name}:{UUID}:3::Integrity VM:HPUX:::5;1::{state}:{boot}:{filler}:{vcpus}:{memory}:\n"


DEVICES = """\
disk:avio_stor:0,0,0:disk:/dev/rdisk/disk18
disk:avio_stor:0,1,0:lv:/dev/vg188/rlvol1
disk:avio_stor:0,2,0:file:/hpvm/vm188/disk
dvd:avio_stor:0,3,0:null:/hpvm/iso
dvd:scsi:0,4,0:dvd:/dev/rdsk/c0t0d0
network:avio_lan:0,5:vswitch:vs_PROD
serial:com1::tty:console
"""

SHARING = """\
/dev/rdisk/disk18,/dev/rdsk/c4t0d1:CONFIG=gdev,EXIST=YES,DEVTYPE=DISK,SHARE=YES:vm188:0x6006
/dev/rdisk/disk19:CONFIG=gdev,EXIST=YES,DEVTYPE=DISK,SHARE=NO::0x6007
/dev/rdisk/disk20:CONFIG=gdev,DEVTYPE=DISK,NOSHARE=YES::
/dev/rdisk/disk21:CONFIG=gdev,DEVTYPE=DISK,SHARE=MAYBE::
"""

STARTED = """\
HPVM guest vm188 configuration problems
    Warning 1 on item vs_PROD: Guest MAC address for switch vs_PROD is in use.
These problems may prevent HPVM guest vm188 from starting.
(C) Copyright 2000 - 2008 Hewlett-Packard Development Company, L.P.
Daemonizing....
hpvmstart: Successful start initiation of guest 'vm188'
"""
"""A start that succeeded, on standard error (the lines are of a log of 2010)."""
