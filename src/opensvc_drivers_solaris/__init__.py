"""Solaris zones and logical domains, ZFS pools and addresses of zones as OpenSVC resources."""
