"""``leg_mpath_enable``: as long as it is true, what is sent to one path of a disk may go through another one."""

from __future__ import annotations

from opensvc_core.api import CommandError, Context, ReservationError
from opensvc_scsi_scu.parse import parse_leg_mpath

LIMIT = 10.0
"""Seconds for ``scsimgr``."""
_HINT = "scsimgr save_attr -a leg_mpath_enable=false"


def keep_legs_apart(context: Context) -> None:
    """Make each path a path of its own, as a registration belongs to one: switch ``leg_mpath_enable`` off, verified.

    It is an attribute of the node's whole mass storage. A dry run records the change.

    Raises:
        ReservationError: it cannot be told, or stays on: then no path would be known to be registered.
    """
    if not _is_enabled(context):
        return
    try:
        result = context.run("scsimgr", "save_attr", "-a", "leg_mpath_enable=false", timeout=LIMIT)
    except CommandError as error:
        raise ReservationError(f"leg_mpath_enable stays on: {error.message}", code="failed", hint=_HINT) from error
    context.note(
        "leg_mpath_enable was on and is switched off: each path of a disk is registered by itself", "leg_mpath"
    )
    if result.is_made and _is_enabled(context):
        raise ReservationError("leg_mpath_enable is still on after it was switched off", code="failed", hint=_HINT)


def _is_enabled(context: Context) -> bool:
    try:
        return parse_leg_mpath(
            context.query("scsimgr", "get_attr", "-p", "-a", "leg_mpath_enable", timeout=LIMIT).stdout
        )
    except ValueError as error:
        reason = str(error)
    except CommandError as error:
        reason = error.message
    raise ReservationError(f"cannot tell leg_mpath_enable: {reason}", code="failed", hint=_HINT)
