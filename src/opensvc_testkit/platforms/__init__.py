"""Simulated platforms but libvirt, a module each: facets of one ``SimulatedCluster``."""
