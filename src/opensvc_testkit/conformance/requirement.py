"""How a check says that the contract is broken."""

from __future__ import annotations

import pytest


def require(is_met: object, message: str) -> None:
    """Fail the check with one message for the driver's author, without the suite's own lines."""
    if not is_met:
        pytest.fail(message, pytrace=False)
