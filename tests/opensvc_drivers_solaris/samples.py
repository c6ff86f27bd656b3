"""What Solaris' tools print, written after the notes on them: none of it was captured here.

``zoneadm`` and ``zpool`` after their sources (illumos, openzfs), ``ldm list -p`` after a capture by others, the rest
from memory.
"""

from __future__ import annotations

ZONES = """\
0:global:running:/::ipkg:shared
3:z1:running:/zones/z1:6b3f2a4e-0000-4000-8000-000000000001:ipkg:shared
5:z2:ready:/zones/z2:6b3f2a4e-0000-4000-8000-000000000002:ipkg:excl
-:z3:installed:/zones/z3:6b3f2a4e-0000-4000-8000-000000000003:ipkg:shared
-:z4:configured:/odd\\:path/z4::ipkg:shared
-:z5:incomplete:/zones/z5::ipkg:shared
7:z6:shutting_down:/zones/z6:6b3f2a4e-0000-4000-8000-000000000006:ipkg:shared
8:z7:down:/zones/z7:6b3f2a4e-0000-4000-8000-000000000007:ipkg:shared
9:z8:mounted:/zones/z8:6b3f2a4e-0000-4000-8000-000000000008:ipkg:shared
-:z9:unavailable:/zones/z9:6b3f2a4e-0000-4000-8000-000000000009:solaris:excl:-:none
-:z10:melted:/zones/z10::ipkg:shared
"""
STATUS = """\
  pool: data
 state: DEGRADED
status: One or more devices could not be used because the label is missing or
\tinvalid.  Sufficient replicas exist for the pool to continue
\tfunctioning in a degraded state.
action: Replace the device using 'zpool replace'.
  scan: none requested
config:

\tNAME                      STATE     READ WRITE CKSUM
\tdata                      DEGRADED     0     0     0
\t  mirror-0                DEGRADED     0     0     0
\t    c0t1d0                ONLINE       0     0     0
\t    1234567890123456789   UNAVAIL      0     0     0  was /dev/dsk/c0t2d0s0
\t  c0t3d0s0                ONLINE       0     0     0
\tlogs
\t  /dev/dsk/c0t4d0s2       ONLINE       0     0     0
\tcache
\t  c0t5d0                  ONLINE       0     0     0
\tspares
\t  c0t6d0                  AVAIL
\t  c0t7d0                  INUSE     currently in use

errors: No known data errors
"""
IMPORT = """\
  pool: tank
    id: 15451357997522795478
 state: ONLINE
action: The pool can be imported using its name or numeric identifier.
config:

\ttank        ONLINE
\t  mirror-0  ONLINE
\t    c1t1d0  ONLINE
\t    c1t2d0  ONLINE

  pool: old
    id: 998
 state: ONLINE
status: The pool was last accessed by another system.
action: The pool can be imported using its name or numeric identifier and
\tthe '-f' flag.
config:

\told         ONLINE
\t  c1t3d0    ONLINE
"""
FOREIGN_SOLARIS = (
    "cannot import 'data': pool may be in use from other system, it was last accessed by n2 (hostid: 0x84b1f2a3) on "
    "Wed Nov 25 10:00:00 2026\nuse '-f' to import anyway\n"
)
FOREIGN_OPENZFS = (
    "cannot import 'data': pool was previously in use from another system.\n"
    "Last accessed by n2 (hostid=84b1f2a3) at Wed Nov 25 10:00:00 2026\n"
    "The pool can be imported, use 'zpool import -f' to import the pool.\n"
)
ACTIVE_OPENZFS = (
    "cannot import 'data': pool is imported on n2 (hostid: 0x84b1f2a3)\n"
    "Export the pool on the other system, then run 'zpool import'.\n"
)
IFCONFIG = """\
lo0: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1
\tinet 127.0.0.1 netmask ff000000\x20
lo0:1: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1
\tzone z1
\tinet 127.0.0.1 netmask ff000000\x20
bge0: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tinet 10.0.0.1 netmask ffffff00 broadcast 10.0.0.255
\tether 0:3:ba:12:34:56\x20
bge0:1: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tzone z1
\tinet 10.0.0.50 netmask ffffff00 broadcast 10.0.0.255
bge1: flags=1000842<BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 3
\tinet 0.0.0.0 netmask 0\x20
lo0: flags=2002000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv6,VIRTUAL> mtu 8252 index 1
\tinet6 ::1/128\x20
"""
DOMAINS = """\
VERSION 1.11
DOMAIN|name=primary|state=active|flags=-n-cv-|cons=UART|ncpu=8|mem=8589934592|util=0.4|uptime=4772570|norm_util=0.4
DOMAIN|name=host1|state=active|flags=-n----|cons=5000|ncpu=16|mem=47272862140|util=1.2|uptime=1847005|norm_util=1.2
DOMAIN|name=host2|state=bound|flags=------|cons=5001|ncpu=4|mem=4294967296|util=|uptime=|norm_util=
DOMAIN|name=host3|state=inactive|flags=------|cons=|ncpu=4|mem=4294967296|util=|uptime=|norm_util=
DOMAIN|name=host4|state=melting|flags=------|cons=|ncpu=4|mem=4294967296|util=|uptime=|norm_util=
DOMAIN|name=host5|state=binding|flags=------|cons=|ncpu=4|mem=4294967296|util=|uptime=|norm_util=
"""
SERVICES = """\
VERSION 1.11
VCC|name=primary-vcc0|port-range=5000,5100
VSW|name=primary-vsw0|mac-addr=00:14:4f:fb:00:01|net-dev=net0|dev=switch@0|default-vlan-id=1|pvid=1|vid=
VDS|name=primary-vds0
|vol=vol1|opts=|dev=/dev/dsk/c0t5d0s2|mpgroup=
|vol=vol2|opts=ro|dev=/ldoms/image.iso|mpgroup=
|vol=vol3|opts=|dev=/dev/dsk/c0t6d0|mpgroup=
VDS|name=other-vds0
|vol=vol1|opts=|dev=/dev/zvol/dsk/rpool/host1|mpgroup=
"""
DISKS = """\
VERSION 1.11
DOMAIN|name=host1
VDISK|name=vdisk1|vol=vol1@primary-vds0|timeout=|dev=disk@0|server=primary|mpgroup=|id=0
VDISK|name=cd|vol=vol2@primary-vds0|timeout=|dev=disk@1|server=primary|mpgroup=|id=1
VDISK|name=vdisk2|vol=vol1@other-vds0|timeout=|dev=disk@2|server=primary|mpgroup=|id=2
"""
