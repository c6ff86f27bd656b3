"""The driver conformance suite: the contract of a driver as tests, one check each.

An author subclasses ``DriverContract``, names the driver and makes a ``Platform``: ``docs/reference/conformance.md``.
"""

from opensvc_testkit.conformance.contract import DriverContract
from opensvc_testkit.conformance.platform import Platform, ScriptedPlatform

__all__ = ["DriverContract", "Platform", "ScriptedPlatform"]
