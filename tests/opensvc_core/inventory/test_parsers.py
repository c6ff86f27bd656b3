"""What tools print, read by pure functions: captured output, and output that nobody would expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.inventory.disk_ids import of_scsi_id, to_scsi_id
from opensvc_core.inventory.disk_table import DiskFacts
from opensvc_core.inventory.file_systems import Filling, parse_bdf, parse_df
from opensvc_core.inventory.filling import parse_vgdisplay, parse_vgs
from opensvc_core.inventory.hpux_disks import parse_luns
from opensvc_core.inventory.hpux_facts import Machine, parse_machinfo
from opensvc_core.inventory.interfaces import parse_ifconfig, parse_netstat_names
from opensvc_core.inventory.linux_facts import parse_boot_time, parse_links, parse_memory, parse_os_release
from opensvc_core.inventory.parse_packages import (
    parse_dpkg,
    parse_pkg,
    parse_pkginfo,
    parse_rpm,
    parse_showrev,
    parse_swlist,
)
from opensvc_core.inventory.records import Interface, Package, Patch
from opensvc_core.inventory.smbios import MemoryModules, count_memory_modules, said
from opensvc_core.inventory.solaris_disks import parse_iostat
from opensvc_core.inventory.solaris_facts import (
    Diagnosis,
    Processors,
    parse_prtdiag,
    parse_psrinfo,
    parse_release,
)

DF = """Filesystem           1024-blocks        Used   Available Capacity  Mounted on
rpool/ROOT/openindiana    31997952     1655744    25726181     7%    /
/dev                           0           0           0     0%    /dev
swap                     4975964         628     4975336     1%    /etc/svc/volatile
/dev/mapper/a-name-that-is-much-too-long
                         4975964      628     4975336   1%    /mnt/with a blank
"""
DF_INODES = """Filesystem      Inodes  IUsed   IFree IUse% Mounted on
/dev/vda      16908288 753171 16155117    5% /
none                 0      0        0     - /mnt/btrfs
"""
BDF = """Filesystem          kbytes    used   avail %used Mounted on
/dev/vg00/lvol3    1048576  262144  780000   25% /
/dev/vg188/a-long-name
                   1048576  262144  780000   25% /svc/a
"""
VGDISPLAY = (
    "vg_name=/dev/vg00:vg_write_access=read,write:vg_status=available:max_lv=255:cur_lv=9:open_lv=9:max_pv=16:cur_pv=1:"
    "act_pv=1:max_pe_per_pv=4384:vgda=2:pe_size=32:total_pe=4347:alloc_pe=2712:free_pe=1635:total_pvg=0\n"
)
MACHINFO = """CPU info:
  2 Intel(R) Itanium 2 9100 series processors (1.6 GHz, 12 MB)
          533 MT/s bus, CPU version A1
          4 logical processors (2 per socket)
          LCPU attribute is disabled

Memory: 24013 MB (23.45 GB)

Platform info:
   Model:                  "ia64 hp superdome server SD32B"
   Machine serial number:  DEH481567L
"""
OLD_MACHINFO = """CPU info:
   Number of CPUs = 4
   Number of enabled CPUs = 4
   Number of enabled sockets = 2
   Cores per socket = 2
   Clock speed = 1600 MHz
   processor model:  7 Intel(R) Itanium 2 9000 series processor

Memory = 16373 MB (15.989258 GB)

Platform info:
   machine serial number =  SGH4549J2K
"""
X86 = (
    "The physical processor has 2 virtual processors (0-1)\n"
    "  x86 (AuthenticAMD 870F10 family 23 model 113 step 0 clock 3823 MHz)\n"
    "\tAMD Ryzen 9 3900X 12-Core Processor\t[ Socket: AM4 ]\n"
)
SPARC = (
    "The physical processor has 8 cores and 64 virtual processors (0-63)\n"
    "  The core has 8 virtual processors (0-7)\n"
    "    SPARC-T5 (chipid 0, clock 3600 MHz)\n"
)
PRTDIAG = """System Configuration: Dell Inc. PowerEdge R510
BIOS Configuration: Dell Inc. 1.8.2 08/23/2011

==== Memory Device Sockets ================================

Type        Status Set Device Locator      Bank Locator
----------- ------ --- ------------------- ----------------
Unknown     in use 1   DIMM_A1
Unknown     in use 1   DIMM_A2
Unknown     empty  2   DIMM_A3

==== On-Board Devices =====================================
"""
IOSTAT = """c3t0d0           Soft Errors: 0 Hard Errors: 0 Transport Errors: 0\x20
Vendor: DELL Product: PERC H700 Revision: 2.10 Serial No: abc123\x20
Size: 107,37GB <107374182400 bytes>
Media Error: 0 Device Not Ready: 0 No Device: 0 Recoverable: 0\x20
Illegal Request: 1 Predictive Failure Analysis: 0
c0t60060E8000000000000000000000AB01d0 Soft Errors: 0 Hard Errors: 0 Transport Errors: 0\x20
Vendor: HITACHI  Product: OPEN-V           Revision: 6008 Serial No:\x20
Size: 10.00GB <10737418240 bytes>
Media Error: 0 Device Not Ready: 0 No Device: 0 Recoverable: 0\x20
"""
IFCONFIG = """lo0: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1
\tinet 127.0.0.1 netmask ff000000
bge0: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tinet 10.0.0.1 netmask ffffff00 broadcast 10.0.0.255
\tether 0:14:4f:a:b:c
bge0:1: flags=1000842<BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tzone vm188
\tinet 0.0.0.0 netmask 0
bge0: flags=20002004841<UP,RUNNING,MULTICAST,DHCP,IPv6> mtu 1500 index 2
\tinet6 fe80::214:4fff:fe0a:b0c/10
"""
NETSTAT = """IPv4:
Name      Mtu  Network         Address                Ipkts   Ierrs Opkts   Oerrs Coll
lan1*     1500 none            none                   0       0     0       0     0
lan0      1500 10.0.0.0        10.0.0.1               33      0     33      0     0
lo0       4136 127.0.0.0       127.0.0.1              33      0     33      0     0
"""
PKGINFO = """   PKGINST:  SUNWcar
      NAME:  Core Architecture, (Root)
      ARCH:  sparc.sun4v
   VERSION:  11.10.0,REV=2005.08.25.02.12

   PKGINST:  half
"""


def module_of(size: int) -> bytes:
    """A memory device of an SMBIOS table."""
    return bytes([17, 0x15, 1, 0]) + bytes(8) + size.to_bytes(2, "little") + bytes(7) + b"DIMM 0\0BANK 0\0\0"


def test_file_systems_of_df() -> None:
    assert parse_df(DF) == (
        Filling("rpool/ROOT/openindiana", "/", 7),
        Filling("swap", "/etc/svc/volatile", 1),
        Filling("/dev/mapper/a-name-that-is-much-too-long", "/mnt/with a blank", 1),
    )
    assert parse_df(DF_INODES) == (Filling("/dev/vda", "/", 5),)
    assert parse_df("df: no file systems processed\n") is None


def test_file_systems_of_bdf() -> None:
    both = (Filling("/dev/vg00/lvol3", "/", 25), Filling("/dev/vg188/a-long-name", "/svc/a", 25))
    assert parse_bdf(BDF) == (both, ())
    with_inodes = BDF.replace("25% /", "25%  300  700  30% /")
    assert parse_bdf(with_inodes) == (both, tuple(Filling(each.device, each.mount, 30) for each in both))


def test_groups_are_rounded_up_and_never_guessed() -> None:
    assert parse_vgdisplay(VGDISPLAY) == [("vg00", 63)]
    assert parse_vgdisplay("vg_name=/dev/vg00:vg_status=available\n") == [("vg00", None)]
    text = '  WARNING: a word\n{"report": [{"vg": [{"vg_name":"a", "vg_size":"1000", "vg_free":"999"}]}]}\n'
    assert parse_vgs(text) == (("a", 1),)
    assert parse_vgs('{"report": [{"vg": [{"vg_name":"a", "vg_size":"0", "vg_free":"0"}]}]}') == (("a", None),)
    assert parse_vgs("WARNING\n") is None


def test_facts_of_linux() -> None:
    assert parse_memory("MemTotal:       24684092 kB\nMemFree: 1 kB\n") == 24684092 * 1024
    assert parse_memory("MemTotal: lots\n") is None
    assert parse_boot_time("cpu 1 2\nbtime 1795610659\n") == 1795610659.0
    assert parse_os_release("# a comment\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nX='\nY=\n") == {
        "NAME": "Debian GNU/Linux",
        "VERSION_ID": "12",
    }
    links = (
        '[{"ifname":"lo","flags":["LOOPBACK","UP"],"link_type":"loopback","address":"00:00:00:00:00:00"},'
        '{"ifname":"eth0","flags":["UP"],"link_type":"ether","address":"02:fc:00:00:00:01",'
        '"addr_info":[{},{"local":"192.0.2.2","prefixlen":24}]}]'
    )
    assert parse_links(links) == (Interface("eth0", "02:fc:00:00:00:01", ("192.0.2.2/24",), True),)
    assert parse_links("{}") == ()
    assert parse_links('[{"ifname": 1}]') is None


def test_memory_modules_of_the_firmware() -> None:
    bios = bytes([0, 4, 0, 0]) + b"\0\0"
    end = bytes([127, 4, 2, 0]) + b"\0\0"
    assert count_memory_modules(bios + module_of(8192) + module_of(0) + end) == MemoryModules(2, 1)
    assert count_memory_modules(bios + module_of(0xFFFF) + end + module_of(1)) == MemoryModules(1, None)
    assert count_memory_modules(bios) is None
    assert count_memory_modules(b"") is None


@pytest.mark.parametrize("text", ["To Be Filled By O.E.M.", "0000-000", " ", "None", "Not  Specified", None])
def test_what_stands_where_there_is_no_number_is_no_number(text: str | None) -> None:
    assert said(text) is None


def test_facts_of_hpux() -> None:
    assert parse_machinfo(MACHINFO) == Machine(
        "Intel(R) Itanium 2 9100 series", 1600, 2, 4, 4, 24013 << 20, "DEH481567L"
    )
    assert parse_machinfo(OLD_MACHINFO) == Machine(
        "Intel(R) Itanium 2 9000 series processor", 1600, 2, 4, 4, 16373 << 20, "SGH4549J2K"
    )
    # Two threads may share a core where the attribute is not told to be off.
    assert parse_machinfo(MACHINFO.replace("disabled", "enabled")).cpu_cores is None
    assert parse_machinfo("") == Machine()


def test_facts_of_solaris() -> None:
    assert parse_psrinfo(X86) == Processors("AMD Ryzen 9 3900X 12-Core Processor", 3823, 1, None, 2)
    assert parse_psrinfo(SPARC * 2) == Processors("SPARC-T5", 3600, 2, 16, 128)
    assert parse_prtdiag(PRTDIAG) == Diagnosis("Dell Inc.", "PowerEdge R510", None, 2, 3)
    assert parse_release("   Oracle Solaris 11.4 SPARC\n  Copyright\n") == ("Oracle", "Solaris 11.4 SPARC")
    assert parse_release("   Solaris 10 1/13 SPARC\n") == ("Sun", "Solaris 10 1/13 SPARC")
    assert parse_release("\n") == (None, None)


def test_disks_of_solaris_and_hpux() -> None:
    assert parse_iostat(IOSTAT) == {
        "c3t0d0": DiskFacts("serial.DELL.PERC H700.abc123", 107374182400, "DELL", "PERC H700"),
        "c0t60060E8000000000000000000000AB01d0": DiskFacts(
            "naa.60060e8000000000000000000000ab01", 10737418240, "HITACHI", "OPEN-V"
        ),
    }
    text = '0x60060E80:/dev/rdisk/disk4:"EMC     ":"SYMMETRIX       ":2097152\n:/dev/rdisk/disk5:"HP":"DVD":0\nno row\n'
    assert parse_luns(text) == {
        "/dev/rdisk/disk4": DiskFacts("0x60060e80", 1 << 30, "EMC", "SYMMETRIX"),
        "/dev/rdisk/disk5": DiskFacts(None, None, "HP", "DVD"),
    }


def test_interfaces_of_solaris_and_hpux() -> None:
    assert parse_ifconfig(IFCONFIG) == (
        Interface("bge0", "00:14:4f:0a:0b:0c", ("10.0.0.1/24", "fe80::214:4fff:fe0a:b0c/10"), True),
        Interface("bge0:1", None, (), False),
    )
    assert parse_ifconfig("lan0: flags=1843<UP,BROADCAST>\n\tinet6 2001:db8::1 prefix 64\n") == (
        Interface("lan0", None, ("2001:db8::1/64",), True),
    )
    assert parse_netstat_names(NETSTAT) == ("lan1", "lan0")


def test_packages() -> None:
    assert parse_dpkg("installed\tadduser\t3.134\tall\nconfig-files\tgone\t1\tall\nhalf\n") == (
        Package("adduser", "3.134", "all"),
    )
    assert parse_rpm("bash\t5.1.8-6.el9\tx86_64\ngpg-pubkey\t1-2\t(none)\nown\t1-1\t(none)\n") == (
        Package("bash", "5.1.8-6.el9", "x86_64"),
        Package("own", "1-1", ""),
    )
    swlist = "# Target:  host:/\n\n  LVM        B.11.31  HP-UX_B.11.31_IA\n  PHCO_38955 1.0      HP-UX_B.11.31_IA\n"
    assert parse_swlist(swlist) == ((Package("LVM", "B.11.31", "HP-UX_B.11.31_IA"),), (Patch("PHCO_38955", "1.0"),))
    pkg = "developer/gcc (solaris)   7.3.0-11.4   i--\nsystem/core-os   11.4-11.4.0   i--\nnot/there 1 ---\n"
    assert parse_pkg(pkg) == (Package("developer/gcc", "7.3.0-11.4"), Package("system/core-os", "11.4-11.4.0"))
    assert parse_pkginfo(PKGINFO) == (Package("SUNWcar", "11.10.0,REV=2005.08.25.02.12", "sparc.sun4v"),)
    assert parse_showrev("Patch: 118367-04 Obsoletes:  Packages: SUNWcsu\nPatch: x\n") == (Patch("118367", "04"),)


@pytest.mark.parametrize(
    ("disk", "asked"),
    [
        ("naa.6001405abc", "36001405abc"),
        ("0x60060E80AB", "360060e80ab"),
        ("t10.ATA     QEMU HARDDISK", "1ATA_QEMU_HARDDISK"),
        ("eui.0025385", "20025385"),
        ("serial.LIO-ORG.disk.abc", "serial.LIO-ORG.disk.abc"),
    ],
)
def test_disks_are_called_as_scsi_id_calls_them(disk: str, asked: str) -> None:
    assert to_scsi_id(disk) == asked
    if disk.startswith("naa."):
        assert of_scsi_id(asked) == disk


PARSERS: list[Callable[[str], Any]] = [
    parse_bdf, parse_df, parse_dpkg, parse_ifconfig, parse_iostat, parse_links, parse_luns, parse_machinfo,
    parse_memory, parse_netstat_names, parse_os_release, parse_pkg, parse_pkginfo, parse_prtdiag, parse_psrinfo,
    parse_release, parse_rpm, parse_showrev, parse_swlist, parse_vgdisplay, parse_vgs,
]  # fmt: skip
SAMPLES = (
    DF,
    DF_INODES,
    BDF,
    VGDISPLAY,
    MACHINFO,
    OLD_MACHINFO,
    X86,
    SPARC,
    PRTDIAG,
    IOSTAT,
    IFCONFIG,
    NETSTAT,
    PKGINFO,
)


@given(st.one_of(st.text(), st.sampled_from(SAMPLES).flatmap(lambda text: st.integers(0, len(text)).map(
    lambda end: text[:end]))))  # fmt: skip
def test_no_text_breaks_a_parser(text: str) -> None:
    for parse in PARSERS:
        parse(text)


@given(st.binary(max_size=200))
def test_no_table_of_the_firmware_breaks_its_reader(table: bytes) -> None:
    found = count_memory_modules(table)
    assert found is None or found.slots >= (found.filled or 0)
