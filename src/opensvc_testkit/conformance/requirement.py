"""How a check says that the contract is broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def require(is_met: object, message: str) -> None:
    """Fail the check with one message for the driver's author, without the suite's own lines."""
    if not is_met:
        pytest.fail(message, pytrace=False)


def attempt(call: Callable[[], object]) -> tuple[Exception | None, object]:
    """What a call raises, or what it gives."""
    try:
        return None, call()
    except Exception as error:  # noqa: BLE001 - what a driver raises is what is looked at
        return error, None
