"""The text that a new service file begins with."""

from __future__ import annotations

from opensvc_core.node import Node


def service_template(node: Node) -> str:
    """A service file for ``node`` that is right as it stands, with what comes next in comments."""
    return f"""\
; What each keyword means: docs/reference/configuration.md. `osvc config validate` checks this file.

[default]
; PRD, DEV, TMP or TST.
service_type = DEV
; The nodes able to run the service in a normal situation, and where it starts when they boot.
nodes = {node.name}
autostart_node = {node.name}
;drpnodes = node201 node202
;app = ERP
;comment = what it is for, and whom to call

; A guest: kvm, xen, hpvm, zone, lxc, ldom or jail. Without a mode the service runs on the node itself.
;mode = kvm
; Name of the guest as the hypervisor knows it, where that is not the name of the service.
;vm_name = vm188

; An address of the guest: it must not answer before the start, and must answer after it.
;[ip#1]
;ipname = vm188
;ipdev = eth0

; The disks that the hypervisor hands to the guest. Reserve them if they are shared among the nodes, dedicated to this
; service and able to do SCSI-3 persistent reservations.
;[vmdg]
;scsireserv = false
"""
