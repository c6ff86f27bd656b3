"""The lab: hypervisors made of namespaces, with a real libvirtd, real QEMU guests and a real network between them."""
