"""HP Integrity VM guests as container resources of OpenSVC, through the ``hpvm*`` commands."""

from opensvc_drivers_hpvm.driver import HpvmContainer

__all__ = ["HpvmContainer"]
