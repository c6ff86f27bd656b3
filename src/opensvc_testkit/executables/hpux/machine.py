"""Simulated ``machinfo``, ``model`` and ``swlist`` of HP-UX.

``machinfo`` of 11.31 is after a capture in which some lines stand on one; the columns of ``swlist -a`` are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table
from opensvc_testkit.executables.hpux.options import on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

MACHINE = """CPU info:
  2 Intel(R) Itanium 2 9100 series processors (1.6 GHz, 12 MB)
          533 MT/s bus, CPU version A1
          4 logical processors (2 per socket)
          LCPU attribute is disabled

Memory: 24013 MB (23.45 GB)

Firmware info:
   Firmware revision:  9.22
   FP SWA driver revision: 1.18

Platform info:
   Model:                  "{model}"
   Machine ID number:      0241ddd3-2788-11dd-badd-fcbd1949d758
   Machine serial number:  {serial}

OS info:
   Nodename:  {node}
   Release:   HP-UX {release}
   Version:   U (unlimited-user license)
   Machine:   ia64
   ID Number: 0037871059
   vmunix _release_version:
@(#) $Revision: vmunix:    {release}_LR FLAVOR=perf
"""
PRODUCTS = """# Initializing...
# Contacting target "{node}"...
#
# Target:  {node}:/
#

  LVM                   B.11.31        HP-UX_B.11.31_IA/PA
  OpenSSL               A.00.09.08l    HP-UX_B.11.31_IA
  PHCO_38955            1.0            HP-UX_B.11.31_IA/PA
  PHKL_35709            1.0            HP-UX_B.11.31_IA/PA
"""
LIST = ["-l", "product", "-a", "revision", "-a", "architecture"]


def run(call: Call) -> Answer:
    """Answer one call of the three."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    with call.store.opened() as world:
        state = lun_table.state_of(call.here(world))
    facts = {"node": call.node, **{key: state[key] for key in ("model", "serial", "release")}}
    if call.name == "swlist" and call.words == LIST:
        return Answer(0, PRODUCTS.format(**facts))
    if call.words or call.name == "swlist":
        raise NotSimulatedError(" ".join((call.name, *call.words)))
    return Answer(0, f"{facts['model']}\n" if call.name == "model" else MACHINE.format(**facts))
