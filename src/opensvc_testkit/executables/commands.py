"""Which module simulates which executable, by platform: the only list of them.

One name may belong to several platforms (``ifconfig`` of Linux, of SunOS): its file says which one it is.
"""

from __future__ import annotations

MODULES: dict[str, dict[str, str]] = {
    "network": {
        "ssh": "ssh",
        "ping": "ping",
        "ip": "addresses",
        "arp": "addresses",
        "ifconfig": "addresses",
        "getent": "getent",
    },
    "system": {"uname": "uname"},
    "scsi": {
        "sg_persist": "sg_persist",
        "sg_turs": "sg_turs",
        "mpathpersist": "mpathpersist",
        "multipath": "multipath",
    },
    "lvm": {
        **dict.fromkeys(("vgs", "lvs", "pvs"), "lvm.reports"),
        **dict.fromkeys(("vgchange", "lvchange"), "lvm.changes"),
        **dict.fromkeys(
            ("pvcreate", "pvremove", "vgcreate", "vgremove", "vgexport", "vgimport", "lvcreate", "lvremove"),
            "lvm.making",
        ),
        **dict.fromkeys(("vgscan", "pvscan", "lvscan"), "lvm.scans"),
        "lvmconfig": "lvm.config",
    },
    "libvirt": {"virsh": "virsh", "libvirtd": "libvirtd"},
    "xen": {"xl": "xl", "xm": "xm"},
    "lxc": {
        "lxc-attach": "lxc",
        "lxc-config": "lxc",
        "lxc-destroy": "lxc",
        "lxc-freeze": "lxc",
        "lxc-info": "lxc",
        "lxc-ls": "lxc",
        "lxc-start": "lxc",
        "lxc-stop": "lxc",
        "lxc-unfreeze": "lxc",
        "lxc-wait": "lxc",
    },
    "solaris": {
        "ssh": "ssh",
        "ping": "ping",
        "getent": "getent",
        "arp": "solaris.arp",
        "ifconfig": "solaris.ifconfig",
        "uname": "solaris.uname",
        "zoneadm": "solaris.zoneadm",
        "zonecfg": "solaris.zonecfg",
        "zlogin": "solaris.zlogin",
        "ldm": "solaris.ldm",
        "zpool": "solaris.zpool",
        "zfs": "solaris.zfs",
        "ls": "solaris.folders",
        "chmod": "solaris.folders",
        "chown": "solaris.folders",
        "pgrep": "solaris.folders",
        **dict.fromkeys(
            ("cat", "prtconf", "psrinfo", "prtdiag", "kstat", "df", "iostat", "pkg", "pkginfo", "showrev"),
            "solaris.machine",
        ),
    },
    "hpux": {
        "ssh": "ssh",
        "ping": "ping",
        "uname": "uname",
        "getconf": "hpux.system",
        "strings": "hpux.system",
        "bdf": "hpux.system",
        "machinfo": "hpux.machine",
        "model": "hpux.machine",
        "swlist": "hpux.machine",
        "netstat": "hpux.addresses",
        "ifconfig": "hpux.addresses",
        "ioscan": "hpux.ioscan",
        "scsimgr": "hpux.scsimgr",
        "mksf": "hpux.special_files",
        "rmsf": "hpux.special_files",
        "insf": "hpux.special_files",
        "vgchange": "hpux.vgchange",
        "vgdisplay": "hpux.vgdisplay",
        "vgexport": "hpux.group_maps",
        "vgimport": "hpux.group_maps",
    },
    "scu": {"scu": "hpux.scu"},
    "hpvm": {
        "hpvmstatus": "hpux.hpvmstatus",
        "hpvmstart": "hpux.hpvmstart",
        "hpvmstop": "hpux.hpvmstop",
        "hpvmdevmgmt": "hpux.hpvmdevmgmt",
        "hpvmmodify": "hpux.hpvmmodify",
        "hpvmmigrate": "hpux.hpvmmigrate",
    },
    "guest": {
        "guest-ip": "guest_tools",
        "guest-ifconfig": "guest_tools",
        "guest-poweroff": "guest_tools",
        "guest-hpux-ifconfig": "hpux.addresses",
        "guest-hpux-netstat": "hpux.addresses",
        "guest-init": "solaris.guest_tools",
        "guest-svcs": "solaris.guest_tools",
        "guest-zonename": "solaris.guest_tools",
        "guest-solaris-ifconfig": "solaris.guest_tools",
    },
}
"""Platform, executable, module. The executables of ``guest`` lie on a guest's disk, without the ``guest-``."""

INSIDE = "guest"
"""The platform whose executables are those of a guest, not of a node."""
USUAL = ("libvirt", "network")
"""Platforms whose executables a node has unless it is told otherwise."""


def module_of(executable: str, platform: str = "") -> str:
    """The module that simulates an executable; without a platform that of the first one that has it.

    Raises:
        KeyError: nothing simulates it.
    """
    tables = [MODULES[platform]] if platform else MODULES.values()
    for table in tables:
        if executable in table:
            return table[executable]
    raise KeyError(executable)
