"""The words of ``mpathpersist`` and ``multipath`` 0.9.4 (captured): options and usage."""

from __future__ import annotations

USAGE = """\
multipath-tools v0.9.4 (12/19, 2022)
Usage: mpathpersist [OPTIONS] [DEVICE]
 Options:
    --verbose|-v level         verbosity level
                   0           Critical messages
                   1           Error messages
                   2           Warning messages
                   3           Informational messages
                   4           Informational messages with trace enabled
    --clear|-C                 PR Out: Clear
    --device=DEVICE|-d DEVICE  query or change DEVICE
    --batch-file|-f FILE       run commands from FILE
    --help|-h                  output this usage message
    --hex|-H                   output response in hex
    --in|-i                    request PR In command{blank}
    --out|-o                   request PR Out command
    --param-alltgpt|-Y         PR Out parameter 'ALL_TG_PT
    --param-aptpl|-Z           PR Out parameter 'APTPL'
    --read-keys|-k             PR In: Read Keys
    --param-rk=RK|-K RK        PR Out parameter reservation key
    --param-sark=SARK|-S SARK  PR Out parameter service action
                               reservation key (SARK is in hex)
    --preempt|-P               PR Out: Preempt
    --preempt-abort|-A         PR Out: Preempt and Abort
    --prout-type=TYPE|-T TYPE  PR Out command type
    --read-full-status|-s      PR In: Read Full Status
    --read-keys|-k             PR In: Read Keys
    --read-reservation|-r      PR In: Read Reservation
    --register|-G              PR Out: Register
    --register-ignore|-I       PR Out: Register and Ignore
    --release|-L               PR Out: Release
    --report-capabilities|-c   PR In: Report Capabilities
    --reserve|-R               PR Out: Reserve
    --transport-id=TIDS|-X TIDS  TransportIDs can be mentioned
                                 in several forms
    --alloc-length=LEN|-l LEN  PR In: maximum allocation length
""".replace("{blank}", " ")
MULTIPATH_USAGE = """\
multipath-tools v0.9.4 (12/19, 2022)
Usage:
  multipath [-v level] [-B|-d|-i|-q|-r] [-b file] [-p policy] [device]
  multipath [-v level] [-R retries] -f device
  multipath [-v level] [-R retries] -F
  multipath [-v level] [-l|-ll] [device]
  multipath [-v level] [-a|-w] device
  multipath [-v level] -W
  multipath [-v level] [-i] [-c|-C] device
  multipath [-v level] [-i] [-u|-U]
  multipath [-h|-t|-T]

Where:
  -h      print this usage text
  -l      show multipath topology (sysfs and DM info)
  -ll     show multipath topology (maximum info)
  -e      enable foreign libraries with -l/-ll
  -f      flush a multipath device map
  -F      flush all multipath device maps
  -a      add a device wwid to the wwids file
  -c      check if a device should be a path in a multipath device
  -C      check if a multipath device has usable paths
  -q      allow queue_if_no_path when multipathd is not running
  -d      dry run, do not create or update devmaps
  -t      display the currently used multipathd configuration
  -T      display the multipathd configuration without builtin defaults
  -r      force devmap reload
  -i      ignore wwids file
  -B      treat the bindings file as read only
  -b fil  bindings file location
  -w      remove a device from the wwids file
  -W      reset the wwids file include only the current devices
  -R num  number of times to retry removes of in-use devices
  -u      check if the device specified in the program environment should be a
          path in a multipath device
  -U      check if the device specified in the program environment is a
          multipath device with usable paths, see -C flag
  -p pol  force all maps to specified path grouping policy:
          . failover            one path per priority group
          . multibus            all paths in one priority group
          . group_by_serial     one priority group per serial
          . group_by_prio       one priority group per priority lvl
          . group_by_node_name  one priority group per target node
  -v lvl  verbosity level:
          . 0 no output
          . 1 print created devmap names only
          . 2 default verbosity
          . 3 print debug information
  device  action limited to:
          . multipath named 'device' (ex: mpath0)
          . multipath whose wwid is 'device' (ex: 60051...)
          . multipath including the path named 'device' (ex: /dev/sda or
            /dev/dm-0)
          . multipath including the path with maj:min 'device' (ex: 8:0)
"""
OPTIONS: list[tuple[str, str, bool]] = [
    ("v", "verbose", True), ("C", "clear", False), ("d", "device", True), ("f", "batch-file", True),
    ("h", "help", False), ("H", "hex", False), ("i", "in", False), ("o", "out", False), ("Y", "param-alltgpt", False),
    ("Z", "param-aptpl", False), ("K", "param-rk", True), ("S", "param-sark", True), ("P", "preempt", False),
    ("A", "preempt-abort", False), ("T", "prout-type", True), ("s", "read-full-status", False),
    ("k", "read-keys", False), ("r", "read-reservation", False), ("G", "register", False),
    ("I", "register-ignore", False), ("L", "release", False), ("c", "report-capabilities", False),
    ("R", "reserve", False), ("X", "transport-id", True), ("l", "alloc-length", True),
]  # fmt: skip
CAPABILITIES = (
    "Compatible Reservation Handling(CRH)",
    "Specify Initiator Ports Capable(SIP_C)",
    "All Target Ports Capable(ATP_C)",
    "Persist Through Power Loss Capable(PTPL_C)",
    "Type Mask Valid(TMV)",
    "Allow Commands",
)
MASK = (7, 6, 5, 3, 1, 8)
