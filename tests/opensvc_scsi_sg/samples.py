"""What the tools printed: sg_persist 0.67 (sg3_utils 1.46) and mpathpersist 0.9.4, Debian 12, targets tgt and LIO."""

from __future__ import annotations

SG_NO_KEYS = "  PR generation=0x0, there are NO registered reservation keys\n"
SG_ONE_KEY = "  PR generation=0x1, 1 registered reservation key follows:\n    0x1111aaaa\n"
SG_TWO_KEYS = "  PR generation=0x3, 2 registered reservation keys follow:\n    0x1111aaaa\n    0x2222bbbb\n"
SG_FREE = "  PR generation=0x3, there is NO reservation held\n"
SG_HELD = (
    "  PR generation=0x3, Reservation follows:\n"
    "    Key=0x1111aaaa\n"
    "    scope: LU_SCOPE,  type: Write Exclusive, registrants only\n"
)
SG_INQUIRY = "  LIO-ORG   FILEIO            4.0 \n  Peripheral device type: disk\n"

MPATH_NO_KEYS = "  PR generation=0x2, \t0 registered reservation key.\n"
MPATH_ONE_KEY = "  PR generation=0x1a, \t1 registered reservation key follows:\n    0xabc\n"
MPATH_TWO_KEYS = "  PR generation=0x4, \t2 registered reservation keys follow:\n    0xabc\n    0xabc\n"
MPATH_FREE = "  PR generation=0x2, there is NO reservation held \n"
MPATH_HELD = (
    "  PR generation=0x4, Reservation follows:\n"
    "   Key = 0xabc\n"
    "  scope = LU_SCOPE, type = Write Exclusive, registrants only\n"
)

# Standard error and exit status of sg_persist.
SG_CONFLICT = ("PR out (Reserve): Reservation conflict\nsg_persist failed: Reservation conflict\n", 24)
SG_ATTENTION = (
    (
        "Persistent reservation in:\n"
        "Fixed format, current; Sense key: Unit Attention\n"
        "Additional sense: Registrations preempted\n"
        "PR in (Read keys): Unit attention\n"
        "sg_persist failed: Unit attention\n"
    ),
    6,
)
SG_NOT_READY = ("PR out (Reserve): Device not ready\nsg_persist failed: Device not ready\n", 2)
SG_NO_ABORT = (
    (
        "PR out (Preempt and abort): bad field in cdb or parameter list (perhaps unsupported service action)\n"
        "sg_persist failed: Illegal request\n"
    ),
    5,
)
SG_NO_SUCH = ("sg_persist: error opening file /dev/nosuch (rw): No such file or directory\n", 52)
SG_OFFLINE = ("sg_persist: error opening file /dev/sdc (rw): No such device or address\n", 56)
SG_NO_SCSI = (
    (
        "Persistent reservation in: pass-through os error: Inappropriate ioctl for device\n"
        "PR in (Read keys): Inappropriate ioctl for device\n"
        "sg_persist failed: Inappropriate ioctl for device\n"
    ),
    75,
)
SG_LOOP = (
    (
        "Persistent reservation in: pass-through os error: Invalid argument\n"
        "PR in (Read keys): Invalid argument\n"
        "sg_persist failed: Invalid argument\n"
    ),
    72,
)
SG_BAD_OPTION = ("sg_persist: unrecognized option '--bogus'\nUsage: sg_persist [OPTIONS] [DEVICE]\n", 0)

# Standard output, standard error and exit status of mpathpersist.
MPATH_CONFLICT = ("persistent reserve out: scsi status: Reservation Conflict\nPR out: command failed\n", "", 11)
MPATH_NO_ABORT = ("PR out: command failed\n", "", 5)
MPATH_OTHER_KEY = (
    "PR out: command failed\n",
    (
        "763.062620 | mpatha: configured reservation key doesn't match: 0xdef\n"
        "multipath-tools v0.9.4 (12/19, 2022)\n"
        "Usage: mpathpersist [OPTIONS] [DEVICE]\n Options:\n"
    ),
    1,
)
MPATH_NO_DAEMON = (
    "PR out: command failed\n",
    "762.157565 | ux socket connect error\n762.157711 | mpatha: failed to set prkey for multipathd.\n",
    13,
)
MPATH_NO_SUCH = ("", "/dev/nosuch: error opening file (rw) fd=-1\n", 12)
MPATH_PLAIN_DISK = ("", "460.071406 | 8:0 failed to get device alias.\nPersistent Reserve IN command failed\n", 13)

MULTIPATH_HELP = "multipath-tools v0.9.4 (12/19, 2022)\nUsage:\n  multipath [-v level] [-B|-d|-i|-q|-r] [device]\n"
