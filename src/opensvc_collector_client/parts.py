"""What can be reported at any time, by name."""

from enum import Enum
from typing import Final


class Part(Enum):
    """What can be reported at any time."""

    STATUSES = "statuses"
    PACKAGES = "packages"
    PATCHES = "patches"
    SERVICES = "services"
    ASSET = "asset"
    CHECKS = "checks"


DAILY: Final = (Part.PACKAGES, Part.PATCHES, Part.SERVICES, Part.ASSET, Part.CHECKS)
"""Parts of the daily job, in the order of 2010."""
