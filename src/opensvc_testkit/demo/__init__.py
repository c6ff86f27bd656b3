"""`osvc demo`: the service of the cookbook, played on a simulated hypervisor or on a real libvirt."""
