"""Xen guests as OpenSVC container resources, through xl or xm."""
