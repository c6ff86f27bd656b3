"""Simulated executables of Solaris: zones, logical domains, ZFS pools, addresses.

Written after the facts of the vendor's manuals and public sources; none of it was compared with a real Solaris.
What is known from memory only is marked [R] where it stands.
"""
