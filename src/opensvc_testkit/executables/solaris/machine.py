"""Simulated ``cat /etc/release``, ``prtconf``, ``psrinfo``, ``prtdiag``, ``kstat``, ``df``, ``iostat``, ``pkg``,
``pkginfo`` and ``showrev`` of Solaris.

``psrinfo`` on x86, ``prtdiag``, ``df`` and ``iostat`` are after captures on illumos; what SPARC prints is after what
parsers rely on; the serial number of the chassis in ``prtdiag -v`` is [R].
"""  # noqa: D205 - the list of names is the summary

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.disks import disks_of
from opensvc_testkit.executables.solaris.folders import run_here
from opensvc_testkit.executables.solaris.places import system_of
from opensvc_testkit.executables.solaris.pool_devices import short_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

GIB = 1 << 30
PROCESSORS = """The physical processor has 8 cores and 64 virtual processors (0-63)
  The core has 8 virtual processors (0-7)
    SPARC-T5 (chipid 0, clock 3600 MHz)
"""
DIAGNOSIS = """System Configuration:  Oracle Corporation  sun4v SPARC T5-2
Memory size: 32768 Megabytes

================================ Virtual CPUs ================================

Chassis Serial Number
---------------------
AK00{serial:04d}
"""
FILES = """Filesystem           1024-blocks        Used   Available Capacity  Mounted on
rpool/ROOT/solaris        31997952     1655744    25726181     7%    /
/devices                         0           0           0     0%    /devices
/usr/lib/libc/libc_hwcap2.so.1    27381925     1655744    25726181     7%    /lib/libc.so.1
swap                       4975340           4     4975336     1%    /tmp
rpool/export              31997952    30000000     1997952    94%    /export
"""
PACKAGES = """developer/gcc (solaris)                           7.3.0-11.4.0.0.1.14.0       i--
system/core-os                                    11.4-11.4.0.0.1.15.0        i--
system/obsolete                                   1.0-11.4.0.0.1.15.0         i-o
"""
OLD_PACKAGES = """   PKGINST:  SUNWcar
      NAME:  Core Architecture, (Root)
  CATEGORY:  system
      ARCH:  sparc.sun4v
   VERSION:  11.10.0,REV=2005.08.25.02.12

   PKGINST:  SUNWcsu
      NAME:  Core Solaris, (Usr)
  CATEGORY:  system
      ARCH:  sparc
   VERSION:  11.10.0,REV=2005.01.21.15.53

"""
PATCHES = """Patch: 118367-04 Obsoletes:  Requires:  Incompatibles:  Packages: SUNWcsu
Patch: 119254-92 Obsoletes: 119015-03 Requires: 121133-02 Incompatibles:  Packages: SUNWinstall-patch-utils-root
"""
RELEASES = {"10": "                      Solaris 10 1/13 s10s_u11wos_24a SPARC\n",
            "illumos": "             OpenIndiana Hipster 2021.10 (powered by illumos)\n"}  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one call of them."""
    with call.store.opened() as world:
        node = call.here(world)
        release = system_of(node)["release"]
        asked = " ".join((call.name, *call.words))
        is_old = release == "10"
        plain = {
            "cat /etc/release": RELEASES.get(release, f"                             Oracle Solaris {release} SPARC\n"),
            "prtconf": "System Configuration:  Oracle Corporation  sun4v\nMemory size: 32768 Megabytes\n",
            "psrinfo -pv": PROCESSORS,
            "prtdiag -v": DIAGNOSIS.format(serial=sum(call.node.encode()) % 10000),
            "kstat -p unix:0:system_misc:boot_time": "unix:0:system_misc:boot_time\t1548249721\n",
            "df -lk": FILES,
            "pkginfo -l": OLD_PACKAGES if is_old else "",
            **({"showrev -p": PATCHES} if is_old else {"pkg list -H": PACKAGES}),
        }
        if asked == "iostat -En":
            return Answer(0, _iostat(world, node))
    if asked in plain:
        return Answer(0, plain[asked])
    if call.name == "cat":
        return run_here(call)
    if call.name in ("pkg", "showrev"):
        return Answer(127, "", f"{call.name}: not found\n")
    raise NotSimulatedError(asked)


def _iostat(world: World, node: Node) -> str:
    blocks = []
    for disk in disks_of(world, node["name"]):
        name = short_name(disk["paths"][node["name"]][0])
        blocks.append(
            f"{name:<16} Soft Errors: 0 Hard Errors: 0 Transport Errors: 0 \n"
            f"Vendor: {disk['vendor']:<8} Product: {disk['model']:<16} Revision: 0001 Serial No: {disk['wwid'][-8:]} \n"
            f"Size: {disk['size'] / GIB:.2f}GB <{disk['size']} bytes>\n"
            "Media Error: 0 Device Not Ready: 0 No Device: 0 Recoverable: 0 \n"
            "Illegal Request: 0 Predictive Failure Analysis: 0 \n"
        )
    return "".join(blocks)
