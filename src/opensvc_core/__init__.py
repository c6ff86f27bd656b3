"""The engine of OpenSVC. Drivers and library users import `opensvc_core.api`, and nothing else of this package.

This module holds the one version of the whole workspace: every distribution reads it when it is built.
"""

__version__ = "0.1.0"
