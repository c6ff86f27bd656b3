"""What a simulated executable runs: standard library only, and as little of it as can be (about 10 ms a call).

These modules are started by ``python -ISE``, without site-packages: no attrs, no enum, no re, no json where it can
be helped. ``opensvc_testkit.simulated`` is the door for tests and for the demo.
"""
