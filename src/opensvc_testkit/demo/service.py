"""The service of the demo, as the cookbook of 2010 has it, and where its guest answers."""

SERVICE = "vm188"
PLATFORMS = ("hpvm", "kvm", "lxc", "xen", "zone")
"""Kinds of simulated guests that the demo plays with; each is a module of `sceneries`."""
USUAL = "hpvm"
"""That of the cookbook."""

ADDRESS = "192.0.2.188"
"""Of the guest; a network that is reserved for documentation."""
MAC = "52:54:00:00:01:88"

ADAPTER = "lan0"
"""Of the guest, that bears the address."""
NODES = ("node109", "node110", "node111", "node112")

PRINTED = """\
[default]
vm_name = vm188
app = ERP
comment = recette gen db #2
mode = hpvm
service_type = DEV
nodes = node109 node110 node111 node112
autostart_node = node109
;drpnode = vm5
;scsireserv = false

[ip#1]
ipname = vm188
ipdev = lan0

[vmdg]
scsireserv = false
"""
"""The cookbook's file as printed."""


def cookbook(mode: str) -> str:
    """The cookbook's file, for guests of another kind."""
    return PRINTED.replace("mode = hpvm", f"mode = {mode}")


WITHOUT_NETWORK = """\
[default]
vm_name = vm188
app = ERP
comment = recette gen db #2
nodes = node109 node110 node111 node112
autostart_node = node109

[container#0]
type = kvm
; The guest is one sector of machine code: it has no network and no ssh.
shell = false
start_timeout = 6s
stop_timeout = 20s

[vmdg]
scsireserv = false
"""
"""The same for a guest that is real and does nothing but run."""

HOSTS = f"{ADDRESS} {SERVICE}\n"
"""``etc/hosts`` below the root: names that need no name service."""
